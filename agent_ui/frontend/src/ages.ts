// How old a figure is while the line to the house is lost: `[data-age]` counts from when it was heard last.

import type { Frame } from "./feed";
import { HouseClock } from "./timers";

/** Look after the ages of *page*: the body's `data-live` says whether the line is up. */
export function startAges(page: Document): void {
  const clock = new HouseClock(Date.now);
  clock.set(page.body.dataset["now"]);
  let heard = clock.now();
  page.addEventListener("live:event", ({ detail }: CustomEvent<Frame>) => {
    clock.set((detail.data as { at?: string }).at);
    heard = clock.now();
  });
  new MutationObserver(() => {
    const lost = page.body.dataset["live"] === "lost";
    for (const age of page.querySelectorAll<HTMLElement>("[data-age]")) {
      if (lost) age.dataset["since"] = new Date(heard).toISOString();
      else delete age.dataset["since"];
    }
  }).observe(page.body, { attributes: true, attributeFilter: ["data-live"] });
}
