// The agent's desk.
