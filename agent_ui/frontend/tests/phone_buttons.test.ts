import assert from "node:assert/strict";
import { test } from "node:test";

import { commandOf, pressOf, wish } from "../src/phone/buttons";
import type { Call, Phone } from "../src/phone/model";
import { Pending } from "../src/phone/pending";

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

test("a call that is offered again is declined again", () => {
  const dataset: Record<string, string> = { call: "c", part: "offered", direction: "in", offer: "first" };
  const section = { dataset };
  const button = {
    dataset: { phone: "decline" },
    closest: (selector: string) => (selector === "[data-call]" ? section : null),
    ownerDocument: { querySelectorAll: () => [section] },
  } as unknown as HTMLElement;
  const phone = { calls: [{ ...CALL, stage: "ringing" }] } as unknown as Phone;
  const pending = new Pending();
  const pressed = (): boolean => wish(pressOf(button, phone), pending, 0);
  assert.deepEqual([pressed(), pressed()], [true, false]);
  dataset["offer"] = "second";
  assert.equal(pressed(), true);
});
