// A note that is never lost, without a browser: what is typed, what is saved, what waits.
//
// Whatever was typed is kept on this machine until the server has it. The server puts texts together that were
// written in two places; what comes back is shown as soon as nobody types any more.

export interface Saved {
  text: string;
  version: number;
  saved_at: string | null;
}

/** What came of a try to save. `away`: nobody knows, try again; `refused`: as it is, it will not be taken. */
export type Answer = { kind: "saved"; note: Saved } | { kind: "away" } | { kind: "refused" };

export type State = "empty" | "saving" | "saved" | "kept" | "merged" | "long";

/** What a note touches. `keep(null)`: there is nothing left that only this machine has. */
export interface Desk {
  save(text: string, base: number): Promise<Answer>;
  keep(kept: { text: string; base: number } | null): void;
  write(text: string): void;
  show(state: State, savedAt: string | null): void;
  later(act: () => void, ms: number): number;
  cancel(timer: number): void;
}

const PAUSE_MS = 400;
const LONGEST_MS = 2000;
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 5000;

export class Note {
  private text: string;
  private acknowledged: string;
  private base: number;
  private timer: number | null = null;
  private waitedFrom: number | null = null;
  private saving = false;
  private tries = 0;
  private state: State;
  private savedAt: string | null;

  /** *kept*: what this machine still has of an earlier page. *now*: a clock in ms. */
  constructor(
    private readonly desk: Desk,
    private readonly now: () => number,
    stored: Saved,
    kept: { text: string; base: number } | null,
  ) {
    this.text = this.acknowledged = stored.text;
    this.base = stored.version;
    this.savedAt = stored.saved_at;
    this.state = stored.version > 0 ? "saved" : "empty";
    if (kept !== null && kept.text !== stored.text) {
      this.text = kept.text;
      this.base = kept.base;
      desk.write(kept.text);
      this.say("kept");
      this.save();
    } else {
      desk.keep(null);
      this.say(this.state);
    }
  }

  /** Whether something is not known to be saved. */
  get dirty(): boolean {
    return this.saving || this.text !== this.acknowledged;
  }

  /** Somebody typed: this is the text now. */
  typed(text: string): void {
    this.text = text;
    this.desk.keep({ text, base: this.base });
    this.tries = 0;
    this.say("saving");
    // As one types, but also while one types without a pause.
    this.waitedFrom ??= this.now();
    const left = Math.max(0, this.waitedFrom + LONGEST_MS - this.now());
    this.plan(Math.min(PAUSE_MS, left));
  }

  /** The page goes, or shows something else: save at once what is not. */
  flush(): void {
    if (this.text !== this.acknowledged && !this.saving) this.save();
  }

  /** The server has this now; it may have been written by another page. */
  elsewhere(stored: Saved): void {
    if (stored.version <= this.base || this.dirty) return;
    this.take(stored, false);
    this.desk.write(stored.text);
    this.say("saved");
  }

  /** Say again how it stands. */
  repeat(): void {
    this.say(this.state);
  }

  private plan(ms: number): void {
    if (this.timer !== null) this.desk.cancel(this.timer);
    this.timer = this.desk.later(() => this.save(), ms);
  }

  private save(): void {
    if (this.timer !== null) this.desk.cancel(this.timer);
    this.timer = null;
    if (this.saving) return;
    this.saving = true;
    this.waitedFrom = null;
    const sent = this.text;
    void this.desk.save(sent, this.base).then((answer) => {
      this.saving = false;
      this.heard(sent, answer);
    });
  }

  private heard(sent: string, answer: Answer): void {
    const more = this.text !== sent;
    if (answer.kind === "away") {
      this.say("kept");
      this.tries += 1;
      this.plan(Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(this.tries - 1, 5)));
      return;
    }
    this.tries = 0;
    const joined = answer.kind === "saved" && answer.note.text !== sent;
    // Typed on over a text that was put together meanwhile: the old base lets the next save do the same.
    if (answer.kind === "saved" && !(joined && more)) this.take(answer.note, more);
    if (more) {
      this.again();
    } else if (answer.kind === "refused") {
      this.say("long");
    } else {
      if (joined) this.desk.write(this.text);
      this.desk.keep(null);
      this.say(joined ? "merged" : "saved");
    }
  }

  /** What was typed during a save goes next. */
  private again(): void {
    this.desk.keep({ text: this.text, base: this.base });
    this.say("saving");
    this.plan(PAUSE_MS);
  }

  /** *stored* is what everybody has; *but*: not what stands in the field. */
  private take(stored: Saved, but: boolean): void {
    if (!but) this.text = stored.text;
    this.acknowledged = stored.text;
    this.base = stored.version;
    this.savedAt = stored.saved_at;
  }

  private say(state: State): void {
    this.state = state;
    this.desk.show(state, this.savedAt);
  }
}
