// The microphone: which one, whether it can be used, and how loud it is.

import type { Failure } from "./model";
import { ofMicrophone } from "./reasons";

const CHOSEN = "callcard-microphone";

/** The id of the chosen device; the machine's own choice when none was made. */
export function chosen(): string {
  return localStorage.getItem(CHOSEN) ?? "";
}

export function choose(device: string): void {
  localStorage.setItem(CHOSEN, device);
}

/** Devices to choose from. Their names are empty until the browser was allowed to use one. */
export async function devices(): Promise<MediaDeviceInfo[]> {
  const all = await navigator.mediaDevices.enumerateDevices();
  return all.filter(({ kind, deviceId }) => kind === "audioinput" && deviceId !== "");
}

/** Open the chosen device, or another when it is away. Throws what `reasons.ofMicrophone` reads. */
export function open(): Promise<MediaStream> {
  const device = chosen();
  const audio: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  if (device !== "") audio.deviceId = { ideal: device };
  return navigator.mediaDevices.getUserMedia({ audio, video: false });
}

export function close(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

/** What would keep a call from being heard, as far as it can be known without opening the microphone. */
export async function look(): Promise<Failure | null> {
  if (!window.isSecureContext || navigator.mediaDevices === undefined) return "insecure";
  try {
    const all = await navigator.mediaDevices.enumerateDevices();
    if (!all.some(({ kind }) => kind === "audioinput")) return "microphone-none";
    const { state } = await navigator.permissions.query({ name: "microphone" as PermissionName });
    if (state === "denied") return "microphone-denied";
    return state === "prompt" ? "microphone-unasked" : null;
  } catch (error) {
    // Firefox before 132 cannot be asked about the microphone; then a call will show.
    return error instanceof TypeError ? null : ofMicrophone(error);
  }
}

/** How loud *stream* is: 0 to 1, again and again, until the returned act. */
export function meter(stream: MediaStream, show: (level: number) => void): () => void {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = window.setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    show(loudness(samples));
  }, 80);
  return () => {
    window.clearInterval(timer);
    void context.close();
  };
}

/** Samples (-1 to 1) as a bar shows them: 0 at -60 dB and below, 1 at full scale. */
export function loudness(samples: Float32Array): number {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / Math.max(1, samples.length);
  return power > 0 ? Math.min(1, Math.max(0, 1 + Math.log10(power) / 6)) : 0;
}
