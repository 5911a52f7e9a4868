/** Numbers and times of the API as people read them. The wire stays in base units; only tables come through here. */

const BINARY = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** 8589934592 -> `8GiB`; at most one decimal, none when it is zero. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < BINARY.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${trimmed(value, 1)}${BINARY[unit]}`;
}

/** 1500 -> `1.5`: cores. */
export function formatCpuMillis(millis: number): string {
  return trimmed(millis / 1000, 3);
}

/** A decimal string of the API with at most four places, as they are: money is never rounded into a float on the way. */
export function formatMoney(money: { readonly amount: string; readonly currency: string }): string {
  const [whole = "0", fraction = ""] = money.amount.split(".");
  const places = fraction.slice(0, 4).replace(/0+$/, "").padEnd(2, "0");
  const more = /[1-9]/.test(fraction.slice(4)) ? "~" : "";
  return money.currency === "USD" ? `${more}$${whole}.${places}` : `${more}${whole}.${places} ${money.currency}`;
}

/** How long ago, in kubectl's manner: `45s`, `3m20s`, `5h`, `12d`. */
export function formatAge(iso: string | null | undefined, nowMs: number): string | undefined {
  if (iso === null || iso === undefined) return undefined;
  return formatDuration(nowMs - Date.parse(iso));
}

/** Milliseconds as `0.4s`, `45s`, `3m20s`, `5h`, `12d`; negative ones (clocks differ) as `0s`. */
export function formatDuration(durationMs: number): string {
  const seconds = Math.max(0, durationMs) / 1000;
  if (seconds < 10) return `${trimmed(seconds, 1)}s`;
  const whole = Math.floor(seconds);
  if (whole < 120) return `${whole}s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 10) return `${minutes}m${whole % 60 === 0 ? "" : `${whole % 60}s`}`;
  if (minutes < 120) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`;
}

function trimmed(value: number, places: number): string {
  return value.toFixed(places).replace(/\.?0+$/, "");
}
