// What every page does.

import htmx from "htmx.org/dist/htmx.esm.js";

import { startDialling } from "./dial";
import { startDialogs } from "./dialogs";
import { startFinder } from "./finder";
import { startHotkeys } from "./hotkeys";
import { startKeeping } from "./keeping";
import { startTimers } from "./timers";
import { showToast, startToasts } from "./toasts";
import { readsByItself } from "./touches";

// A menu that somebody opened stays open when its surroundings are drawn anew.
htmx.config.morphIgnore.push("open");
// What is put into a page works at once: a form whose keys are pressed before it does would leave the page.
htmx.config.defaultSettleDelay = 0;

// An answer that says no names the place of its words (HX-Retarget); any other one must not replace a panel.
htmx.on("htmx:before:swap", (event) => {
  const { response, hx } = event.detail.ctx as { response?: { status: number }; hx?: { retarget?: string } };
  if (response === undefined || response.status < 400) return;
  if (readsByItself(event)) return event.preventDefault();
  if (hx?.retarget !== undefined) return;
  event.preventDefault();
  showToast(document, "toast-failed");
});
// What the page reads by itself it reads again (touches.ts); nobody did anything whose end is not known.
htmx.on("htmx:error", (event) => readsByItself(event) || showToast(document, "toast-unreachable"));

// htmx would look at the page a moment later: what keys do from here on would be lost on it.
htmx.process(document.body);
startTimers(document);
startHotkeys(document);
startToasts(document);
startDialogs(document);
startDialling(document);
startFinder(document);
startKeeping(document);
