"""What is happening now: a projection of the bus, shown as a snapshot and numbered events."""
