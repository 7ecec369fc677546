// What the phone is at a moment, and what may be asked of it: told between tabs, so plain data only.

/** `starting`, `ready`, or why it is not: its words stand in `phone/words.html` under this name. */
export type LineState =
  | "starting"
  | "ready"
  | "lost" // comes again by itself
  | "elsewhere" // another window has the phone
  | "none" // the office took the device away
  | "fault" // ours: a message was refused
  | "stale" // the page is older than what it loads
  | "insecure" // no https: the browser gives no microphone
  | "off"; // the tab that has the phone is being left

/** What went wrong with what was asked for; a toast `phone-says-<name>` puts it into words. */
export type Failure =
  | "insecure"
  | "microphone-unasked" // the browser will ask when a call is answered
  | "microphone-denied"
  | "microphone-none"
  | "microphone-taken"
  | "microphone-failed"
  | "not-here" // the call is on another of the person's phones
  | "no-line"
  | "busy"
  | "no-answer"
  | "declined"
  | "not-reached"
  | "not-allowed"
  | "in-call" // one call goes outside at a time
  | "number-unknown" // it is not in service
  | "number-barred" // the office does not call there
  | "carrier" // the trunk takes no call
  | "voice" // the voice finds no way
  | "transfer"
  | "hold"
  | "unexpected";

/** One call of this phone. *party*: number or extension; *name*: as the switch or the list calls it. */
export interface Call {
  id: string;
  direction: "in" | "out";
  stage: "ringing" | "answering" | "calling" | "talking";
  party: string;
  name: string;
  held: boolean;
  muted: boolean;
  /** The voice is interrupted; the call ends when it does not come back. */
  weak: boolean;
  /** The call that waits while this one asks a colleague. */
  about: string | null;
}

export interface Phone {
  line: LineState;
  /** What is wrong with the microphone, as far as is known before a call. */
  microphone: Failure | null;
  calls: Call[];
}

export type Command =
  | { do: "answer" | "decline" | "end" | "join"; call: string }
  /** *on*: as whoever pressed wants it; the call may be another by now than their tab showed. */
  | { do: "hold" | "mute"; call: string; on: boolean }
  | { do: "digits"; call: string; digits: string }
  | { do: "transfer"; call: string; to: string }
  | { do: "dial"; to: string; name: string }
  | { do: "ask"; call: string; to: string; name: string }
  | { do: "use-here" | "microphone" };

/** Whether *party* is a number outside (E.164), not an extension. */
export function isOutside(party: string): boolean {
  return party.startsWith("+");
}

export const NO_PHONE: Phone = { line: "starting", microphone: null, calls: [] };
