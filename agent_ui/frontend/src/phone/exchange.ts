// The phone itself, in the one tab that has it: registers, takes calls, and does what is asked of it.

import UA, { type Invitation, type Session } from "jssip/lib/UA";

import * as house from "./account";
import { NO_SERVERS, PhoneCall, type Owner } from "./call";
import { Line, type Account } from "./line";
import * as microphone from "./microphone";
import type { Call, Command, Failure, LineState, Phone } from "./model";
import { ofMicrophone } from "./reasons";
import type { Leader } from "./seat";
import { LineSocket, openPipe } from "./socket";

const EXPIRES_S = 120;
const HOST = "pbx.invalid";
const BUSY = 486;
const DECLINED = 603;
const CLOSED = 1000; // by ourselves
const GONE = 503; // not a missed call: the phone went away
const REFUSED_FIRST_MS = 300;

/** Who wants to know what the phone does. */
export interface Watcher {
  tell(phone: Phone): void;
  fail(failure: Failure): void;
  signIn(): void;
}

export class Exchange implements Leader, Owner {
  private readonly line: Line;
  private readonly socket: LineSocket;
  private readonly calls = new Map<string, PhoneCall>();
  private readonly invitations = new Map<PhoneCall, Invitation>();
  private refusals: string[] = []; // of what rang when the line was lost
  private registering = 0;
  private ua: UA | null = null;
  private state: LineState = "starting";
  private trouble: Failure | null = null;
  private stopped = false;

  constructor(private readonly watcher: Watcher) {
    this.line = new Line({
      account: house.account,
      standing: house.standing,
      open: openPipe,
      later: (act, ms) => window.setTimeout(act, ms),
      cancel: (timer) => window.clearTimeout(timer),
      random: Math.random,
      show: (state) => this.show(state),
      signIn: () => watcher.signIn(),
      up: (account) => this.up(account),
      down: (code) => this.down(code),
      message: (data) => this.socket.ondata(data),
    });
    this.socket = new LineSocket(this.line);
  }

  /** Take the phone, and keep it until `stop()`. */
  start(): void {
    void this.lookAtMicrophone();
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.lookAtMicrophone());
    if (window.isSecureContext) this.line.start();
    else this.show("insecure");
  }

  /** The tab goes away: calls end now, not when the switch misses their voice. */
  stop(): void {
    this.stopped = true;
    for (const call of this.calls.values()) call.hangUp(GONE);
    this.ua?.stop();
    if (this.ua === null) this.line.stop();
  }

  /** The microphone of the call that goes on, for a meter. */
  get speaking(): MediaStream | null {
    return [...this.calls.values()].find(({ view }) => view.stage === "talking")?.microphone ?? null;
  }

  /** Whether somebody would be cut off; who only rings, rings again. */
  get talking(): boolean {
    return [...this.calls.values()].some(({ view }) => view.stage !== "ringing");
  }

  run(command: Command): void {
    switch (command.do) {
      case "use-here":
        if (this.line.connected) this.down(CLOSED); // registered as it is, it would never say that it is again
        return this.line.start();
      case "microphone":
        return void this.lookAtMicrophone();
      case "dial":
        return void this.dial(command.to, { name: command.name });
      default:
        return this.runOn(this.calls.get(command.call), command);
    }
  }

  changed(): void {
    if (this.stopped) return;
    const calls = [...this.calls.values()].map(({ view }) => ({ ...view }));
    this.watcher.tell({ line: this.state, microphone: this.trouble, calls });
  }

  ended(call: PhoneCall): void {
    this.calls.delete(call.view.id);
    this.invitations.delete(call);
    // Who was asked is gone: back to the one who waits.
    const waiting = this.calls.get(call.view.about ?? "");
    if (waiting?.session.isEstablished() === true && !waiting.given) waiting.hold(false);
    this.changed();
  }

  fail(failure: Failure): void {
    this.watcher.fail(failure);
  }

  private runOn(call: PhoneCall | undefined, command: Exclude<Command, { do: "use-here" | "microphone" | "dial" }>): void {
    if (call === undefined) return this.fail("not-here");
    switch (command.do) {
      case "answer":
        return void call.answer();
      case "decline":
        return call.hangUp(DECLINED);
      case "end":
        return call.hangUp();
      case "hold":
        return this.hold(call, command.on);
      case "mute":
        return call.mute(command.on);
      case "digits":
        return call.session.sendDTMF(command.digits, { transportType: "RFC2833" });
      case "transfer":
        return call.refer(`sip:${command.to}@${HOST}`);
      case "ask":
        if (call.hold(true)) void this.dial(command.to, { name: command.name, about: call.view.id });
        return;
      case "join":
        return this.join(call);
    }
  }

  /** Hold or take back; who is taken back does not hear the other one whom the agent talks with. */
  private hold(call: PhoneCall, on: boolean): void {
    const others = [...this.calls.values()].filter((other) => other !== call && other.view.stage === "talking");
    if (call.hold(on) && !on) for (const other of others) other.hold(true);
  }

  /** Join the one who waits to the colleague whom *consult* asks. */
  private join(consult: PhoneCall): void {
    const waiting = this.calls.get(consult.view.about ?? "");
    if (waiting === undefined || !consult.session.isEstablished()) return this.fail("transfer");
    waiting.refer(`sip:${consult.view.party}@${HOST}`, consult);
  }

  private async dial(to: string, call: Partial<Call>): Promise<void> {
    const alone = call.about === undefined && this.calls.size > 0;
    if (this.ua === null || !this.line.connected || alone) return this.fail(alone ? "in-call" : "no-line");
    let stream: MediaStream | null = null;
    try {
      stream = await microphone.open();
      const session = this.ua.call(`sip:${to}@${HOST}`, { mediaStream: stream, pcConfig: NO_SERVERS });
      this.add(session, { party: to, ...call }).speakWith(stream);
    } catch (error) {
      if (stream !== null) microphone.close(stream);
      this.fail(stream === null ? ofMicrophone(error) : "unexpected");
    }
  }

  private up(account: Account): void {
    if (this.ua === null) {
      this.ua = this.agent(account);
      this.ua.start();
    } else {
      this.ua.set("ha1", ""); // of the password before
      this.ua.set("password", account.password);
    }
    // The switch still lets ring what was lost with the line. Told so before the phone registers, the house makes
    // the call anew as soon as it has.
    const refusals = this.refusals;
    this.refusals = [];
    for (const refusal of refusals) this.line.send(refusal);
    this.registering = window.setTimeout(() => this.socket.onconnect(), refusals.length > 0 ? REFUSED_FIRST_MS : 0);
  }

  private down(code: number): void {
    window.clearTimeout(this.registering);
    for (const [call, invitation] of this.invitations) {
      if (call.view.stage !== "talking") this.refusals.push(...this.socket.caught(() => invitation.reply_sl(GONE)));
    }
    this.socket.ondisconnect(true, code, "");
    // What still rings cannot be answered any more; what talks goes on.
    for (const call of this.calls.values()) if (call.view.stage !== "talking") call.hangUp(GONE);
  }

  private agent(account: Account): UA {
    const ua = new UA({
      sockets: [this.socket],
      uri: account.uri,
      password: account.password,
      register_expires: EXPIRES_S,
      session_timers: false,
      user_agent: "Callcard",
    });
    ua.on("registered", () => {
      this.line.registered();
      for (const call of this.calls.values()) call.renew();
    });
    ua.on("registrationFailed", ({ response }) => {
      if (this.line.connected) this.line.refused(response?.status_code ?? null);
    });
    ua.on("newRTCSession", ({ session, request }) => {
      if (session.direction === "incoming") this.incoming(session, request);
    });
    return ua;
  }

  private incoming(session: Session, invitation: Invitation): void {
    if (this.calls.size > 0) session.terminate({ status_code: BUSY });
    else this.invitations.set(this.add(session), invitation);
  }

  private add(session: Session, call: Partial<Call> = {}): PhoneCall {
    const added = new PhoneCall(session, this, call);
    this.calls.set(added.view.id, added);
    this.changed();
    return added;
  }

  private show(state: LineState): void {
    this.state = state;
    this.changed();
  }

  private async lookAtMicrophone(): Promise<void> {
    this.trouble = await microphone.look();
    this.changed();
  }
}
