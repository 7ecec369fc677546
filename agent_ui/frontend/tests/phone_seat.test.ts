import assert from "node:assert/strict";
import { test } from "node:test";

import { NO_PHONE, type Command, type Phone } from "../src/phone/model";
import { Seat, type Channel, type Lock, type Word } from "../src/phone/seat";

/** One browser: a lock that one tab holds, and a channel that all the others hear. */
class FakeBrowser {
  private readonly queue: (() => Promise<void>)[] = [];
  private held = false;
  private readonly channels: Channel[] = [];

  readonly lock: Lock = (held, signal) =>
    new Promise((done, refuse) => {
      const turn = async (): Promise<void> => done(await held());
      this.queue.push(turn);
      signal.addEventListener("abort", () => {
        this.queue.splice(this.queue.indexOf(turn), 1);
        refuse(new Error("aborted"));
      });
      void this.next();
    });

  channel(): Channel {
    const own: Channel = {
      onword: null,
      say: (word: Word) => {
        for (const other of this.channels) if (other !== own) other.onword?.(structuredClone(word));
      },
    };
    this.channels.push(own);
    return own;
  }

  private async next(): Promise<void> {
    if (this.held) return;
    const turn = this.queue.shift();
    if (turn === undefined) return;
    this.held = true;
    await turn();
    this.held = false;
    void this.next();
  }
}

class FakeTab {
  shown: Phone[] = [];
  failed: string[] = [];
  ran: Command[] = [];
  leading = 0;
  readonly seat: Seat;

  constructor(browser: FakeBrowser) {
    this.seat = new Seat(
      {
        lead: () => {
          this.leading += 1;
          return { run: (command) => this.ran.push(command), stop: () => void (this.leading -= 1) };
        },
        show: (phone) => this.shown.push(phone),
        fail: (failure) => this.failed.push(failure),
      },
      browser.channel(),
      browser.lock,
    );
  }
}

const READY: Phone = { ...NO_PHONE, line: "ready" };
const settled = (): Promise<void> => new Promise((done) => setTimeout(done, 0));

async function tabs(count: number): Promise<FakeTab[]> {
  const browser = new FakeBrowser();
  const made = Array.from({ length: count }, () => new FakeTab(browser));
  for (const tab of made) tab.seat.join();
  await settled();
  return made;
}

test("one tab leads, the others show what it tells", async () => {
  const [first, second] = (await tabs(2)) as [FakeTab, FakeTab];
  assert.deepEqual([first.leading, second.leading], [1, 0]);
  first.seat.tell(READY);
  assert.deepEqual(first.shown.at(-1), READY);
  assert.deepEqual(second.shown.at(-1), READY);
});

test("who comes later is told how it is", async () => {
  const browser = new FakeBrowser();
  const [first, late] = [new FakeTab(browser), new FakeTab(browser)];
  first.seat.join();
  await settled();
  first.seat.tell(READY);
  late.shown.length = 0;
  late.seat.join();
  assert.deepEqual(late.shown, [READY]);
});

test("a follower's command is run by the leader alone, and its failure is told to all", async () => {
  const [first, second, third] = (await tabs(3)) as [FakeTab, FakeTab, FakeTab];
  second.seat.ask({ do: "answer", call: "1" });
  assert.deepEqual([first.ran, second.ran, third.ran], [[{ do: "answer", call: "1" }], [], []]);
  first.seat.ask({ do: "end", call: "1" });
  assert.equal(first.ran.length, 2);
  first.seat.fail("busy");
  assert.deepEqual([first.failed, second.failed, third.failed], [["busy"], ["busy"], ["busy"]]);
});

test("a leader that leaves stops at once, says so, and the next one leads", async () => {
  const [first, second] = (await tabs(2)) as [FakeTab, FakeTab];
  first.seat.tell(READY);
  first.seat.leave();
  assert.equal(first.leading, 0);
  assert.equal(second.shown.at(-1)?.line, "off");
  await settled();
  assert.equal(second.leading, 1);
});

test("a follower that leaves does not lead later; one that comes back may", async () => {
  const [first, second] = (await tabs(2)) as [FakeTab, FakeTab];
  second.seat.leave();
  await settled();
  first.seat.leave();
  await settled();
  assert.equal(second.leading, 0);
  second.seat.join();
  await settled();
  assert.equal(second.leading, 1);
});
