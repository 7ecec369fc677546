// Pages without live regions: what they show is read again when it is another now.

import { connectLive } from "./live";
import { startTouches } from "./touches";

startTouches(document);
connectLive({ screen: "lists" });

// What a list is narrowed to as one types stands in the address: it is there again after a reload, and for who
// looked at a card and comes back.
for (const form of document.querySelectorAll<HTMLFormElement>("form[data-in-address]")) {
  form.addEventListener("input", () => {
    const given = [...new FormData(form)].map(([name, value]) => [name, String(value)]).filter(([, value]) => value !== "");
    const query = new URLSearchParams(given).toString();
    history.replaceState(null, "", query === "" ? form.action : `${form.action}?${query}`);
  });
}
