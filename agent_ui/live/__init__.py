"""The live feed: `GET /live`, one socket per reader, a snapshot and numbered events."""
