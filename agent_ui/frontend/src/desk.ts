// The agent's desk.

import { connectLive } from "./live";

connectLive({ screen: "desk" });
