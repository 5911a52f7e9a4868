import { err, ok, type Result } from "@berth/domain";

/** Equal bins and items of several kinds; the fewest bins that hold all items are sought. All numbers are whole. */
export interface VbpInstance {
  /** Of a bin, by dimension; from 1. */
  readonly capacity: readonly number[];
  readonly kinds: readonly VbpKind[];
}

export interface VbpKind {
  /** By dimension, from 0 to the bin's capacity. */
  readonly size: readonly number[];
  /** How many items there are of it, from 1. */
  readonly count: number;
}

/** What is wrong with a file, as "line 4" and "must …"; lines count from 1. */
export interface VbpFault {
  readonly line: number;
  readonly rule: string;
}

/**
 * Reads a file of data/vbp (its format is told there, in PROVENANCE.md): the number of dimensions, the capacity in each, the
 * number of kinds, then a line per kind with its size in each dimension and its count. Lines without anything count for
 * nothing. Refuses with the first fault. At most a million items of sizes up to a billion, so that sums stay below 2^53.
 */
export function readVbp(text: string): Result<VbpInstance, VbpFault> {
  try {
    return ok(readLines(new Lines(text)));
  } catch (error) {
    if (error instanceof Refused) return err(error.fault);
    throw error;
  }
}

const MOST_DIMENSIONS = 1_000;
const MOST_ITEMS = 1_000_000;
const MOST_SIZE = 1_000_000_000;

function readLines(lines: Lines): VbpInstance {
  const [dimensions = 0] = lines.next([{ what: "the number of dimensions", least: 1, most: MOST_DIMENSIONS }]);
  const capacity = lines.next(
    Array.from({ length: dimensions }, () => ({ what: "a bin's capacity", least: 1, most: MOST_SIZE })),
  );
  const [kindCount = 0] = lines.next([{ what: "the number of kinds", least: 0, most: MOST_ITEMS }]);
  const kinds: VbpKind[] = [];
  let items = 0;
  while (kinds.length < kindCount) {
    const numbers = lines.next([
      ...capacity.map((most) => ({ what: "a kind's size, no larger than a bin", least: 0, most })),
      { what: "how many items there are, a million in all", least: 1, most: MOST_ITEMS - items },
    ]);
    const count = numbers.at(-1) ?? 0;
    items += count;
    kinds.push({ size: numbers.slice(0, -1), count });
  }
  lines.end(`must not be there, after ${kindCount} kinds`);
  return { capacity, kinds };
}

interface Expected {
  readonly what: string;
  readonly least: number;
  readonly most: number;
}

class Refused extends Error {
  readonly fault: VbpFault;

  constructor(line: number, rule: string) {
    super(`line ${line} ${rule}`);
    this.fault = { line, rule };
  }
}

/** The lines that hold anything, each as the numbers that are expected of it. */
class Lines {
  readonly #lines: readonly { readonly line: number; readonly words: readonly string[] }[];
  readonly #lineAfter: number;
  #at = 0;

  constructor(text: string) {
    const all = text.split("\n").map((one, index) => ({ line: index + 1, words: one.trim().split(/\s+/) }));
    this.#lines = all.filter(({ words }) => words[0] !== "");
    this.#lineAfter = (this.#lines.at(-1)?.line ?? 0) + 1;
  }

  next(expected: readonly Expected[]): number[] {
    const here = this.#lines[this.#at++];
    const wanted = expected.length === 1 ? "one number" : `${expected.length} numbers`;
    if (here === undefined) throw new Refused(this.#lineAfter, `must hold ${wanted} and is missing`);
    const { line, words } = here;
    if (words.length !== expected.length) throw new Refused(line, `must hold ${wanted}, not ${words.length}`);
    return expected.map(({ what, least, most }, index) => {
      const word = words[index] ?? "";
      const value = /^\d{1,10}$/.test(word) ? Number(word) : Number.NaN;
      if (value >= least && value <= most) return value;
      const shown = JSON.stringify(word.slice(0, 40));
      throw new Refused(line, `must have a whole number from ${least} to ${most} (${what}), not ${shown}`);
    });
  }

  end(rule: string): void {
    const here = this.#lines[this.#at];
    if (here !== undefined) throw new Refused(here.line, rule);
  }
}
