/** What a wish (`auto`, `light`, `dark`) means on a machine that prefers dark or does not. */
export function shown(wish: string | undefined, dark: boolean): "light" | "dark" {
  if (wish === "light" || wish === "dark") return wish;
  return dark ? "dark" : "light";
}
