// A pressed button says so until what it asked for is a fact: until then it is a wish.

const LONGEST_MS = 8000;

/** Wishes by a key of the button's own. *fact*: what will be different once the wish is granted. */
export class Pending {
  private readonly wishes = new Map<string, { fact: string; until: number }>();

  press(key: string, fact: string, now: number): void {
    this.wishes.set(key, { fact, until: now + LONGEST_MS });
  }

  /** Whether the wish is still one; a wish that nobody grants is forgotten after a while. */
  waits(key: string, fact: string, now: number): boolean {
    const wish = this.wishes.get(key);
    if (wish === undefined) return false;
    if (wish.fact === fact && now < wish.until) return true;
    this.wishes.delete(key);
    return false;
  }

  /** Something did not work: nobody waits for it any longer. */
  clear(): void {
    this.wishes.clear();
  }
}
