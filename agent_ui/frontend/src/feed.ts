// The live feed's rules, without a browser: when to connect, what a frame means, when the line is lost.

/** One message of the feed; `data.regions` are fragments by the id of the element they replace. */
export interface Frame {
  id: string;
  event: string;
  data: { regions?: Record<string, string> } & Record<string, unknown>;
}

declare global {
  interface DocumentEventMap {
    "live:event": CustomEvent<Frame>;
  }
}

/** What the feed needs of a WebSocket. */
export interface Line {
  onmessage: ((message: { data: unknown }) => void) | null;
  onclose: ((end: { code: number }) => void) | null;
  send(text: string): void;
  close(): void;
}

/** What the feed touches. */
export interface Surroundings {
  open(address: string): Line;
  later(act: () => void, ms: number): number;
  cancel(timer: number): void;
  random(): number;
  put(id: string, html: string): Promise<void>;
  tell(frame: Frame): void;
  /** *said*: the loss has lasted long enough to be put into words. `out`: nobody is signed in here any more. */
  show(state: "up" | "lost" | "out", said: boolean): void;
  /** Whether the house answers, and knows nobody here: a browser does not tell why a line did not open. */
  signedOut(): Promise<boolean>;
  signIn(): void;
}

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 3000; // a desk is back within five seconds, however long the house was away
// A house that starts again is back within seconds: for so many tries nobody waits longer than this.
const SOON_MS = 1000;
const SOON_TRIES = 15;
const SILENCE_MS = 25_000;
const SAID_AFTER_MS = 2000;
const NOT_SIGNED_IN = 4401;

/** How long to wait before try number *attempt* (from 0): doubling, with jitter, so that not all come at once. */
export function pause(attempt: number, random: number): number {
  const most = attempt < SOON_TRIES ? SOON_MS : LONGEST_WAIT_MS;
  return Math.min(most, FIRST_WAIT_MS * 2 ** Math.min(attempt, 10)) * (0.5 + random / 2);
}

/** One screen's connection. It never pauses: a desk in a hidden tab rings too. */
export class Feed {
  private line: Line | null = null;
  private attempt = 0;
  private waiting: number | null = null;
  private silence: number | null = null;
  private saying: number | null = null;
  private heard = false; // on the line as it is now
  private out = false;
  private work: Promise<void> = Promise.resolve();

  constructor(
    private readonly around: Surroundings,
    private readonly address: string,
    private since: string | null,
  ) {}

  /** Connect now, also when the next try would come later. */
  start(): void {
    if (this.line !== null) return;
    this.waiting = this.stopped(this.waiting);
    if (!this.out) this.saying ??= this.around.later(() => this.around.show("lost", true), SAID_AFTER_MS);
    const since = this.since === null ? "" : `&since=${encodeURIComponent(this.since)}`;
    const line = this.around.open(this.address + since);
    this.line = line;
    this.heard = false;
    line.onmessage = ({ data }) => {
      if (this.line === line) this.take(JSON.parse(String(data)) as Frame, line);
    };
    line.onclose = ({ code }) => {
      if (this.line === line) this.lost(code);
    };
    this.listen();
  }

  /** End for good: the page goes away. */
  stop(): void {
    const line = this.line;
    this.line = null;
    this.waiting = this.stopped(this.waiting);
    this.silence = this.stopped(this.silence);
    this.saying = this.stopped(this.saying);
    line?.close();
  }

  private take(frame: Frame, line: Line): void {
    this.attempt = 0;
    this.heard = true;
    this.out = false;
    this.since = frame.id;
    this.saying = this.stopped(this.saying);
    this.listen();
    // One after another: a later frame never ends up below an earlier one.
    this.work = this.work.then(() => this.apply(frame, line));
  }

  /** Only what the house has said since makes the page true again; that it took the line does not. */
  private async apply(frame: Frame, line: Line): Promise<void> {
    for (const [id, html] of Object.entries(frame.data.regions ?? {})) {
      try {
        await this.around.put(id, html);
      } catch (error) {
        console.error(`live: region ${id} could not be shown`, error);
      }
    }
    if (this.line === line) {
      this.around.show("up", false);
      // The phone is not rung before the call stands here: the frame before this one has put it there.
      if (frame.event === "offered") line.send(JSON.stringify({ shown: frame.data["offer"] }));
    }
    this.around.tell(frame);
  }

  /** The house says something at least every few seconds; a line that is silent for long is dead. */
  private listen(): void {
    this.silence = this.stopped(this.silence);
    this.silence = this.around.later(() => {
      const line = this.line;
      this.lost(0);
      line?.close();
    }, SILENCE_MS);
  }

  private lost(code: number): void {
    this.line = null;
    this.silence = this.stopped(this.silence);
    const end = this.attempt;
    this.attempt += 1;
    if (code === NOT_SIGNED_IN) this.goOut();
    else if (!this.out && this.saying === null) {
      this.around.show("lost", false);
      this.saying = this.around.later(() => this.around.show("lost", true), SAID_AFTER_MS);
    }
    // Who signs in again in another window has this page back, and the call on it.
    const ms = this.out ? LONGEST_WAIT_MS : pause(end, this.around.random());
    this.waiting = this.around.later(() => this.start(), ms);
    if (!this.heard && !this.out) void this.around.signedOut().then((is) => is && !this.heard && this.goOut());
  }

  /** Nobody is signed in: the page leads to where one does, unless somebody keeps it because of a call. */
  private goOut(): void {
    if (this.out) return;
    this.out = true;
    this.saying = this.stopped(this.saying);
    this.around.show("out", true);
    this.around.signIn();
  }

  private stopped(timer: number | null): null {
    if (timer !== null) this.around.cancel(timer);
    return null;
  }
}
