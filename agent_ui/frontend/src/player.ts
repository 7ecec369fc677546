// Recordings: `[data-recording]` becomes a wave to click into, with speed and keys; without this script the
// browser's own player stays. The outline comes from the server, the sound only when somebody listens.

import WaveSurfer, { type WaveSurferOptions } from "wavesurfer.js";

import { type Outline, faster, sought, waves } from "./playing";
import { written } from "./timers";
import { Turns } from "./turns";

const WAVE_PX = 36;
const OUTLINES = 2; // at a time: one that has to be made first may take seconds

interface Parts {
  root: HTMLElement;
  audio: HTMLAudioElement;
  keys: HTMLElement;
  wave: HTMLElement;
  at: HTMLElement;
  play: HTMLButtonElement;
  speed: HTMLSelectElement;
}

const started = new WeakMap<HTMLElement, WaveSurfer>();
const nonce = document.querySelector<HTMLScriptElement>("script[nonce]")?.nonce ?? "";
const outlines = new Turns(OUTLINES);
const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting || !(target instanceof HTMLElement)) continue;
    seen.unobserve(target);
    outlines.take(() => start(target));
  }
});

function find(): void {
  for (const root of document.querySelectorAll<HTMLElement>("[data-recording]:not([data-started])")) {
    root.classList.add("waits");
    seen.observe(root);
  }
}

function partsOf(root: HTMLElement): Parts | null {
  const audio = root.querySelector("audio");
  const keys = root.querySelector<HTMLElement>(".player-keys");
  const wave = root.querySelector<HTMLElement>(".player-wave");
  const at = root.querySelector<HTMLElement>("[data-at]");
  const play = root.querySelector<HTMLButtonElement>("[data-play]");
  const speed = root.querySelector<HTMLSelectElement>("[data-speed]");
  if (!audio || !keys || !wave || !at || !play || !speed) return null;
  return { root, audio, keys, wave, at, play, speed };
}

async function start(root: HTMLElement): Promise<void> {
  const parts = partsOf(root);
  const address = root.dataset["recording"]?.replace(/\/audio$/, "/peaks");
  if (parts === null || address === undefined || !root.isConnected || root.dataset["started"] !== undefined) return;
  root.dataset["started"] = "";
  let outline: Outline | null = null;
  try {
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    if (answer.ok) outline = (await answer.json()) as Outline;
  } catch {
    // The browser's own player says what is the matter when somebody tries to listen.
  }
  root.classList.remove("waits");
  if (outline === null || outline.seconds <= 0) return;
  started.get(root)?.destroy(); // drawn over by a newer piece of the page
  const wave = draw(parts, outline);
  started.set(root, wave);
  listen(parts, wave, outline.seconds);
  parts.audio.hidden = true;
  parts.keys.hidden = false;
}

function draw({ root, audio, wave }: Parts, { channels, seconds }: Outline): WaveSurfer {
  const two = channels.length > 1;
  root.classList.toggle("two", two);
  const colours = getComputedStyle(root);
  const colour = (name: string): string => colours.getPropertyValue(`--wave-${name}`).trim();
  const common: Partial<WaveSurferOptions> = { barWidth: 2, barGap: 1, barRadius: 1, cursorWidth: 2 };
  const sides = ["customer", "agent"].map((side) => ({
    overlay: true,
    waveColor: colour(side),
    progressColor: colour(`${side}-heard`),
  }));
  return WaveSurfer.create({
    ...common,
    container: wave,
    media: audio,
    peaks: waves(channels),
    duration: seconds,
    height: WAVE_PX,
    waveColor: colour("customer"),
    progressColor: colour("customer-heard"),
    cursorColor: colour("cursor"),
    cspNonce: nonce,
    dragToSeek: true,
    hideScrollbar: true,
    ...(two ? { splitChannels: sides } : {}),
  });
}

function listen({ root, audio, wave, at, play, speed }: Parts, sound: WaveSurfer, seconds: number): void {
  const [playWord, pauseWord] = [play.getAttribute("aria-label") ?? "", play.dataset["pauseWord"] ?? ""];
  const show = (now: number): void => {
    at.textContent = written(now);
    wave.setAttribute("aria-valuenow", String(Math.floor(now)));
    wave.setAttribute("aria-valuetext", written(now));
  };
  const playing = (is: boolean): void => {
    root.classList.toggle("playing", is);
    play.setAttribute("aria-label", is ? pauseWord : playWord);
  };
  const pace = (value: number): void => {
    speed.value = String(value);
    sound.setPlaybackRate(value, true);
  };
  wave.setAttribute("aria-valuemax", String(Math.floor(seconds)));
  sound.on("timeupdate", show);
  sound.on("play", () => {
    playing(true);
    for (const other of document.querySelectorAll("audio")) if (other !== audio) other.pause();
  });
  sound.on("pause", () => playing(false));
  sound.on("finish", () => playing(false));
  audio.addEventListener("error", () => root.classList.add("failed"));
  play.onclick = () => void toggle(root, sound);
  speed.onchange = () => pace(Number(speed.value));
  wave.onkeydown = (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const to = sought(event.key, sound.getCurrentTime(), seconds);
    if (to !== null) sound.setTime(to);
    else if (event.key === " " || event.key === "Enter") void toggle(root, sound);
    else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      pace(faster(Number(speed.value), event.key === "ArrowUp" ? 1 : -1));
    } else return;
    event.preventDefault();
  };
  // Drawn over by a newer piece of the page, a sound may go on.
  playing(!audio.paused);
  show(audio.currentTime);
}

async function toggle(root: HTMLElement, sound: WaveSurfer): Promise<void> {
  try {
    await sound.playPause();
    root.classList.remove("failed");
  } catch (error) {
    // A pause that comes before the sound did is no failure.
    if (!(error instanceof DOMException && error.name === "AbortError")) root.classList.add("failed");
  }
}

new MutationObserver(find).observe(document.body, { childList: true, subtree: true });
find();
