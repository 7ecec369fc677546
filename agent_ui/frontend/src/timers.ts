// Ticks every `<time data-since>` against the house's clock: a machine's own may be wrong.

/** Seconds as `m:ss`, from an hour on `h:mm:ss`. */
export function written(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number): string => String(value).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

export function startTimers(page: Document): void {
  const now = page.body.dataset["now"];
  const offset = now === undefined ? 0 : Date.parse(now) - Date.now();
  const tick = (): void => {
    for (const time of page.querySelectorAll<HTMLElement>("time[data-since]")) {
      const text = written((Date.now() + offset - Date.parse(time.dataset["since"] ?? "")) / 1000);
      if (time.textContent !== text) time.textContent = text;
    }
  };
  tick();
  setInterval(tick, 250);
}
