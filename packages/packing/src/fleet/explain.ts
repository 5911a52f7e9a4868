import type { Candidate, Explanation, InstanceRequest, RefusalCount, RejectionReason } from "../types.ts";
import type { CandidateList, CandidateLists } from "./candidate-lists.ts";
import { conflictingRows, type NodeFacts, type NodeTable, PLANNED, type ZoneRows } from "./node-table.ts";
import { GONE, POSSIBLE, type RefusalCode, type Refusals } from "./refusals.ts";

/** Nodes of a zone up to which each is listed. */
const LISTED_IN_FULL = 200;
/** Beyond that: of those that were possible, and of each reason. */
const BEST_LISTED = 20;
const REFUSED_LISTED = 3;

/** The options of a zone where no node holds an instance, with the code of each. */
export interface OptionLook {
  readonly candidates: readonly Candidate[];
  readonly codes: readonly RefusalCode[];
}

export const NO_OPTIONS: OptionLook = { candidates: [], codes: [] };

/** Why an instance is about to go to the row `chosen`, or why not to any (-1). To be asked before anything changes. */
export type Explain = (request: InstanceRequest, chosen: number, options: OptionLook) => Explanation;

type Codes = Pick<CandidateList, "code" | "counts">;

/**
 * Counts every candidate and lists a bounded part of them; what it costs to describe one is spent on those alone.
 *
 * O(rows of the zone + options), a comparison for a row that room decides.
 */
export function explainer(table: NodeTable, lists: CandidateLists, refusals: Refusals): Explain {
  const describe = (row: number, rejection: RejectionReason | undefined, score: number | undefined) => {
    const facts = table.facts[row] as NodeFacts;
    return candidateOf(facts.name, facts, rejection, score);
  };

  /** Scratch: codes of one instance, where it is more than room that decides. */
  let own = new Uint16Array(64);

  /** The codes and their counts for this instance alone. */
  function codesFor(request: InstanceRequest, zone: ZoneRows, ofSize: CandidateList): Codes {
    const conflicting = conflictingRows(table, request);
    const launchClosed = request.launchClosed === undefined ? POSSIBLE : refusals.closedCode(request.launchClosed);
    const asksAll = refusals.hasRules || launchClosed !== POSSIBLE;
    if (!asksAll && conflicting.length === 0) return ofSize;
    const { rows } = zone;
    const counts = [...ofSize.counts];
    if (own.length < rows.length) own = new Uint16Array(rows.length * 2);
    for (let place = 0; place < rows.length; place++) own[place] = ofSize.code[place] as RefusalCode;

    function ask(row: number, place: number): void {
      const before = own[place] as RefusalCode;
      let code = before;
      if (launchClosed !== POSSIBLE && table.standing[row] === PLANNED) code = launchClosed;
      if (code === POSSIBLE) code = refusals.ruleCode(row, request, conflicting);
      while (counts.length <= code) counts.push(0);
      counts[before] = (counts[before] as number) - 1;
      counts[code] = (counts[code] as number) + 1;
      own[place] = code;
    }

    if (asksAll) for (let place = 0; place < rows.length; place++) ask(rows[place] as number, place);
    else for (const row of conflicting) if (table.zoneOf[row] === zone) ask(row, table.placeOf[row] as number);
    return { code: own, counts };
  }

  return (request, chosen, options) => {
    const zone = table.zones.get(request.zone);
    const candidates: Candidate[] = [];
    if (zone === undefined) return withOptions(candidates, 0, [], [], options);
    const { rows } = zone;
    const ofSize = lists.list(zone, request);
    const { code: codes, counts } = codesFor(request, zone, ofSize);
    const nodes = rows.length - zone.spare.length;
    const inFull = nodes <= LISTED_IN_FULL;
    if (!inFull && (counts[POSSIBLE] as number) > 0) {
      for (const place of bestOf(rows, codes, ofSize.score, chosen)) {
        candidates.push(describe(rows[place] as number, undefined, ofSize.score[place]));
      }
    }
    /** By code: how many are listed, and the first, which says what the code means. */
    const listed = counts.map(() => 0);
    const examples: RejectionReason[] = [];
    for (let place = 0; place < rows.length; place++) {
      const code = codes[place] as RefusalCode;
      if (code === GONE || (!inFull && (code === POSSIBLE || (listed[code] as number) >= REFUSED_LISTED))) continue;
      const row = rows[place] as number;
      if (code === POSSIBLE) {
        candidates.push(describe(row, undefined, ofSize.score[place]));
        continue;
      }
      const rejection = refusals.describe(row, request, code);
      if (listed[code] === 0) examples[code] = rejection;
      listed[code] = (listed[code] as number) + 1;
      candidates.push(describe(row, rejection, undefined));
    }
    return withOptions(candidates, nodes, counts, examples, options);
  };
}

function withOptions(
  candidates: Candidate[],
  nodes: number,
  ofNodes: readonly number[],
  examples: RejectionReason[],
  options: OptionLook,
): Explanation {
  const counts = [...ofNodes];
  for (let place = 0; place < options.candidates.length; place++) {
    const candidate = options.candidates[place] as Candidate;
    candidates.push(candidate);
    if (candidate.rejection === undefined) continue;
    const code = options.codes[place] as RefusalCode;
    while (counts.length <= code) counts.push(0);
    counts[code] = (counts[code] as number) + 1;
    examples[code] ??= candidate.rejection;
  }
  return { candidates, considered: nodes + options.candidates.length, refusals: inOrder(counts, examples) };
}

/** The places of the twenty best of the nodes that are possible, best first, and the chosen one's where it is not among them. */
function bestOf(rows: readonly number[], codes: Uint16Array, scores: Float64Array, chosen: number): number[] {
  const best: number[] = [];
  let late = -1;
  for (let place = 0; place < rows.length; place++) {
    if (codes[place] !== POSSIBLE) continue;
    if (rows[place] === chosen) late = place;
    const score = scores[place] as number;
    if (best.length < BEST_LISTED) best.push(place);
    else if (score >= (scores[best[BEST_LISTED - 1] as number] as number)) continue;
    let at = best.length - 1;
    for (; at > 0 && (scores[best[at - 1] as number] as number) > score; at--) best[at] = best[at - 1] as number;
    best[at] = place;
  }
  if (late >= 0 && !best.includes(late)) best.push(late);
  return best;
}

/** Each reason once, the most frequent first. Of the few that there are each is put in its place: a sort takes far longer. */
function inOrder(counts: readonly number[], examples: readonly RejectionReason[]): RefusalCount[] {
  const all: RefusalCount[] = [];
  for (let code = 0; code < examples.length; code++) {
    const example = examples[code];
    if (example === undefined) continue;
    const count = counts[code] as number;
    const reason = example.kind === "closed" ? example.because : example.kind;
    const one = example.kind === "no_room" ? { reason, dimension: example.dimension, count } : { reason, count };
    let at = all.push(one) - 1;
    for (; at > 0 && isBefore(one, all[at - 1] as RefusalCount); at--) all[at] = all[at - 1] as RefusalCount;
    all[at] = one;
  }
  return all;
}

function isBefore(a: RefusalCount, b: RefusalCount): boolean {
  if (a.count !== b.count) return a.count > b.count;
  return a.reason === b.reason ? (a.dimension ?? "") < (b.dimension ?? "") : a.reason < b.reason;
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
