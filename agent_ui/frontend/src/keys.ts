// Which key was pressed, in the words of `data-key`: `Space`, `X`, `#`, `F2`, `Ctrl+K`, `Escape`, `?`.

export interface Press {
  key: string;
  code: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

/** The name of a press, or null for one that is no single key of ours. Letters are those of the place on
 * the keyboard: on a Russian layout X types ч, and declines all the same. */
export function keyName(press: Press): string | null {
  if (press.altKey) return null;
  const letter = /^Key([A-Z])$/.exec(press.code)?.[1];
  if (press.ctrlKey || press.metaKey) {
    const name = letter ?? (press.key === "Enter" ? "Enter" : null);
    return name === null || press.shiftKey ? null : `Ctrl+${name}`;
  }
  if (press.key === "?" || (press.code === "Slash" && press.shiftKey)) return "?";
  if (press.key === "#" || (press.code === "Digit3" && press.shiftKey)) return "#";
  if (press.shiftKey) return null;
  if (press.code === "Space") return "Space";
  if (letter !== undefined) return letter;
  return /^(F[1-9]|F1[0-2]|Escape|[0-9*])$/.test(press.key) ? press.key : null;
}

/** Whether a key works while somebody types: single keys type, these do not. */
export function worksWhileTyping(name: string): boolean {
  return /^(F\d+|Escape|Ctrl\+\w+)$/.test(name);
}
