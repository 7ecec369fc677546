import assert from "node:assert/strict";
import { test } from "node:test";

import { keyName, worksWhileTyping, type Press } from "../src/keys";

const NONE: Press = { key: "", code: "", ctrlKey: false, metaKey: false, altKey: false, shiftKey: false };
const name = (press: Partial<Press>): string | null => keyName({ ...NONE, ...press });

test("a letter is the place on the keyboard, whatever the layout writes", () => {
  assert.equal(name({ key: "x", code: "KeyX" }), "X");
  assert.equal(name({ key: "ч", code: "KeyX" }), "X");
  assert.equal(name({ key: "X", code: "KeyX", shiftKey: true }), null);
});

test("other single keys", () => {
  assert.equal(name({ key: " ", code: "Space" }), "Space");
  assert.equal(name({ key: "#", code: "Digit3", shiftKey: true }), "#");
  assert.equal(name({ key: "№", code: "Digit3", shiftKey: true }), "#");
  assert.equal(name({ key: "?", code: "Digit7", shiftKey: true }), "?");
  assert.equal(name({ key: ",", code: "Slash", shiftKey: true }), "?");
  assert.equal(name({ key: "F2", code: "F2" }), "F2");
  assert.equal(name({ key: "7", code: "Digit7" }), "7");
  assert.equal(name({ key: "Tab", code: "Tab" }), null);
  assert.equal(name({ key: "F13", code: "F13" }), null);
});

test("combinations", () => {
  assert.equal(name({ key: "л", code: "KeyK", ctrlKey: true }), "Ctrl+K");
  assert.equal(name({ key: "k", code: "KeyK", metaKey: true }), "Ctrl+K");
  assert.equal(name({ key: "Enter", code: "Enter", ctrlKey: true }), "Ctrl+Enter");
  assert.equal(name({ key: "K", code: "KeyK", ctrlKey: true, shiftKey: true }), null);
  assert.equal(name({ key: "x", code: "KeyX", altKey: true }), null);
});

test("single keys type where somebody types; the others work everywhere", () => {
  for (const key of ["F2", "F4", "Escape", "Ctrl+K", "Ctrl+Enter"]) assert.ok(worksWhileTyping(key), key);
  for (const key of ["Space", "X", "#", "?", "7"]) assert.ok(!worksWhileTyping(key), key);
});
