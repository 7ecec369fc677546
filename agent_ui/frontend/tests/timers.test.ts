import assert from "node:assert/strict";
import { test } from "node:test";

import { clockIn, HouseClock, passed, written } from "../src/timers";

test("lengths are written as the server writes them", () => {
  const lengths: [number, string][] = [
    [-5, "0:00"],
    [0, "0:00"],
    [9.99, "0:09"],
    [61, "1:01"],
    [3599, "59:59"],
    [3600, "1:00:00"],
    [36_061, "10:01:01"],
  ];
  for (const [seconds, text] of lengths) assert.equal(written(seconds), text);
});

test("the house's clock counts, not the machine's", () => {
  let own = 1_000_000;
  const clock = new HouseClock(() => own);
  assert.equal(clock.now(), own);
  clock.set("2026-11-22T10:00:00.000Z");
  own += 1500;
  assert.equal(clock.now(), Date.parse("2026-11-22T10:00:01.500Z"));
  clock.set("nonsense");
  clock.set(undefined);
  assert.equal(clock.now(), Date.parse("2026-11-22T10:00:01.500Z"));
});

test("a bar stays between its ends", () => {
  assert.deepEqual([-10, 0, 5, 10, 99].map((now) => passed(0, 10, now)), [0, 0, 0.5, 1, 1]);
  assert.equal(passed(10, 10, 0), 1);
});

test("the time of day elsewhere is that of the place", () => {
  const noon = Date.parse("2026-03-02T12:00:00Z");
  assert.equal(clockIn("Asia/Vladivostok", noon), "22:00");
  assert.equal(clockIn("Asia/Baku", noon), "16:00");
  assert.equal(clockIn("Nowhere/Land", noon), null);
});
