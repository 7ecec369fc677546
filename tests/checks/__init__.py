"""Checks of the house that are not tests: run by `make check`."""
