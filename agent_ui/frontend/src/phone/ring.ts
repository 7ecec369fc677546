// The bell, made of tones: no file to fetch. Browsers give sound only to pages that somebody has touched.

/** When the tone sounds in a cycle, in seconds, and its pitches (Hz). */
interface Pattern {
  cycle: number;
  bursts: readonly (readonly [at: number, length: number])[];
  pitches: readonly number[];
  gain: number;
}

const PATTERNS = {
  ring: { cycle: 3, bursts: [[0, 0.4], [0.6, 0.4]], pitches: [660, 880], gain: 0.18 },
  back: { cycle: 4, bursts: [[0, 1]], pitches: [425], gain: 0.06 },
} as const satisfies Record<string, Pattern>;

export type Tone = keyof typeof PATTERNS;

/** One tab's bell. */
export class Bell {
  private readonly context = new AudioContext();
  private tone: Tone | null = null;
  private timer: number | null = null;
  private sounding: { gain: GainNode; oscillators: OscillatorNode[] } | null = null;

  /** *changed*: sound was allowed now. */
  constructor(page: Document, changed: () => void) {
    const unlock = (): void => {
      if (this.silent) void this.context.resume();
    };
    for (const touch of ["pointerdown", "keydown"]) page.addEventListener(touch, unlock, { capture: true });
    this.context.onstatechange = changed;
  }

  /** The browser gives no sound yet. */
  get silent(): boolean {
    return this.context.state !== "running";
  }

  /** Sound *tone* until another, or none (null). */
  play(tone: Tone | null): void {
    if (tone === this.tone) return;
    this.tone = tone;
    if (this.timer !== null) window.clearInterval(this.timer);
    this.timer = null;
    this.hush();
    if (tone === null) return;
    const pattern: Pattern = PATTERNS[tone];
    this.cycle(pattern);
    this.timer = window.setInterval(() => this.cycle(pattern), pattern.cycle * 1000);
  }

  private cycle(pattern: Pattern): void {
    this.hush();
    if (this.silent) return; // what was planned while silent would come all at once
    const gain = this.context.createGain();
    gain.gain.value = 0;
    gain.connect(this.context.destination);
    const start = this.context.currentTime;
    for (const [at, length] of pattern.bursts) {
      gain.gain.setTargetAtTime(pattern.gain, start + at, 0.01);
      gain.gain.setTargetAtTime(0, start + at + length, 0.03);
    }
    const oscillators = pattern.pitches.map((pitch) => {
      const oscillator = this.context.createOscillator();
      oscillator.frequency.value = pitch;
      oscillator.connect(gain);
      oscillator.start(start);
      oscillator.stop(start + pattern.cycle);
      return oscillator;
    });
    this.sounding = { gain, oscillators };
  }

  private hush(): void {
    for (const oscillator of this.sounding?.oscillators ?? []) oscillator.disconnect();
    this.sounding?.gain.disconnect();
    this.sounding = null;
  }
}
