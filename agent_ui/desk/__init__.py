"""The agent's desk: the call and what belongs to it, on one page."""
