import { readFileSync } from "node:fs";
import { openInThreadSolver } from "@berth/solver";
import { type BenchPart, type Figure, median } from "@berth/testing";
import { readVbp, type VbpInstance, VbpPacking } from "../../src/index.ts";
import { progress, stopwatch } from "../spent.ts";

const DATA = new URL("../../../../data/vbp/", import.meta.url);

export interface VbpPartOptions {
  readonly seed: number;
  /** For each file, of CPU. */
  readonly cpuSeconds: number;
  /** Every so many files only: 1 is all of them. */
  readonly every: number;
}

interface Known {
  readonly file: string;
  readonly className: string;
  readonly optimum: number | undefined;
  readonly heuristic: number;
}

interface Row extends Known {
  readonly bins: number;
  readonly lowerBound: number;
  readonly cpuSeconds: number;
  readonly seconds: number;
  readonly faults: number;
}

/**
 * The public vector bin packing instances of data/vbp against what known.csv knows of them: optima, and the fewest bins of all
 * published constructive heuristics. Ends with a file when the bins are as few as the bound.
 */
export function vbpPart(options: VbpPartOptions): BenchPart {
  return { name: "vbp", measure: (tell) => measure(options, tell) };
}

async function measure({ seed, cpuSeconds, every }: VbpPartOptions, tell: (line: string) => void): Promise<Figure[]> {
  const files = readKnown().filter((_, index) => index % every === 0);
  const say = progress();
  const solver = await openInThreadSolver();
  const rows: Row[] = [];
  try {
    for (const [index, known] of files.entries()) {
      say(`vbp: ${index} of ${files.length}, ${known.file}`);
      const watch = stopwatch();
      const instance = readInstance(known.file);
      const packing = await VbpPacking.open(instance, seed, solver);
      while (packing.bins > packing.lowerBound && watch().cpuSeconds < cpuSeconds) await packing.step();
      const { bins, lowerBound } = packing;
      const faults = faultsOf(instance, packing.contents());
      await packing.close();
      rows.push({ ...known, ...watch(), bins, lowerBound, faults });
      if (files[index + 1]?.className === known.className) continue;
      say(undefined);
      tell(
        line(
          known.className,
          rows.filter((row) => row.className === known.className),
        ),
      );
    }
  } finally {
    await solver.close();
    say(undefined);
  }
  return figuresOf(rows, tell);
}

function figuresOf(rows: readonly Row[], tell: (line: string) => void): Figure[] {
  const classes = [...new Set(rows.map(({ className }) => className))];
  for (const name of classes)
    tell(
      line(
        name,
        rows.filter((row) => row.className === name),
      ),
    );
  tell(line("all", rows));
  const known = rows.filter((row) => row.optimum !== undefined);
  const open = rows.filter((row) => row.optimum === undefined);
  const worse = rows.filter((row) => row.bins > row.heuristic);
  for (const { file, bins, heuristic } of worse)
    tell(`vbp: ${file}: ${bins} bins, a published heuristic has ${heuristic}`);
  const above = known.filter((row) => row.bins > (row.optimum ?? 0));
  for (const { file, bins, optimum, lowerBound } of above) {
    tell(`vbp: ${file}: ${bins} bins, the optimum is ${optimum}, the bound ${lowerBound}`);
  }
  // Fewer bins than the optimum, or a bound above it: then something is wrong, here or there.
  const wrong = rows.filter(
    ({ bins, lowerBound, optimum, faults }) =>
      faults > 0 || bins < lowerBound || (optimum !== undefined && (lowerBound > optimum || bins < optimum)),
  );
  for (const { file, bins, lowerBound } of wrong) tell(`vbp: ${file}: cannot be: ${bins} bins, bound ${lowerBound}`);
  const percent = (one: number, other: number) => (other === 0 ? 0 : 100 * (one / other - 1));
  const sum = (of: (row: Row) => number, list: readonly Row[]) => list.reduce((total, row) => total + of(row), 0);
  const binsOf = (row: Row) => row.bins;
  const lower = { better: "lower" } as const;
  return [
    {
      figure: "vbp.over_optimum",
      value: percent(
        sum(binsOf, known),
        sum((row) => row.optimum ?? 0, known),
      ),
      unit: "%",
      must: 1.5,
      aim: 0.7,
      ...lower,
    },
    {
      figure: "vbp.open_over_bound",
      value: percent(
        sum(binsOf, open),
        sum((row) => row.lowerBound, open),
      ),
      unit: "%",
      must: 5,
      aim: 2,
      ...lower,
    },
    { figure: "vbp.worse_than_heuristic", value: worse.length, unit: "files", must: 0, aim: 0, ...lower },
    {
      figure: "vbp.proven_optimal",
      value: (100 * rows.filter((row) => row.bins === row.lowerBound).length) / Math.max(1, rows.length),
      unit: "%",
      must: 50,
      aim: 90,
      better: "higher",
    },
    { figure: "vbp.wrong", value: wrong.length, unit: "files", must: 0, aim: 0, ...lower },
    {
      figure: "vbp.cpu_seconds_median",
      value: median(rows.map((row) => row.cpuSeconds)),
      unit: "s",
      must: 6,
      aim: 1,
      ...lower,
    },
  ];
}

function line(name: string, rows: readonly Row[]): string {
  const sum = (of: (row: Row) => number) => rows.reduce((total, row) => total + of(row), 0);
  const known = rows.filter((row) => row.optimum !== undefined);
  const inKnown = known.reduce((total, row) => total + row.bins, 0);
  const optima = known.reduce((total, row) => total + (row.optimum ?? 0), 0);
  return (
    `vbp: ${name}: ${rows.length} files, ${sum((row) => row.bins)} bins, published heuristics ` +
    `${sum((row) => row.heuristic)}, bound ${sum((row) => row.lowerBound)}; ${known.length} with a known optimum: ${inKnown} bins ` +
    `for ${optima}; CPU ${sum((row) => row.cpuSeconds).toFixed(0)} s, ${sum((row) => row.seconds).toFixed(0)} s`
  );
}

function readKnown(): Known[] {
  const [, ...rows] = readFileSync(new URL("known.csv", DATA), "utf8").trim().split("\n");
  return rows.map((row) => {
    const [file = "", , , , optimum = "", heuristic = ""] = row.split(",");
    return {
      file,
      className: file.slice(0, file.indexOf("_")),
      optimum: optimum === "" ? undefined : Number(optimum),
      heuristic: Number(heuristic),
    };
  });
}

function readInstance(file: string): VbpInstance {
  const read = readVbp(readFileSync(new URL(file, DATA), "utf8"));
  if (!read.ok) throw new Error(`${file}: line ${read.error.line} ${read.error.rule}`);
  return read.value;
}

/** Bins over their room, and kinds that are there more or less often than they should be. */
function faultsOf({ capacity, kinds }: VbpInstance, contents: readonly (readonly number[])[]): number {
  const seen = kinds.map(() => 0);
  let faults = 0;
  for (const bin of contents) {
    for (const kind of bin) seen[kind] = (seen[kind] ?? 0) + 1;
    const isOver = capacity.some((room, d) => bin.reduce((sum, kind) => sum + (kinds[kind]?.size[d] ?? 0), 0) > room);
    if (isOver) faults += 1;
  }
  return faults + kinds.filter(({ count }, kind) => count !== seen[kind]).length;
}
