// What is typed into the dial field: a number outside is read by the house, as people there write numbers.

const PAUSE_MS = 150;
const SHORTEST = 7; // digits: fewer are an extension
const NUMBER = /^[+0-9(][0-9 ().\u00a0-]*$/;

/** What is around it. */
export interface Place {
  /** The house's line about *text* as HTML; null when it cannot be had. *done*: it is to be dialled. */
  read(text: string, done: boolean): Promise<string | null>;
  show(html: string): void;
  /** Call the number that is shown; whether there was one. */
  call(): boolean;
  fail(): void;
  later(act: () => void, ms: number): number;
  cancel(timer: number): void;
}

/** The text of the field, and the number it is. */
export class Typed {
  private text = "";
  private shown = ""; // of which text the line is
  private dials = false; // Enter came before the answer
  private timer = 0;
  private asked = 0;

  constructor(private readonly place: Place) {}

  /** The field has *text* now. */
  change(text: string): void {
    this.text = text.trim();
    this.dials = false;
    this.asked += 1; // an answer that is on its way is of another text
    this.place.cancel(this.timer);
    if (looksLikeNumber(this.text)) this.timer = this.place.later(() => void this.ask(false), PAUSE_MS);
    else this.put("");
  }

  /** Enter: call it, as soon as it is known which number it is. */
  enter(): void {
    if (this.text === "" || this.dials) return;
    if (this.shown === this.text && this.place.call()) return;
    this.place.cancel(this.timer);
    this.dials = true;
    void this.ask(true);
  }

  private async ask(done: boolean): Promise<void> {
    const number = ++this.asked;
    const html = await this.place.read(this.text, done);
    if (number !== this.asked) return;
    const dials = this.dials;
    this.dials = false;
    if (html === null) {
      if (dials) this.place.fail();
      return;
    }
    this.put(html);
    if (dials) this.place.call();
  }

  private put(html: string): void {
    this.shown = this.text;
    this.place.show(html);
  }
}

/** Whether *text* is more than an extension or a name. */
export function looksLikeNumber(text: string): boolean {
  return NUMBER.test(text) && (text.match(/[0-9]/g) ?? []).length >= SHORTEST;
}
