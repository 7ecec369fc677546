// Runs before the page is painted: `data-theme` is the person's wish, `data-bs-theme` what is shown.

import { shown } from "./themes";

const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");

function apply(): void {
  root.dataset["bsTheme"] = shown(root.dataset["theme"], dark.matches);
}

apply();
dark.addEventListener("change", apply);
