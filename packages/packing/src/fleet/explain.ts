import type { Candidate, Explanation, RefusalCount, RejectionReason } from "../types.ts";
import { POSSIBLE, type RefusalCode } from "./refusals.ts";

/** Nodes of a zone up to which each is listed. */
const LISTED_IN_FULL = 200;
/** Beyond that: of those that were possible, and of each reason. */
const BEST_LISTED = 20;
const REFUSED_LISTED = 3;

/** A zone's nodes as an instance finds them. What a candidate costs to describe is spent on those alone that are listed. */
export interface Look {
  /** In the order in which they are listed. */
  readonly rows: readonly number[];
  /** Where it goes; -1: nowhere, or on a machine that is not there yet. */
  readonly chosen: number;
  codeOf(row: number): RefusalCode;
  scoreOf(row: number): number;
  rejectionOf(row: number, code: RefusalCode): RejectionReason;
  describe(row: number, rejection: RejectionReason | undefined, score: number | undefined): Candidate;
}

/** Counts every candidate and lists a bounded part of them. O(rows). */
export function explain(look: Look, options: readonly Candidate[]): Explanation {
  const { rows, chosen } = look;
  const inFull = rows.length <= LISTED_IN_FULL;
  const candidates: Candidate[] = [];
  const possible: { readonly row: number; readonly score: number }[] = [];
  /** By code; the example says what the code means. */
  const counts: ({ readonly example: RejectionReason; count: number } | undefined)[] = [];
  for (const row of rows) {
    const code = look.codeOf(row);
    if (code === POSSIBLE) {
      const score = look.scoreOf(row);
      if (inFull) candidates.push(look.describe(row, undefined, score));
      else possible.push({ row, score });
      continue;
    }
    const seen = counts[code];
    if (seen !== undefined) seen.count += 1;
    if (seen !== undefined && !inFull && seen.count > REFUSED_LISTED) continue;
    const rejection = look.rejectionOf(row, code);
    if (seen === undefined) counts[code] = { example: rejection, count: 1 };
    candidates.push(look.describe(row, rejection, undefined));
  }
  if (!inFull) {
    possible.sort((a, b) => a.score - b.score);
    const best = possible.slice(0, BEST_LISTED);
    const late = possible.slice(BEST_LISTED).filter(({ row }) => row === chosen);
    candidates.unshift(...[...best, ...late].map(({ row, score }) => look.describe(row, undefined, score)));
  }
  return {
    candidates: [...candidates, ...options],
    considered: rows.length + options.length,
    refusals: countRefusals(counts, options),
  };
}

/** Each reason once, the most frequent first. */
function countRefusals(
  counts: readonly ({ readonly example: RejectionReason; readonly count: number } | undefined)[],
  options: readonly Candidate[],
): RefusalCount[] {
  const byKey = new Map<string, RefusalCount>();
  const add = (rejection: RejectionReason, count: number) => {
    const reason = rejection.kind === "closed" ? rejection.because : rejection.kind;
    const dimension = rejection.kind === "no_room" ? rejection.dimension : undefined;
    const key = `${reason} ${dimension}`;
    const before = byKey.get(key)?.count ?? 0;
    byKey.set(key, { reason, ...(dimension === undefined ? {} : { dimension }), count: before + count });
  };
  for (const one of counts) if (one !== undefined) add(one.example, one.count);
  for (const { rejection } of options) if (rejection !== undefined) add(rejection, 1);
  return [...byKey.entries()].sort(([a, x], [b, y]) => y.count - x.count || (a < b ? -1 : 1)).map(([, count]) => count);
}

export function candidateOf(
  target: string,
  { machineType, zone, poolId, priceMicroUsdPerHour }: Omit<Candidate, "target" | "rejection" | "score">,
  rejection: RejectionReason | undefined,
  score: number | undefined,
): Candidate {
  // Hundreds are made for each instance: a spread takes several times as long.
  if (rejection !== undefined) return { target, machineType, zone, poolId, priceMicroUsdPerHour, rejection };
  if (score === undefined) return { target, machineType, zone, poolId, priceMicroUsdPerHour };
  return { target, machineType, zone, poolId, priceMicroUsdPerHour, score: Math.round(score) };
}
