// The journal: a call opens beside the list; with Ctrl or the middle button, as a page of its own.

import "./lists";
import "./player";

const drawer = document.querySelector<HTMLDialogElement>("dialog#drawer");

if (drawer !== null) {
  new MutationObserver(() => {
    if (drawer.childElementCount > 0 && !drawer.open) drawer.showModal();
  }).observe(drawer, { childList: true });
  // What was heard stops, and the next call begins at its top.
  drawer.addEventListener("close", () => drawer.replaceChildren());
  drawer.addEventListener("click", (event) => {
    if (event.target === drawer) drawer.close();
  });
}

document.addEventListener(
  "click",
  (event) => {
    const link = event.target instanceof Element ? event.target.closest("a.row-link") : null;
    if (link !== null && (event.ctrlKey || event.metaKey || event.shiftKey)) event.stopImmediatePropagation();
  },
  { capture: true },
);
