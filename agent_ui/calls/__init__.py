"""The journal: every call one line, and the page of one call."""
