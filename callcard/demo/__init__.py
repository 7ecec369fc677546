"""The demo: a sample office whose PBX calls itself, so that real calls arrive without a carrier or a phone."""
