import type { PlacementDecisionDetail } from "@berth/contract";
import { Command } from "@commander-js/extra-typings";
import { EXIT_CODES } from "../../../exit-codes.ts";
import { Failure } from "../../../failure.ts";
import { formatMoney } from "../../../output/format.ts";
import { printThing } from "../../../output/print.ts";
import { type Column, formatFacts, formatTable } from "../../../output/table.ts";
import type { Berth } from "../../../program.ts";
import type { Session } from "../../../session.ts";

type Candidate = PlacementDecisionDetail["candidates"][number];

const CANDIDATES: readonly Column<Candidate>[] = [
  { header: "candidate", value: (candidate) => candidate.target },
  { header: "type", value: (candidate) => candidate.machine_type },
  { header: "zone", value: (candidate) => candidate.zone },
  {
    header: "$/hour",
    value: ({ price_per_hour }) => (price_per_hour === null ? undefined : formatMoney(price_per_hour)),
    align: "right",
  },
  { header: "score", value: (candidate) => candidate.score?.toFixed(4), align: "right" },
  { header: "why not", value: (candidate) => rejectionText(candidate.rejection) },
];

export const explainPlacement = (berth: Berth) =>
  new Command("explain")
    .description(
      "Show the candidates of a placement, and why each was refused or what it scored (lower is better); of a zone with " +
        "more than 200 nodes the best ones, and some of each reason",
    )
    .argument("<decision>", "a decision (dec_…), or an instance (ins_…): its latest one")
    .action(async (id, _, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const decisionId = id.startsWith("ins_") ? await latestDecision(session, id) : id;
      const { body } = await client.getPlacementDecision({ params: { decision_id: decisionId } });
      await printThing(session, body, describe);
    });

export const explainInstance = (berth: Berth) =>
  new Command("explain")
    .description("Show where an instance is and why there: its latest placement, the candidates and why not those")
    .argument("<instance>", "an instance (ins_…)")
    .action(async (id, _, command) => {
      const session = berth.session(command);
      const decision_id = await latestDecision(session, id);
      const { body } = await (await session.client()).getPlacementDecision({ params: { decision_id } });
      await printThing(session, body, describe);
    });

async function latestDecision(session: Session, instanceId: string): Promise<string> {
  const client = await session.client();
  const { data } = (await client.listPlacementDecisions({ query: { instance_id: instanceId, limit: 1 } })).body;
  const [latest] = data;
  if (latest !== undefined) return latest.id;
  throw new Failure(EXIT_CODES.notFound, `nothing was decided about ${instanceId} yet`, {
    hint: "See: berth admin placement list",
  });
}

function describe(decision: PlacementDecisionDetail): string {
  const chosen = decision.node_name ?? decision.machine_id ?? "none";
  const facts = formatFacts([
    ["Decision", decision.id],
    ["Instance", decision.instance_id],
    ["Outcome", decision.outcome],
    ["Node", chosen],
    ["Why there", whyThere(decision)],
    ["kube-scheduler", decision.verdict ?? undefined],
    ["Decided", decision.created_at],
    ["Reasons", decision.reasons.join(", ")],
    ["Candidates", String(decision.considered)],
    ["Refused", decision.refusals.map(refusalText).join(", ")],
  ]);
  // Possible ones first, the best of them on top.
  const rank = (candidate: Candidate) => candidate.score ?? Number.POSITIVE_INFINITY;
  const ranked = decision.candidates.toSorted((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0));
  return `${facts}\n${formatTable(CANDIDATES, ranked)}`;
}

/** What decided it, in a sentence. */
function whyThere({ outcome, candidates, considered, reasons }: PlacementDecisionDetail): string {
  const possible = candidates.filter((one) => one.score !== null).toSorted((a, b) => (a.score ?? 0) - (b.score ?? 0));
  const [best, second] = possible;
  if (best === undefined) {
    return outcome === "refused"
      ? `none of ${considered} candidates could take it: ${reasons.join(", ")}`
      : "its candidates are not on record";
  }
  if (second === undefined) return `${best.target} is the only one of ${considered} candidates that could take it`;
  return `${best.target} has the lowest score, ${score(best)}; the next is ${second.target} with ${score(second)}`;
}

const score = (candidate: Candidate) => candidate.score?.toFixed(4) ?? "none";

/** As `no_room (memory): 12`. */
function refusalText({ reason, dimension, count }: PlacementDecisionDetail["refusals"][number]): string {
  return `${reason}${dimension === null ? "" : ` (${dimension})`}: ${count}`;
}

/** `{kind: "memory", needed: 8192, free: 100}` as `memory: needed 8192, free 100`. */
function rejectionText(rejection: Candidate["rejection"]): string | undefined {
  if (rejection === null) return undefined;
  const { kind, ...facts } = rejection;
  const details = Object.entries(facts).map(
    ([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : value}`,
  );
  return [kind ?? "refused", details.join(", ")].filter((part) => part !== "").join(": ");
}
