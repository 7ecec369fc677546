// `data-touch="missed card-…"`: the element hears a `touch` event when one of these is another now, and reads itself
// again (hx-trigger="touch"). What a whole queue hears of is read at different moments.

const SHARED = "-shared";
const SPREAD_MS = 6000;

/** Listen on *page* until it is left. */
export function startTouches(page: Document): void {
  const due = new Map<string, number>();
  let drawn = false;
  page.addEventListener("live:event", ({ detail }) => {
    if (detail.event === "snapshot") {
      // What was missed is not known: everything is read again. The first one is what the page was made from.
      if (drawn || detail.id !== page.body.dataset["liveSince"]) page.querySelectorAll("[data-touch]").forEach(touch);
      drawn = true;
      return;
    }
    drawn = true;
    for (const name of Object.keys((detail.data["touch"] as Record<string, number> | undefined) ?? {})) {
      if (!name.endsWith(SHARED)) touchAll(page, name);
      else if (!due.has(name)) {
        const later = (): void => {
          due.delete(name);
          touchAll(page, name);
        };
        due.set(name, window.setTimeout(later, Math.random() * SPREAD_MS));
      }
    }
  });
}

function touchAll(page: Document, name: string): void {
  page.querySelectorAll(`[data-touch~="${CSS.escape(name)}"]`).forEach(touch);
}

function touch(element: Element): void {
  element.dispatchEvent(new CustomEvent("touch"));
}
