"""The demo: a sample office whose PBX calls itself, so that real calls arrive without carrier or phone."""
