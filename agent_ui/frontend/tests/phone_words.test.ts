import assert from "node:assert/strict";
import { test } from "node:test";

import { ofPhone, shownIn, type Shown } from "../src/phone/match";
import { loudness } from "../src/phone/microphone";
import { isOutside, type Call } from "../src/phone/model";
import { Pending } from "../src/phone/pending";
import { ofAnswer, ofMicrophone } from "../src/phone/reasons";

function named(name: string): Error {
  return Object.assign(new Error(name), { name });
}

test("what a browser says of the microphone becomes our words", () => {
  assert.deepEqual(
    ["NotAllowedError", "NotFoundError", "OverconstrainedError", "NotReadableError", "TypeError"].map((name) =>
      ofMicrophone(named(name)),
    ),
    ["microphone-denied", "microphone-none", "microphone-none", "microphone-taken", "microphone-failed"],
  );
});

test("what SIP answers becomes our words; who gave up himself is told nothing", () => {
  const said = (status: number): string | null => ofAnswer(status, "Rejected");
  assert.deepEqual([403, 404, 408, 480, 486, 503, 603].map(said), [
    "not-allowed",
    "not-reached",
    "no-answer",
    "no-answer",
    "busy",
    "not-reached",
    "declined",
  ]);
  assert.equal(ofAnswer(487, "Canceled"), null);
  assert.equal(ofAnswer(undefined, "Canceled"), null);
  assert.equal(ofAnswer(undefined, "Connection Error"), "no-line");
  assert.equal(ofAnswer(undefined, "RTP Timeout"), "voice");
  assert.equal(ofAnswer(500, "SIP Failure Code"), "unexpected");
});

test("of a number outside it is said what only carriers say", () => {
  const said = (status: number): string | null => ofAnswer(status, "Rejected", true);
  assert.deepEqual([403, 404, 410, 480, 484, 486, 503, 502, 603, 604].map(said), [
    "number-barred",
    "number-unknown",
    "number-unknown",
    "no-answer",
    "number-unknown",
    "busy",
    "carrier",
    "carrier",
    "declined",
    "number-unknown",
  ]);
  assert.equal(ofAnswer(487, "Canceled", true), null);
  assert.deepEqual(["+994125550142", "101", "*50"].map(isOutside), [true, false, false]);
});

function call(id: string, more: Partial<Call>): Call {
  const own = { direction: "in", stage: "talking", party: "1", name: "", held: false, muted: false, weak: false, about: null };
  return { ...(own as Omit<Call, "id">), id, ...more };
}

const OFFERED: Shown = { id: "a", part: "offered", direction: "in" };
const HELD: Shown = { id: "b", part: "held", direction: "in" };
const CONSULT: Shown = { id: "c", part: "talking", direction: "internal" };

test("a ringing call of the house is the one that rings here", () => {
  const calls = [call("1", {}), call("2", { stage: "ringing" })];
  assert.equal(ofPhone(OFFERED, [OFFERED, HELD], calls)?.id, "2");
  assert.equal(ofPhone(OFFERED, [OFFERED], [call("1", {})]), null);
});

test("what was answered here stays in the panel until the house has heard of it, and no other call does", () => {
  assert.deepEqual([...shownIn([OFFERED], [call("1", {})])], ["1"]);
  assert.deepEqual([...shownIn([OFFERED], [call("1", { direction: "out" })])], []);
  assert.deepEqual([...shownIn([OFFERED, HELD], [call("1", { held: true }), call("2", {})])].sort(), ["1", "2"]);
  assert.deepEqual([...shownIn([], [call("1", {})])], []);
});

test("the waiting customer and the asked colleague are told apart, before the hold is a fact too", () => {
  const calls = [call("customer", { held: true }), call("colleague", { direction: "out", about: "customer" })];
  for (const part of ["held", "talking"]) {
    const customer = { ...HELD, part };
    assert.equal(ofPhone(customer, [customer, CONSULT], calls)?.id, "customer");
    assert.equal(ofPhone(CONSULT, [customer, CONSULT], calls)?.id, "colleague");
  }
});

test("a colleague's call alone is the one there is", () => {
  assert.equal(ofPhone(CONSULT, [CONSULT], [call("1", { direction: "out", stage: "calling" })])?.id, "1");
  assert.equal(ofPhone(CONSULT, [CONSULT], []), null);
});

test("a wish waits until the fact, for a while, or until something failed", () => {
  const pending = new Pending();
  pending.press("hold a", "talking", 0);
  assert.ok(pending.waits("hold a", "talking", 7999));
  assert.ok(!pending.waits("hold b", "talking", 0));
  assert.ok(!pending.waits("hold a", "held", 100));
  assert.ok(!pending.waits("hold a", "talking", 100), "granted once, it is over");
  pending.press("end a", "talking", 0);
  assert.ok(!pending.waits("end a", "talking", 8000));
  pending.press("end a", "talking", 0);
  pending.clear();
  assert.ok(!pending.waits("end a", "talking", 1));
});

test("loudness is 0 for silence, 1 at full scale, and between them for a voice", () => {
  assert.equal(loudness(new Float32Array(64)), 0);
  assert.equal(loudness(new Float32Array(64).fill(1)), 1);
  const voice = loudness(new Float32Array(64).fill(0.1)); // -20 dB
  assert.ok(Math.abs(voice - 2 / 3) < 0.001);
  assert.equal(loudness(new Float32Array(0)), 0);
});
