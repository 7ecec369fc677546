// The live socket of a screen: fragments go to their places, every frame is told as a DOM event.
//
//   connectLive({ screen: "desk" });
//   document.addEventListener("live:event", ({ detail }) => …)   // { id, event, data }

import { Feed, type Line } from "./feed";
import { put } from "./swap";

/** Connect this page until it is left. `data-live-since` of the body: the last event the page was made from.
 * *office*: only what belongs there. */
export function connectLive({ screen, office }: { screen: string; office?: string | undefined }): void {
  const { body } = document;
  const line = document.getElementById("live-lost");
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const query = new URLSearchParams({ as: "html", screen, ...(office === undefined ? {} : { office }) });
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
        body.dataset["live"] = state;
        if (line !== null) line.hidden = state === "up" || !said;
      },
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
