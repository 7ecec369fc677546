// Pages without live regions: what they show is read again when it is another now.

import { connectLive } from "./live";
import { startTouches } from "./touches";

startTouches(document);
connectLive({ screen: "lists" });
