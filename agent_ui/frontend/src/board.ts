// The supervisor's board.

import { connectLive } from "./live";

connectLive({ screen: "board" });
