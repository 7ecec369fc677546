// The supervisor's board.

import { startAges } from "./ages";
import { startLateness } from "./lateness";
import { connectLive } from "./live";
import { startTouches } from "./touches";

startLateness(document);
startAges(document);
startTouches(document);
connectLive({ screen: "board", office: document.body.dataset["office"] });

document.addEventListener("click", (event) => {
  const pressed = event.target instanceof Element ? event.target.closest<HTMLElement>("button") : null;
  if (pressed === null) return;
  if (pressed.dataset["fullscreen"] !== undefined) void fullScreen();
  if (pressed.dataset["stateOf"] !== undefined) askState(pressed.dataset["stateOf"], pressed.dataset["name"] ?? "");
});
document.addEventListener("submit", (event) => {
  // What failed is said in a toast; the row changes when the fact arrives.
  if (event.target instanceof HTMLFormElement) event.target.closest<HTMLDialogElement>("dialog#agent-state")?.close();
});

async function fullScreen(): Promise<void> {
  if (document.fullscreenElement !== null) await document.exitFullscreen();
  else await document.documentElement.requestFullscreen();
}

/** Ask which state the agent *name*, called *title*, is to have. */
function askState(name: string, title: string): void {
  const dialog = document.querySelector<HTMLDialogElement>("dialog#agent-state");
  const field = dialog?.querySelector<HTMLInputElement>("input[name=agent]");
  const place = dialog?.querySelector("[data-name-here]");
  if (dialog == null || field == null || place == null) return;
  field.value = name;
  place.textContent = title;
  dialog.showModal();
}
