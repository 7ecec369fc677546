// The phone's way to the switch: gets a password, opens the socket, and knows after each end what to do.
// A call under way goes on without it, so nothing here ends a call.

import type { LineState } from "./model";

/** What `POST /phone/credentials` answers. */
export interface Account {
  endpoint: string;
  uri: string;
  password: string;
  ws: string;
}

/** An open WebSocket with the subprotocol `sip`. */
export interface Pipe {
  onopen: (() => void) | null;
  onclose: ((code: number) => void) | null;
  onmessage: ((data: unknown) => void) | null;
  send(text: string): void;
  close(): void;
}

/** What the line touches. A number instead of an answer is an HTTP status; 0: nobody answered. */
export interface Around {
  account(): Promise<Account | number>;
  standing(ws: string): Promise<number>;
  open(ws: string): Pipe;
  later(act: () => void, ms: number): number;
  cancel(timer: number): void;
  random(): number;
  show(state: LineState): void;
  signIn(): void;
  /** The socket is open: register with this. */
  up(account: Account): void;
  down(code: number): void;
  message(data: unknown): void;
}

const FIRST_WAIT_MS = 1000;
const SOON_TRIES = 5;
const NEW_PASSWORD = 4401;
const REPLACED = 4409;
const FAULTS = new Set([1008, 1009]);

/** How long to wait before try number *attempt* (from 0): 1 s, then 2 s while a house that starts again may
 * soon be back, then 4 s; with jitter below it. */
export function pause(attempt: number, random: number): number {
  const doubled = attempt < SOON_TRIES ? Math.min(attempt, 1) : 2;
  return FIRST_WAIT_MS * 2 ** doubled * (0.75 + random / 4);
}

/** One phone's connection, until `stop()`. */
export class Line {
  private account: Account | null = null;
  private pipe: Pipe | null = null;
  private isOpen = false;
  private attempt = 0;
  private waiting: number | null = null;
  private out = false; // was led to where one signs in
  private turn = 0; // answers to questions of an earlier turn come too late

  constructor(private readonly around: Around) {}

  get connected(): boolean {
    return this.isOpen;
  }

  /** Begin, or begin anew with a new password: takes the phone from whoever has it. */
  start(): void {
    this.stop();
    this.account = null;
    this.around.show("starting");
    this.next();
  }

  stop(): void {
    this.turn += 1;
    if (this.waiting !== null) this.around.cancel(this.waiting);
    this.waiting = null;
    const pipe = this.pipe;
    this.pipe = null;
    this.isOpen = false;
    pipe?.close();
  }

  send(text: string): boolean {
    if (this.isOpen) this.pipe?.send(text);
    return this.isOpen;
  }

  /** The switch took the phone: all is well, the next loss waits shortly again. */
  registered(): void {
    this.attempt = 0;
    this.around.show("ready");
  }

  /** The switch did not take the phone. *status*: what SIP said, if anything. */
  refused(status: number | null): void {
    const code = status === 401 || status === 403 ? NEW_PASSWORD : 1012;
    const pipe = this.pipe;
    this.closed(code);
    pipe?.close();
  }

  private next(): void {
    const turn = ++this.turn;
    this.waiting = null;
    if (this.account !== null) return this.connect(this.account);
    void this.around.account().then((answer) => {
      if (turn !== this.turn) return;
      if (typeof answer === "number") return this.notGiven(answer);
      this.account = answer;
      this.out = false;
      this.connect(answer);
    });
  }

  private connect(account: Account): void {
    const pipe = this.around.open(account.ws);
    this.pipe = pipe;
    pipe.onopen = () => {
      if (this.pipe !== pipe) return;
      this.isOpen = true;
      this.around.up(account);
    };
    pipe.onmessage = (data) => {
      if (this.pipe === pipe) this.around.message(data);
    };
    pipe.onclose = (code) => {
      if (this.pipe === pipe) this.closed(code);
    };
  }

  private closed(code: number): void {
    const wasOpen = this.isOpen;
    this.pipe = null;
    this.isOpen = false;
    if (wasOpen) this.around.down(code);
    if (code === REPLACED) return this.around.show("elsewhere");
    if (FAULTS.has(code)) return this.around.show("fault");
    if (code === NEW_PASSWORD) this.account = null;
    // A socket that never opened does not say why: the house is asked before the next try.
    else if (!wasOpen && this.account !== null) return this.askWhy(this.account.ws);
    this.again();
  }

  private askWhy(ws: string): void {
    const turn = ++this.turn;
    this.around.show("lost");
    void this.around.standing(ws).then((status) => {
      if (turn !== this.turn) return;
      if (status === 401) return this.signedOut();
      if (status === 409) return this.around.show("elsewhere");
      if (status === 404) this.account = null;
      this.again();
    });
  }

  private notGiven(status: number): void {
    if (status === 401) return this.signedOut();
    if (status === 404) return this.around.show("none");
    if (status === 403) return this.around.show("fault");
    this.again();
  }

  /** Who keeps the page, because of a call, may sign in in another window: the phone is back then. */
  private signedOut(): void {
    const known = this.out;
    this.out = true;
    this.account = null;
    this.again();
    if (!known) this.around.signIn();
  }

  private again(): void {
    this.around.show("lost");
    this.waiting = this.around.later(() => this.next(), pause(this.attempt, this.around.random()));
    this.attempt += 1;
  }
}
