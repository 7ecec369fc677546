import assert from "node:assert/strict";
import { test } from "node:test";

import { commandOf } from "../src/phone/buttons";
import type { Call } from "../src/phone/model";

const CALL: Call = { id: "a", direction: "in", stage: "talking", party: "1", name: "", held: false, muted: false, weak: false, about: null };

function asked(act: string, call: Call | null): unknown {
  return commandOf({ act, call, shown: null, key: "", fact: "" });
}

test("hold and mute say how it is to be, so that an older picture of the call undoes nothing", () => {
  assert.deepEqual(asked("mute", CALL), { do: "mute", call: "a", on: true });
  assert.deepEqual(asked("mute", { ...CALL, muted: true }), { do: "mute", call: "a", on: false });
  assert.deepEqual(asked("hold", CALL), { do: "hold", call: "a", on: true });
  assert.deepEqual(asked("hold", { ...CALL, held: true }), { do: "hold", call: "a", on: false });
});

test("what needs an answer first, and what has no call, is no command", () => {
  assert.deepEqual(asked("end", CALL), { do: "end", call: "a" });
  assert.equal(asked("transfer", CALL), null);
  assert.equal(asked("end", null), null);
});
