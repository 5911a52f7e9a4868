import { parseArgs } from "node:util";
import { type Figure, figureLine } from "./figure.ts";
import { measureNoise, type Noise } from "./noise.ts";

/** A thing to measure. */
export interface BenchPart {
  /** What `--only` calls it; the names of its figures begin with it. */
  readonly name: string;
  measure(tell: (line: string) => void): Promise<readonly Figure[]>;
}

/** A part cannot be measured on this machine; the message says what is missing. */
export class CannotMeasure extends Error {
  override readonly name = "CannotMeasure";
}

/** How a bench ends. `npm run bench` ends as the worst of its benches. */
export const BENCH_EXIT = { measured: 0, failed: 1, missing: 3 } as const;

/** What a bench prints to, and how it finds out how noisy the machine is. */
export interface BenchSurroundings {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  measureNoise(): Promise<Noise>;
}

const MACHINE: BenchSurroundings = { stdout: process.stdout, stderr: process.stderr, measureNoise };

/**
 * Measures one part after the other and prints the figures of each once they are there; gives the exit code.
 *
 * `--json` makes a line of JSON of each, `--only PART` leaves out the others, `--list` names the parts. Figures go to
 * standard output and all else to standard error. Beside each part stands how noisy the machine was before it. A part that
 * fails, or for which something is missing, does not keep the others from being measured.
 */
export async function runBench(
  args: readonly string[],
  parts: readonly BenchPart[],
  surroundings: BenchSurroundings = MACHINE,
): Promise<number> {
  const { json, list, only } = parseArgs({
    args: [...args],
    options: {
      json: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      only: { type: "string", multiple: true },
    },
  }).values;
  const print = (line: string) => void surroundings.stdout.write(`${line}\n`);
  const tell = (line: string) => void surroundings.stderr.write(`${line}\n`);

  const ends: number[] = [];
  for (const part of parts) {
    if (only !== undefined && !only.includes(part.name)) continue;
    if (list) print(part.name);
    else {
      const noise = await surroundings.measureNoise();
      ends.push(await measurePart(part, noise, (figure) => print(figureLine(figure, json)), tell));
    }
  }
  return ends.includes(BENCH_EXIT.failed) ? BENCH_EXIT.failed : Math.max(BENCH_EXIT.measured, ...ends);
}

async function measurePart(
  part: BenchPart,
  { loadAverage, busyCores, idleTimerP99 }: Noise,
  print: (figure: Figure) => void,
  tell: (line: string) => void,
): Promise<number> {
  tell(
    `${part.name}: load average ${loadAverage.toFixed(2)}, ${busyCores.toFixed(2)} cores busy before it, ` +
      `an idle timer's p99 ${idleTimerP99.toFixed(2)} ms`,
  );
  try {
    const figures = await part.measure(tell);
    // On a noisy machine the figures after these are not ours alone. A sleeper may be woken in time where no core is free.
    const noise = (name: string, value: number, unit: string, must: number, aim: number): Figure => ({
      figure: `${part.name}.${name}`,
      value,
      unit,
      must,
      aim,
      better: "lower",
    });
    print(noise("busy_cores_before", busyCores, "cores", 0.5, 0.1));
    print(noise("idle_timer_p99", idleTimerP99, "ms", 20, 5));
    for (const figure of figures) print(figure);
    return BENCH_EXIT.measured;
  } catch (error) {
    const isMissing = error instanceof CannotMeasure;
    tell(`${part.name}: ${isMissing ? error.message : error instanceof Error ? error.stack : error}`);
    return isMissing ? BENCH_EXIT.missing : BENCH_EXIT.failed;
  }
}
