import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Feed, pause, type Frame, type Line, type Surroundings } from "../src/feed";

class FakeLine implements Line {
  onmessage: Line["onmessage"] = null;
  onclose: Line["onclose"] = null;
  readonly sent: string[] = [];
  closed = false;

  constructor(readonly address: string) {}

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.closed = true;
  }

  say(frame: Partial<Frame>): void {
    this.onmessage?.({ data: JSON.stringify({ id: "1", event: "tick", data: {}, ...frame }) });
  }

  end(code = 1006): void {
    this.onclose?.({ code });
  }
}

/** A browser whose time passes when the test says so. */
class Fake implements Surroundings {
  readonly lines: FakeLine[] = [];
  readonly log: string[] = [];
  now = 0;
  failing: string | null = null;
  nobody = false;
  private readonly timers = new Map<number, { at: number; act: () => void }>();
  private next = 1;

  open(address: string): Line {
    this.lines.push(new FakeLine(address));
    return this.last;
  }

  later(act: () => void, ms: number): number {
    this.timers.set(this.next, { at: this.now + ms, act });
    return this.next++;
  }

  cancel(timer: number): void {
    this.timers.delete(timer);
  }

  random(): number {
    return 1;
  }

  async put(id: string, html: string): Promise<void> {
    if (id === this.failing) throw new Error("no");
    await Promise.resolve();
    this.log.push(`put ${id} ${html}`);
  }

  tell(frame: Frame): void {
    this.log.push(`tell ${frame.event}`);
  }

  show(state: string, said: boolean): void {
    const line = `show ${state}${said ? " in words" : ""}`;
    if (this.log.filter((each) => each.startsWith("show")).at(-1) !== line) this.log.push(line);
  }

  signIn(): void {
    this.log.push("sign in");
  }

  async signedOut(): Promise<boolean> {
    return Promise.resolve(this.nobody);
  }

  get last(): FakeLine {
    return this.lines.at(-1)!;
  }

  get pending(): number {
    return this.timers.size;
  }

  pass(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const due = [...this.timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
      if (due === undefined) break;
      this.timers.delete(due[0]);
      this.now = due[1].at;
      due[1].act();
    }
    this.now = end;
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
let fake: Fake;
let feed: Feed;

beforeEach(() => {
  fake = new Fake();
  feed = new Feed(fake, "/live?as=html&screen=desk", null);
});

test("asks for a snapshot first, and for what it missed afterwards", () => {
  feed.start();
  assert.equal(fake.last.address, "/live?as=html&screen=desk");
  fake.last.say({ id: "a/7" });
  fake.last.end();
  fake.pass(250);
  assert.equal(fake.last.address, "/live?as=html&screen=desk&since=a%2F7");
});

test("a page made from an event asks for what came after it", () => {
  new Feed(fake, "/live?as=html&screen=desk", "a-3").start();
  assert.match(fake.last.address, /&since=a-3$/);
});

test("what is shown is true again with the first frame, once that is in its place", async () => {
  feed.start();
  fake.last.say({ event: "snapshot", data: { regions: { call: "<b>1</b>" } } });
  assert.deepEqual(fake.log, []);
  await settled();
  assert.deepEqual(fake.log, ["put call <b>1</b>", "show up", "tell snapshot"]);
});

test("a frame of a line that is lost again does not make the page true", async () => {
  feed.start();
  fake.last.say({ event: "snapshot", data: { regions: { call: "<b>1</b>" } } });
  fake.last.end();
  await settled();
  assert.equal(fake.log.filter((line) => line.startsWith("show")).at(-1), "show lost");
});

test("regions go to their places in order, then the event is told", async () => {
  feed.start();
  fake.last.say({ event: "snapshot", data: { regions: { call: "<b>1</b>", card: "<b>2</b>" } } });
  fake.last.say({ event: "call.changed", data: { regions: { call: "<b>3</b>" } } });
  await settled();
  assert.deepEqual(fake.log, [
    "put call <b>1</b>",
    "put card <b>2</b>",
    "show up",
    "tell snapshot",
    "put call <b>3</b>",
    "tell call.changed",
  ]);
});

test("says that an offer stands on the page once it does, on the line it came by", async () => {
  feed.start();
  const first = fake.last;
  first.say({ event: "changed", data: { regions: { panel: "<b>1</b>" } } });
  first.say({ event: "offered", data: { offer: "o-1" } });
  assert.deepEqual(first.sent, []);
  await settled();
  assert.deepEqual(first.sent, ['{"shown":"o-1"}']);
  first.say({ event: "offered", data: { offer: "o-2" } });
  first.end();
  fake.pass(250);
  await settled();
  assert.deepEqual([first.sent.length, fake.last.sent.length], [1, 0]);
});

test("a region that cannot be shown does not cost the others", async (t) => {
  t.mock.method(console, "error", () => undefined);
  fake.failing = "call";
  feed.start();
  fake.last.say({ event: "snapshot", data: { regions: { call: "x", card: "y" } } });
  await settled();
  assert.deepEqual(fake.log, ["put card y", "show up", "tell snapshot"]);
});

test("waits longer from try to try, never longer than three seconds, and anew after a frame", () => {
  assert.deepEqual(
    [0, 1, 2, 3, 14, 15, 50].map((attempt) => pause(attempt, 1)),
    [250, 500, 1000, 1000, 1000, 3000, 3000],
  );
  assert.equal(pause(0, 0), 125);
  feed.start();
  for (let i = 0; i < 5; i++) {
    fake.last.end();
    fake.pass(5000);
  }
  assert.equal(fake.lines.length, 6);
  fake.last.say({});
  fake.last.end();
  fake.pass(249);
  assert.equal(fake.lines.length, 6);
  fake.pass(1);
  assert.equal(fake.lines.length, 7);
});

test("a loss is shown at once, and said when it lasts two seconds", async () => {
  feed.start();
  fake.last.say({});
  await settled();
  fake.last.end();
  assert.deepEqual(fake.log, ["show up", "tell tick", "show lost"]);
  fake.pass(1999);
  assert.ok(!fake.log.includes("show lost in words"));
  fake.pass(1);
  assert.ok(fake.log.includes("show lost in words"));
  fake.last.say({});
  await settled();
  assert.equal(fake.log.filter((line) => line.startsWith("show")).at(-1), "show up");
  fake.pass(20_000);
  assert.equal(fake.log.filter((line) => line.startsWith("show")).at(-1), "show up");
});

test("a house that never answers is said too", () => {
  feed.start();
  fake.pass(2000);
  assert.deepEqual(fake.log, ["show lost in words"]);
});

test("a short loss is not put into words", () => {
  feed.start();
  fake.last.say({});
  fake.last.end();
  fake.pass(250);
  fake.last.say({});
  fake.pass(20_000);
  assert.ok(!fake.log.includes("show lost in words"));
});

test("a line that is silent for 25 s is given up, one that ticks is kept", () => {
  feed.start();
  const first = fake.last;
  for (let i = 0; i < 10; i++) {
    first.say({});
    fake.pass(24_999);
  }
  assert.equal(first.closed, false);
  fake.pass(1);
  assert.equal(first.closed, true);
  fake.pass(250);
  assert.equal(fake.lines.length, 2);
  first.end(); // what the old line still has to say changes nothing
  first.say({ id: "old" });
  fake.pass(0);
  assert.equal(fake.lines.length, 2);
});

test("who is no longer signed in goes to sign in, and is told so where the page stays", () => {
  feed.start();
  fake.last.say({});
  fake.last.end(4401);
  assert.deepEqual(fake.log.slice(-2), ["show out in words", "sign in"]);
});

test("a session that ended while the line was away is noticed when it does not open", async () => {
  feed.start();
  fake.last.say({});
  await settled();
  fake.last.end();
  fake.nobody = true;
  fake.pass(500);
  fake.last.end(); // refused: the browser does not tell why
  await settled();
  assert.deepEqual(fake.log.slice(-2), ["show out in words", "sign in"]);
});

test("a house that is away signs nobody out", async () => {
  feed.start();
  fake.last.end();
  fake.pass(3000);
  await settled();
  assert.deepEqual(fake.log, ["show lost in words"]);
});

test("a page that was kept is led away once, and comes back when somebody has signed in", async () => {
  feed.start();
  fake.last.say({});
  await settled();
  fake.last.end(4401);
  fake.nobody = true;
  const before = fake.log.length;
  for (let tries = 0; tries < 3; tries += 1) {
    fake.pass(3000);
    fake.last.end();
    await settled();
  }
  assert.equal(fake.lines.length, 4);
  assert.equal(fake.log.length, before);
  fake.pass(3000);
  fake.last.say({ event: "snapshot" });
  await settled();
  assert.deepEqual(fake.log.slice(before), ["show up", "tell snapshot"]);
});

test("a start does not wait out the pause, and a second one changes nothing", () => {
  feed.start();
  fake.last.end();
  feed.start();
  assert.equal(fake.lines.length, 2);
  feed.start();
  fake.pass(1000);
  assert.equal(fake.lines.length, 2);
});

test("a page that goes away leaves nothing behind", () => {
  feed.start();
  const line = fake.last;
  feed.stop();
  assert.equal(line.closed, true);
  line.end();
  assert.equal(fake.pending, 0);
  assert.equal(fake.lines.length, 1);
});
