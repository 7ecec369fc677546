"""Tests in a real browser: pages as people see them, on the whole product with real calls."""
