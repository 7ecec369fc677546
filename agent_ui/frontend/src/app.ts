// What every page does.

import "htmx.org/dist/htmx.esm.js";

import { startTimers } from "./timers";

startTimers(document);
