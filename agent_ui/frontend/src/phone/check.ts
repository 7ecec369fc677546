// The check of the microphone: choose it, see how loud it is, hear the bell, allow notices.

import * as microphone from "./microphone";
import type { Failure } from "./model";
import { ofMicrophone } from "./reasons";

/** What the check is told and tells. */
export interface Around {
  /** The microphone of the call that goes on, if there is one. */
  speaking(): MediaStream | null;
  ring(): void;
  looked(): void;
  fail(failure: Failure): void;
}

/** Look after the dialog `#phone-check` of *page*. */
export function startCheck(page: Document, around: Around): void {
  const dialog = page.getElementById("phone-check");
  const list = page.getElementById("field-phone-microphone");
  const bar = page.getElementById("phone-level");
  if (!(dialog instanceof HTMLDialogElement) || !(list instanceof HTMLSelectElement)) return;
  let stream: MediaStream | null = null;
  let unmeter: (() => void) | null = null;
  let turn = 0;

  const stop = (): void => {
    turn += 1;
    unmeter?.();
    unmeter = null;
    if (stream !== null) microphone.close(stream);
    stream = null;
    if (bar instanceof HTMLMeterElement) bar.value = 0;
  };
  const listen = async (): Promise<void> => {
    stop();
    const mine = turn;
    try {
      const speaking = around.speaking();
      const opened = speaking ?? (await microphone.open());
      if (mine !== turn) return speaking === null ? microphone.close(opened) : undefined;
      stream = speaking === null ? opened : null; // that of a call is the call's to close
      unmeter = microphone.meter(opened, (level) => {
        if (bar instanceof HTMLMeterElement) bar.value = level;
      });
      await fill(list);
    } catch (error) {
      around.fail(navigator.mediaDevices === undefined ? "insecure" : ofMicrophone(error));
    }
    around.looked();
  };

  list.addEventListener("change", () => {
    microphone.choose(list.value);
    void listen();
  });
  dialog.addEventListener("close", stop);
  page.addEventListener("click", ({ target }) => {
    const what = target instanceof Element ? target.closest<HTMLElement>("[data-phone-check]")?.dataset["phoneCheck"] : null;
    if (what === "microphone") void listen();
    if (what === "bell") around.ring();
    if (what === "notices") void Notification.requestPermission().then(() => showNotices(page));
  });
  showNotices(page);
}

/** The names of the devices, which the browser tells once it may. */
async function fill(list: HTMLSelectElement): Promise<void> {
  const own = list.options[0];
  const found = await microphone.devices();
  list.replaceChildren(
    ...(own === undefined ? [] : [own]),
    ...found.filter(({ deviceId }) => deviceId !== "default").map(({ label, deviceId }) => new Option(label, deviceId)),
  );
  list.value = microphone.chosen();
  if (list.selectedIndex < 0) list.selectedIndex = 0;
}

/** Say how it stands with notices: they can be asked for, are shown, or were forbidden. */
function showNotices(page: Document): void {
  const state = "Notification" in window ? Notification.permission : "denied";
  for (const words of page.querySelectorAll<HTMLElement>("[data-phone-notices]")) {
    words.hidden = words.dataset["phoneNotices"] !== state;
  }
}
