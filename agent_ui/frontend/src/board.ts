// The supervisor's board.
