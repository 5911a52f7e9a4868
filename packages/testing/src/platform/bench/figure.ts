/** One measured number, in the form that every bench of the repository prints. */
export interface Figure {
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  readonly must: number;
  readonly aim: number;
  readonly better: "lower" | "higher";
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle) - 1] ?? Number.NaN)) / 2;
}

/** Two places. */
export function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** One JSON line a figure, or a table for people. */
export function printFigures(figures: readonly Figure[], asJson: boolean): void {
  if (asJson) {
    for (const figure of figures) console.log(JSON.stringify(figure));
    return;
  }
  for (const { figure, value, unit, must, aim, better } of figures) {
    const holds = better === "lower" ? value <= must : value >= must;
    const bound = better === "lower" ? "at most" : "at least";
    const text = `${value} ${unit}`.padEnd(14);
    console.log(`${holds ? "ok  " : "MISS"} ${figure.padEnd(38)} ${text} must be ${bound} ${must}, aim ${aim}`);
  }
}
