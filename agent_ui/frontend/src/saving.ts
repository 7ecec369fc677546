// What a place of the page tells the house, without a browser: each thing once, one after the other, and all of it
// before the place is left.

const MOST_ROUNDS = 3;

/** Something to be told: *about* names it, *tell* does it and says whether it was taken. */
export interface Word {
  about: string;
  tell: () => Promise<boolean>;
}

export class Saving {
  private readonly known = new Map<string, "waits" | "told">();
  private readonly turns = new Map<string, Promise<boolean>>();
  private readonly left = new Set<string>();

  /** Whether *about* waits for its turn, or is on its way. */
  has(about: string): boolean {
    return this.known.has(about);
  }

  /** Tell it at once, unless it is on its way; whether it was taken. */
  async now({ about, tell }: Word): Promise<boolean> {
    if (this.known.get(about) === "told") return true;
    this.known.set(about, "told");
    try {
      return await tell();
    } finally {
      this.known.delete(about);
    }
  }

  /** Tell *words* after what *place* tells already, as far as they are taken; whether all were. */
  send(place: string, words: readonly Word[]): Promise<boolean> {
    for (const { about } of words) if (!this.has(about)) this.known.set(about, "waits");
    const turn = this.inTurn(this.turns.get(place), words);
    this.turns.set(place, turn);
    const over = (): void => {
      if (this.turns.get(place) === turn) this.turns.delete(place);
    };
    void turn.then(over, over);
    return turn;
  }

  /** Tell what *place* still holds, then *go*; once, however often it is asked for. What is not taken stays. */
  async leave(place: string, holds: () => readonly Word[], go: () => Promise<void>): Promise<void> {
    if (this.left.has(place)) return;
    this.left.add(place);
    try {
      // Somebody may write on while the first words are on their way.
      for (let round = 0; round < MOST_ROUNDS; round += 1) {
        if (!(await this.send(place, holds()))) return;
        if (holds().length === 0) break;
      }
      await go();
    } finally {
      this.left.delete(place);
    }
  }

  private async inTurn(before: Promise<boolean> | undefined, words: readonly Word[]): Promise<boolean> {
    let taken = (await before) ?? true;
    for (const word of words) {
      if (this.known.get(word.about) !== "waits") continue; // told meanwhile
      if (taken) taken = await this.now(word);
      else this.known.delete(word.about);
    }
    return taken;
  }
}
