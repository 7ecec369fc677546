// The player's rules, without a browser: what keys do, what a wave is drawn from.

/** What the server knows of a sound: each channel's loudest, 0 to 100, stretch by stretch. */
export interface Outline {
  seconds: number;
  channels: number[][];
}

export const SPEEDS = [1, 1.25, 1.5, 2] as const;
const STEP_S = 5;
const LEAP_S = 30;

/** Where a key leads from *at* in a sound of *length* seconds; null for a key that leads nowhere. */
export function sought(key: string, at: number, length: number): number | null {
  const ways: Record<string, number> = {
    ArrowLeft: at - STEP_S,
    ArrowRight: at + STEP_S,
    PageDown: at - LEAP_S,
    PageUp: at + LEAP_S,
    Home: 0,
    End: length,
  };
  const to = ways[key];
  return to === undefined ? null : Math.min(length, Math.max(0, to));
}

/** The speed after (or, *by* -1, before) *speed*; the last and the first stay. */
export function faster(speed: number, by: 1 | -1): number {
  const now = SPEEDS.findIndex((each) => each >= speed);
  const place = Math.min(SPEEDS.length - 1, Math.max(0, (now < 0 ? SPEEDS.length - 1 : now) + by));
  return SPEEDS[place] ?? 1;
}

/** The wave of each channel, 0 to 1, on one scale: who spoke softly is drawn low, a soft call is not. */
export function waves(channels: number[][]): number[][] {
  const loudest = Math.max(1, ...channels.map((channel) => Math.max(0, ...channel)));
  return channels.map((channel) => channel.map((value) => value / loudest));
}
