"""What only the demo shows: a tile on the desk that makes a caller ring the person before it."""
