// The live socket of a screen: fragments go to their places, every frame is told as a DOM event.
//
//   connectLive({ screen: "desk" });
//   document.addEventListener("live:event", ({ detail }) => …)   // { id, event, data }

import { Feed, type Line } from "./feed";
import { put } from "./swap";

const NOBODY = 401;
const ASKED_MS = 8000;

/** Connect this page until it is left. `data-live-since` of the body: the last event the page was made from.
 * *office*: only what belongs there. */
export function connectLive({ screen, office }: { screen: string; office?: string | undefined }): void {
  const { body } = document;
  const [lost, out] = ["live-lost", "live-out"].map((id) => document.getElementById(id));
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  // Whom the page was made for: somebody else who signed in meanwhile has no part of it.
  const { person } = body.dataset;
  const query = new URLSearchParams({
    as: "html",
    screen,
    ...(office === undefined ? {} : { office }),
    ...(person === undefined ? {} : { person }),
  });
  const address = `${scheme}://${location.host}/live?${query}`;
  const feed = new Feed(
    {
      open,
      later: (act, ms) => window.setTimeout(act, ms),
      cancel: (timer) => window.clearTimeout(timer),
      random: Math.random,
      put: (id, html) => put(document, id, html),
      tell: (frame) => void document.dispatchEvent(new CustomEvent("live:event", { detail: frame })),
      show: (state, said) => {
        body.dataset["live"] = state === "up" ? "up" : "lost";
        if (lost != null) lost.hidden = state !== "lost" || !said;
        if (out != null) out.hidden = state !== "out";
      },
      signedOut: () => signedOut(`/live?${query}`),
      signIn: () => location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`),
    },
    address,
    body.dataset["liveSince"] ?? null,
  );
  feed.start();
  addEventListener("pagehide", () => feed.stop());
  // Back from the browser's cache, or the net is back: no reason to wait out the pause.
  addEventListener("pageshow", (event) => event.persisted && feed.start());
  addEventListener("online", () => feed.start());
  document.addEventListener("visibilitychange", () => document.hidden || feed.start());
}

/** Asked as no line, the feed says 401 to whom it would refuse one, and 426 to others. */
async function signedOut(address: string): Promise<boolean> {
  try {
    return (await fetch(address, { signal: AbortSignal.timeout(ASKED_MS) })).status === NOBODY;
  } catch {
    return false; // the house is away
  }
}

function open(address: string): Line {
  const socket = new WebSocket(address);
  const line: Line = {
    onmessage: null,
    onclose: null,
    send: (text) => socket.send(text),
    close: () => socket.close(),
  };
  socket.onmessage = ({ data }) => line.onmessage?.({ data });
  socket.onclose = ({ code }) => line.onclose?.({ code });
  return line;
}
