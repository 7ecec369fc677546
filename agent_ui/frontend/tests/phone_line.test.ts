import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Line, pause, type Account, type Around, type Pipe } from "../src/phone/line";

const ACCOUNT: Account = { endpoint: "agent-bella-web", uri: "sip:agent-bella-web@pbx.invalid", password: "p", ws: "/phone/ws?credential=1" };

class FakePipe implements Pipe {
  onopen: Pipe["onopen"] = null;
  onclose: Pipe["onclose"] = null;
  onmessage: Pipe["onmessage"] = null;
  closed = false;
  readonly sent: string[] = [];

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.closed = true;
  }
}

/** A house and a switch that answer as the test says, and time that passes when it says so. */
class Fake implements Around {
  accounts: (Account | number)[] = [];
  standings: number[] = [];
  readonly pipes: FakePipe[] = [];
  readonly log: string[] = [];
  timer: { act: () => void; ms: number } | null = null;

  async account(): Promise<Account | number> {
    await Promise.resolve();
    this.log.push("password");
    return this.accounts.shift() ?? ACCOUNT;
  }

  async standing(): Promise<number> {
    await Promise.resolve();
    this.log.push("why");
    return this.standings.shift() ?? 204;
  }

  open(): Pipe {
    this.pipes.push(new FakePipe());
    return this.pipe;
  }

  later(act: () => void, ms: number): number {
    this.timer = { act, ms };
    return 1;
  }

  cancel(): void {
    this.timer = null;
  }

  random(): number {
    return 1;
  }

  show(state: string): void {
    this.log.push(state);
  }

  signIn(): void {
    this.log.push("sign in");
  }

  up(): void {
    this.log.push("up");
  }

  down(code: number): void {
    this.log.push(`down ${code}`);
  }

  message(data: unknown): void {
    this.log.push(String(data));
  }

  get pipe(): FakePipe {
    return this.pipes.at(-1)!;
  }

  async settled(): Promise<void> {
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  }

  async wait(): Promise<number> {
    const timer = this.timer;
    assert.ok(timer, `nothing is waited for: ${this.log.join(", ")}`);
    this.timer = null;
    timer.act();
    await this.settled();
    return timer.ms;
  }
}

let fake: Fake;
let line: Line;

beforeEach(() => {
  fake = new Fake();
  line = new Line(fake);
});

async function up(): Promise<void> {
  line.start();
  await fake.settled();
  fake.pipe.onopen?.();
  line.registered();
  fake.log.length = 0;
}

test("waits one second, doubling to eight, with jitter below", () => {
  assert.deepEqual([0, 1, 4, 5, 6, 50].map((attempt) => pause(attempt, 1)), [1000, 2000, 2000, 4000, 4000, 4000]);
  assert.equal(pause(0, 0), 750);
});

test("asks for a password, connects, and is ready when the switch took the phone", async () => {
  line.start();
  await fake.settled();
  fake.pipe.onopen?.();
  assert.deepEqual(fake.log, ["starting", "password", "up"]);
  line.registered();
  assert.equal(fake.log.at(-1), "ready");
  assert.ok(line.send("REGISTER"));
  assert.deepEqual(fake.pipe.sent, ["REGISTER"]);
});

for (const code of [1001, 1006, 1012, 4408]) {
  test(`${code}: comes again with the same password`, async () => {
    await up();
    fake.pipe.onclose?.(code);
    assert.deepEqual(fake.log, [`down ${code}`, "lost"]);
    assert.equal(line.send("anything"), false);
    assert.equal(await fake.wait(), 1000);
    fake.pipe.onopen?.();
    assert.deepEqual(fake.log, [`down ${code}`, "lost", "up"]);
  });
}

test("4401: comes again with a new password", async () => {
  await up();
  fake.pipe.onclose?.(4401);
  await fake.wait();
  fake.pipe.onopen?.();
  assert.deepEqual(fake.log, ["down 4401", "lost", "password", "up"]);
});

test("4409: another window has the phone; only a person takes it back", async () => {
  await up();
  fake.pipe.onclose?.(4409);
  assert.deepEqual(fake.log, ["down 4409", "elsewhere"]);
  assert.equal(fake.timer, null);
  line.start();
  await fake.settled();
  fake.pipe.onopen?.();
  assert.deepEqual(fake.log.slice(2), ["starting", "password", "up"]);
});

for (const code of [1008, 1009]) {
  test(`${code}: a fault, and no further try`, async () => {
    await up();
    fake.pipe.onclose?.(code);
    assert.deepEqual(fake.log, [`down ${code}`, "fault"]);
    assert.equal(fake.timer, null);
  });
}

for (const [status, then] of [[401, ["lost", "sign in"]], [409, ["elsewhere"]]] as const) {
  test(`a socket that does not open is asked about: ${status}`, async () => {
    await up();
    fake.pipe.onclose?.(1012);
    await fake.wait();
    fake.standings = [status];
    fake.pipe.onclose?.(1006);
    await fake.settled();
    assert.deepEqual(fake.log, ["down 1012", "lost", "lost", "why", ...then]);
    assert.equal(fake.timer !== null, status === 401);
  });
}

test("a password that is over before the socket opens is asked for anew; waiting grows until the switch is back", async () => {
  await up();
  fake.pipe.onclose?.(1012);
  fake.standings = [204, 0, 404];
  const waits: number[] = [];
  for (let attempt = 0; attempt < 3; attempt += 1) {
    waits.push(await fake.wait());
    fake.pipe.onclose?.(1006);
    await fake.settled();
  }
  waits.push(await fake.wait());
  assert.deepEqual(waits, [1000, 2000, 2000, 2000]);
  assert.equal(fake.log.at(-1), "password");
  fake.pipe.onopen?.();
  line.registered();
  fake.pipe.onclose?.(1012);
  assert.equal(await fake.wait(), 1000);
});

test("who keeps the page of a session that ended is led to the door once, and has the phone again after it", async () => {
  await up();
  fake.accounts = [401, 401, ACCOUNT];
  fake.pipe.onclose?.(4401);
  await fake.wait();
  await fake.settled();
  await fake.wait();
  await fake.settled();
  await fake.wait();
  await fake.settled();
  assert.deepEqual(fake.log.filter((line) => line === "sign in"), ["sign in"]);
  fake.pipe.onopen?.();
  assert.equal(fake.log.at(-1), "up");
});

for (const [status, then] of [[404, "none"], [403, "fault"], [503, "lost"], [0, "lost"]] as const) {
  test(`no password (${status}): ${then}`, async () => {
    fake.accounts = [status];
    line.start();
    await fake.settled();
    assert.deepEqual(fake.log, ["starting", "password", then]);
    assert.equal(fake.timer !== null, then === "lost");
  });
}

test("a switch that does not want the password gets a new one, one that fails is asked again", async () => {
  await up();
  line.refused(401);
  assert.ok(fake.pipe.closed);
  await fake.wait();
  assert.equal(fake.log.at(-1), "password");
  fake.pipe.onopen?.();
  line.refused(null);
  await fake.wait();
  assert.equal(fake.log.filter((each) => each === "password").length, 1);
});

test("what a stopped line still hears is nobody's", async () => {
  await up();
  const { pipe } = fake;
  line.stop();
  pipe.onmessage?.("INVITE");
  pipe.onclose?.(1006);
  assert.deepEqual(fake.log, []);
  assert.ok(pipe.closed);
});
