// Answer pressed before the bell: kept for the call it was meant for, and no longer than it makes sense.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Early, patience } from "../src/phone/early";
import type { Shown } from "../src/phone/match";
import { NO_PHONE, type Call, type Phone } from "../src/phone/model";

const CALL: Call = {
  id: "sip",
  direction: "in",
  stage: "ringing",
  party: "1",
  name: "",
  held: false,
  muted: false,
  weak: false,
  about: null,
};
const RINGING: Phone = { ...NO_PHONE, calls: [CALL] };
const SHOWN: Shown[] = [{ id: "a", part: "offered", direction: "in" }];

test("what was wished before the bell is asked for when it rings, once", () => {
  const early = new Early();
  assert.equal(early.take(RINGING, SHOWN, 0), null);
  early.want("answer", "a", 0, 3000);
  assert.equal(early.take(NO_PHONE, SHOWN, 100), null);
  assert.deepEqual(early.take(RINGING, SHOWN, 200), { do: "answer", call: "sip" });
  assert.equal(early.take(RINGING, SHOWN, 200), null);
  assert.ok(!early.missed(5000));
});

test("another call than the one that was meant is not answered, nor one that comes too late", () => {
  const early = new Early();
  early.want("answer", "a", 0, 3000);
  assert.equal(early.take(RINGING, [{ ...SHOWN[0]!, id: "b" }], 100), null);
  assert.equal(early.take(RINGING, SHOWN, 200), null, "forgotten by then");
  early.want("answer", "a", 0, 3000);
  assert.equal(early.take(RINGING, [{ ...SHOWN[0]!, part: "talking" }], 100), null);
  early.want("answer", "a", 0, 3000);
  assert.equal(early.take(RINGING, SHOWN, 3000), null);
});

test("nothing came of it when its time is over", () => {
  const early = new Early();
  early.want("decline", "a", 0, 3000);
  assert.ok(!early.missed(2999));
  assert.ok(early.missed(3000));
  assert.ok(!early.missed(3001), "said once");
});

test("a phone that is coming gets longer, one that will not come nothing", () => {
  for (const line of ["starting", "lost", "off"] as const) assert.ok(patience(line)! > patience("ready")!);
  for (const line of ["elsewhere", "none", "fault", "stale", "insecure"] as const) assert.equal(patience(line), null);
});
