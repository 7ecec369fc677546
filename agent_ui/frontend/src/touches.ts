// `data-touch="missed card-…"`: the element hears a `touch` event when one of these is another now, and reads itself
// again (hx-trigger="touch"). `data-unread`: what is to be read at first, too. What a whole queue hears of is read at different moments; what could not be read, later.

const SHARED = "-shared";
const SPREAD_MS = 6000;
const AGAIN_MS = 3000;
const KEPT_MS = 60_000; // longer than it takes to read anything

/** When each name was told last: what is put into the page later may have been read before. */
const heard = new Map<string, number>();

/** What htmx tells of a request; no status: nobody answered. */
interface Told {
  ctx?: { sourceEvent?: Event; response?: { status: number } };
}

/** Whether *event* of htmx is about a request that no person made. */
export function readsByItself(event: Event): boolean {
  return told(event).ctx?.sourceEvent?.type === "touch";
}

function told(event: Event): Told {
  return (event as CustomEvent<Told>).detail;
}

/** Listen on *page* until it is left. */
export function startTouches(page: Document): void {
  const due = new Map<string, number>();
  let drawn = false;
  for (const failed of ["htmx:response:error", "htmx:error"]) {
    page.addEventListener(failed, (event) => {
      const { target } = event;
      if (!readsByItself(event) || !(target instanceof Element) || (told(event).ctx?.response?.status ?? 500) < 500) return;
      window.setTimeout(() => touch(target), AGAIN_MS * (1 + Math.random()));
    });
  }
  page.addEventListener("live:event", ({ detail }) => {
    // What the page came without is read once the house speaks.
    if (!drawn) page.querySelectorAll("[data-unread]").forEach(touch);
    if (detail.event === "snapshot") {
      // What was missed is not known: everything is read again. The first one is what the page was made from.
      if (drawn || detail.id !== page.body.dataset["liveSince"]) page.querySelectorAll("[data-touch]:not([data-unread])").forEach(touch);
      drawn = true;
      return;
    }
    drawn = true;
    for (const name of (detail.data["touch"] as string[] | undefined) ?? []) {
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

/** Whether one of *names* was told after *since* (`performance.now()`). */
export function toldSince(names: string, since: number): boolean {
  return names.split(" ").some((name) => (heard.get(name) ?? -1) >= since);
}

/** What stands in *place* was read from *since* on: what was told to be another meanwhile is read again. */
export function catchUp(place: Element, since: number): void {
  place.querySelectorAll<HTMLElement>("[data-touch]").forEach((element) => {
    if (toldSince(element.dataset["touch"] ?? "", since)) touch(element);
  });
}

function hear(name: string): void {
  const now = performance.now();
  for (const [known, at] of heard) if (now - at > KEPT_MS) heard.delete(known);
  heard.set(name, now);
}

function touchAll(page: Document, name: string): void {
  hear(name);
  page.querySelectorAll(`[data-touch~="${CSS.escape(name)}"]`).forEach(touch);
}

function touch(element: Element): void {
  element.dispatchEvent(new CustomEvent("touch"));
}
