// One tab of a browser has the phone, the others follow it: they show what it says and pass on commands.
// The lock decides who leads; it goes to the next tab when the leader lets go or dies.

import { NO_PHONE, type Command, type Failure, type Phone } from "./model";

/** What tabs tell each other. */
export type Word =
  | { kind: "hello" }
  | { kind: "phone"; phone: Phone }
  | { kind: "command"; command: Command }
  | { kind: "failure"; failure: Failure };

/** `navigator.locks.request`, as far as it is needed: *held* runs while the lock is ours. */
export type Lock = (held: () => Promise<void>, signal: AbortSignal) => Promise<unknown>;

export interface Channel {
  onword: ((word: Word) => void) | null;
  say(word: Word): void;
}

/** What the tab does. */
export interface Tab {
  /** The phone is ours now: take calls until `stop()`. */
  lead(): Leader;
  show(phone: Phone): void;
  fail(failure: Failure): void;
}

export interface Leader {
  run(command: Command): void;
  stop(): void;
}

/** This tab's part in it. */
export class Seat {
  private leader: Leader | null = null;
  private letGo: (() => void) | null = null;
  private waiting: AbortController | null = null;
  private phone: Phone = NO_PHONE;

  constructor(
    private readonly tab: Tab,
    private readonly channel: Channel,
    private readonly lock: Lock,
  ) {
    channel.onword = (word) => this.hear(word);
  }

  get leads(): boolean {
    return this.leader !== null;
  }

  /** Follow the leader, and lead when nobody else does. */
  join(): void {
    if (this.waiting !== null) return;
    const waiting = new AbortController();
    this.waiting = waiting;
    this.channel.say({ kind: "hello" });
    void this.lock(() => this.hold(waiting), waiting.signal).catch((error: unknown) => {
      if (!waiting.signal.aborted) throw error;
    });
  }

  /** Let somebody else lead: this tab goes away. What there is to say to the switch is said at once. */
  leave(): void {
    const waiting = this.waiting;
    this.waiting = null;
    if (this.leader === null) return waiting?.abort();
    const leader = this.leader;
    this.leader = null;
    leader.stop();
    this.channel.say({ kind: "phone", phone: { ...NO_PHONE, line: "off" } });
    this.letGo?.();
  }

  /** The leader tells what the phone is now. */
  tell(phone: Phone): void {
    this.phone = phone;
    this.tab.show(phone);
    this.channel.say({ kind: "phone", phone });
  }

  /** The leader tells what did not work: whoever is looked at says it. */
  fail(failure: Failure): void {
    this.tab.fail(failure);
    this.channel.say({ kind: "failure", failure });
  }

  ask(command: Command): void {
    if (this.leader !== null) this.leader.run(command);
    else this.channel.say({ kind: "command", command });
  }

  private async hold(waiting: AbortController): Promise<void> {
    if (this.waiting !== waiting) return; // left while the lock was on its way
    const done = new Promise<void>((letGo) => (this.letGo = letGo));
    this.leader = this.tab.lead();
    await done;
  }

  private hear(word: Word): void {
    if (this.leader !== null) {
      if (word.kind === "hello") this.channel.say({ kind: "phone", phone: this.phone });
      if (word.kind === "command") this.leader.run(word.command);
      return;
    }
    if (word.kind === "phone") this.tab.show(word.phone);
    if (word.kind === "failure") this.tab.fail(word.failure);
  }
}
