/** One measured number, in the form that every bench of the repository prints. */
export interface Figure {
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  /** The bound that it must keep, and what we aim at. */
  readonly must: number;
  readonly aim: number;
  readonly better: "lower" | "higher";
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle) - 1] ?? Number.NaN)) / 2;
}

/** The smallest value that 99 of 100 do not exceed. */
export function p99(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.99) - 1] ?? Number.NaN;
}

/** A JSON line, or one for people; the value has two places. */
export function figureLine(figure: Figure, asJson: boolean): string {
  const { figure: name, unit, must, aim, better } = figure;
  const value = Math.round(figure.value * 100) / 100;
  if (asJson) return JSON.stringify({ figure: name, value, unit, must, aim, better });
  const holds = better === "lower" ? value <= must : value >= must;
  const bound = better === "lower" ? "at most" : "at least";
  const text = `${value} ${unit}`.padEnd(16);
  return `${holds ? "ok  " : "MISS"} ${name.padEnd(42)} ${text} must be ${bound} ${must}, aim ${aim}`;
}
