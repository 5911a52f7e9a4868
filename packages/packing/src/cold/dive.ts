import type { ColumnGeneration } from "./columns.ts";
import { mayGo, type Pattern, patternOf } from "./vector-problem.ts";

/** Bins of which the program uses at least this share of one are taken beside the likeliest. */
const LIKELY = 0.5;
/** Share of the bins still to come that one step may take beyond whole ones. */
const STEP_SHARE = 0.1;

/**
 * Whole bins out of column generation: those that the master program uses whole are taken, and some of those it uses most;
 * then it is solved again for what is left, with new patterns of that, until nothing is. No class is covered more than once;
 * some of one may be left over where rows are groups of classes, and the pattern that covers a group holds others of it alone.
 * O(steps), about 1 / STEP_SHARE of them, each a solve or two and a round of small tables.
 */
export async function diveForBins(
  columns: ColumnGeneration,
): Promise<readonly { readonly pattern: Pattern; readonly times: number }[]> {
  const left = Int32Array.from(columns.problem.demand);
  const taken: { pattern: Pattern; times: number }[] = [];
  const take = (pattern: Pattern, times: number) => {
    for (const [i, c] of pattern.classes.entries()) {
      left[c] = (left[c] as number) - times * (pattern.counts[i] as number);
    }
    taken.push({ pattern, times });
  };
  while (left.some((count) => count > 0)) {
    let use = await columns.solveFor(left);
    if (taken.length > 0 && columns.priceSmall() > 0) use = await columns.solveFor(left);
    const bins = use.reduce((sum, amount) => sum + amount, 0);
    const ranked = Array.from(use.keys())
      .filter((index) => (use[index] as number) > 1e-6)
      .sort((a, b) => (use[b] as number) - (use[a] as number) || a - b);
    const before = taken.length;
    let more = Math.max(1, Math.floor(bins * STEP_SHARE));
    for (const index of ranked) {
      const amount = use[index] as number;
      const whole = Math.floor(amount + 1e-6);
      const isLikely = more > 0 && (amount - whole >= LIKELY || index === ranked[0]);
      if (isLikely) more -= 1;
      for (let times = 0; times < whole + (isLikely ? 1 : 0); times++) {
        const filled = fill(columns, columns.patterns[index] as Pattern, left);
        if (filled.classes.length > 0) take(filled, 1);
      }
    }
    if (taken.length === before) break;
  }
  await columns.solveFor(columns.problem.demand);
  return taken;
}

/**
 * The pattern with no more of each class than is left, and with others in the room that this leaves: by exchanges the program
 * counts a larger one for a smaller one.
 */
function fill({ problem, values }: ColumnGeneration, { offer, classes, counts }: Pattern, left: Int32Array): Pattern {
  const { dimensions, sizes, capacities } = problem;
  const filled = new Int32Array(left.length);
  const room = capacities.slice(offer * dimensions, (offer + 1) * dimensions);
  const add = (c: number, most: number) => {
    let count = Math.min(most, (left[c] as number) - (filled[c] as number));
    for (let d = 0; d < dimensions; d++) {
      const size = sizes[c * dimensions + d] as number;
      if (size > 0) count = Math.min(count, Math.floor((room[d] as number) / size));
    }
    if (count <= 0) return;
    filled[c] = (filled[c] as number) + count;
    for (let d = 0; d < dimensions; d++) room[d] = (room[d] as number) - count * (sizes[c * dimensions + d] as number);
  };
  for (const [i, c] of classes.entries()) add(c, counts[i] as number);
  const byValue = Array.from(left.keys())
    .filter((c) => (left[c] as number) > (filled[c] as number) && mayGo(problem, c, offer))
    .sort((a, b) => (values[b] as number) - (values[a] as number) || a - b);
  for (const c of byValue) add(c, Number.POSITIVE_INFINITY);
  return patternOf(offer, filled);
}
