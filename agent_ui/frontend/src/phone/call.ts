// One call: its SIP session, its voice, and the ways it can die without a word.

import type { End, Session } from "jssip/lib/UA";

import * as microphone from "./microphone";
import { isOutside, type Call, type Failure } from "./model";
import { ofAnswer, ofMicrophone } from "./reasons";

export const NO_SERVERS: RTCConfiguration = { iceServers: [] };
const WEAK_MS = 5000;
const JOINED_MS = 3000;

/** Who wants to know. */
export interface Owner {
  changed(): void;
  ended(call: PhoneCall): void;
  fail(failure: Failure): void;
}

/** A call of this tab. *view* is what others see of it. */
export class PhoneCall {
  readonly view: Call;
  /** It is being given away, so it is not to be taken back. */
  given = false;
  private readonly voice = new Audio();
  private stream: MediaStream | null = null;
  private weak: number | null = null;
  private over = false;

  constructor(
    readonly session: Session,
    private readonly owner: Owner,
    call: Partial<Call> = {},
  ) {
    const { uri, display_name: name } = session.remote_identity;
    this.view = {
      id: session.id,
      direction: session.direction === "incoming" ? "in" : "out",
      stage: session.direction === "incoming" ? "ringing" : "calling",
      party: uri.user,
      name: name ?? "",
      held: false,
      muted: false,
      weak: false,
      about: null,
      ...call,
    };
    // The first address is enough; JsSIP would wait for all, and for servers that never answer.
    session.on("icecandidate", ({ ready }) => ready());
    session.on("peerconnection", ({ peerconnection }) => this.listen(peerconnection));
    if (session.connection !== null) this.listen(session.connection); // an outgoing call has it already
    session.on("accepted", () => this.change({ stage: "talking" }));
    session.on("hold", ({ originator }) => originator === "local" && this.change({ held: true }));
    session.on("unhold", ({ originator }) => originator === "local" && this.change({ held: false }));
    session.on("ended", (end) => this.end(end));
    session.on("failed", (end) => this.end(end));
  }

  get microphone(): MediaStream | null {
    return this.stream;
  }

  /** The microphone that the call speaks with; it is closed with the call. */
  speakWith(stream: MediaStream): void {
    this.stream = stream;
    for (const track of stream.getAudioTracks()) {
      track.addEventListener("ended", () => this.over || this.owner.fail("microphone-none"));
    }
  }

  /** Answer once there is a microphone; without one it goes on ringing, and the words say why. */
  async answer(): Promise<void> {
    if (this.view.stage !== "ringing") return;
    this.change({ stage: "answering" });
    try {
      const stream = await microphone.open();
      if (this.over) return microphone.close(stream);
      this.speakWith(stream);
      this.session.answer({ mediaStream: stream, pcConfig: NO_SERVERS });
    } catch (error) {
      if (this.over) return;
      this.change({ stage: "ringing" });
      this.owner.fail(ofMicrophone(error));
    }
  }

  /** End it, however far it is. *status*: what a caller who still rings is told. */
  hangUp(status = 480): void {
    if (this.over || this.session.isEnded()) return;
    if (this.view.direction === "in" && !this.session.isEstablished()) {
      this.session.terminate({ status_code: status });
    } else {
      this.session.terminate();
    }
  }

  /** Hold, or take back; true when it was asked for. */
  hold(held: boolean): boolean {
    if (this.view.held === held) return true;
    const asked = held ? this.session.hold() : this.session.unhold();
    if (!asked) this.owner.fail("hold");
    return asked;
  }

  mute(muted: boolean): void {
    if (muted) this.session.mute({ audio: true });
    else this.session.unmute({ audio: true });
    this.change({ muted });
  }

  /** Give the call to the address *to*; with *consult* join it to the one who was asked. */
  refer(to: string, consult?: PhoneCall): void {
    const fail = (): void => {
      this.given = false;
      this.owner.fail("transfer");
    };
    this.given = true;
    this.session.refer(to, {
      ...(consult === undefined ? {} : { replaces: consult.session }),
      eventHandlers: {
        // The caller is with the other: our end of it does not end by itself. That of the one who was asked
        // does, as soon as the caller stands in its place; an end from here before that would be the caller's.
        accepted: () => {
          this.hangUp();
          if (consult !== undefined) window.setTimeout(() => consult.hangUp(), JOINED_MS);
        },
        failed: fail,
        requestFailed: fail,
      },
    });
  }

  /** The line is back at another address: without saying so we would never hear that the call ended. */
  renew(): void {
    if (this.session.isEstablished()) this.session.renegotiate();
  }

  private listen(connection: RTCPeerConnection): void {
    connection.addEventListener("track", ({ track }) => {
      this.voice.srcObject = new MediaStream([track]);
      void this.voice.play().catch(() => undefined); // allowed: somebody has pressed Answer
    });
    connection.addEventListener("connectionstatechange", () => this.watch(connection.connectionState));
  }

  /** A lost goodbye shows in the voice only: it stays away. */
  private watch(state: RTCPeerConnectionState): void {
    if (this.weak !== null && state !== "disconnected") {
      window.clearTimeout(this.weak);
      this.weak = null;
    }
    if (this.over) return;
    if (state === "disconnected") {
      this.weak ??= window.setTimeout(() => this.hangUp(), WEAK_MS);
      this.change({ weak: true });
    } else if (state === "failed") {
      this.owner.fail("voice");
      this.hangUp();
    } else if (this.view.weak) {
      this.change({ weak: false });
    }
  }

  private change(what: Partial<Call>): void {
    Object.assign(this.view, what);
    if (!this.over) this.owner.changed();
  }

  private end(end: End): void {
    if (this.over) return;
    this.over = true;
    if (this.weak !== null) window.clearTimeout(this.weak);
    this.voice.srcObject = null;
    if (this.stream !== null) microphone.close(this.stream);
    const called = this.view.direction === "out" && this.view.stage === "calling";
    const heard = called && end.originator !== "local";
    const failure = heard ? ofAnswer(end.message?.status_code, end.cause, isOutside(this.view.party)) : null;
    if (failure !== null) this.owner.fail(failure);
    this.owner.ended(this);
  }
}
