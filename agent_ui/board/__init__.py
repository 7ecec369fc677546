"""The supervisor's board: queues, agents and calls as they are now."""
