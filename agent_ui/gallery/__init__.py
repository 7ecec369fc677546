"""The gallery: every component in every state, for tests and for eyes. Admins only."""
