// The agent's desk.

import { connectLive } from "./live";
import { startNotes } from "./notes";
import { startTouches } from "./touches";
import { startWishes } from "./wishes";
import { startWork } from "./work";

startNotes(document);
startWork(document);
startTouches(document);
startWishes(document);
connectLive({ screen: "desk" });
