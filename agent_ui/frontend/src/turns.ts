// Work that must not crowd out the rest: a browser opens six connections to a house at most, so what may take
// long goes through few of them, and the phone, notes and cards keep theirs.

/** Lets at most *limit* pieces of work go on at a time; the others wait, in order. */
export class Turns {
  private running = 0;
  private readonly waiting: (() => Promise<void>)[] = [];

  constructor(private readonly limit: number) {}

  /** *work* begins now or when its turn comes; the next one's comes also when it fails. */
  take(work: () => Promise<void>): void {
    this.waiting.push(work);
    this.next();
  }

  private next(): void {
    if (this.running >= this.limit) return;
    const work = this.waiting.shift();
    if (work === undefined) return;
    this.running += 1;
    const done = (): void => {
      this.running -= 1;
      this.next();
    };
    void work().then(done, done);
  }
}
