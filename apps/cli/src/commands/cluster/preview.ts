import type { ClusterPreview, CreateClusterBody } from "@berth/contract";
import { EXIT_CODES } from "../../exit-codes.ts";
import { Failure } from "../../failure.ts";
import { formatAge, formatMoney } from "../../output/format.ts";
import { printBody } from "../../output/print.ts";
import { type Column, formatFacts, formatTable } from "../../output/table.ts";
import type { Session } from "../../session.ts";
import { describeAdmission, refusalOfAdmission } from "../describe-admission.ts";
import { NAME_TAKEN_HINT } from "./name-taken.ts";

type Place = ClusterPreview["placement"][number];

const PLACES: readonly Column<Place>[] = [
  { header: "instance", value: (place) => `${place.component}-${place.ordinal}` },
  { header: "zone", value: (place) => place.zone },
  { header: "machine", value: (place) => place.machine },
  { header: "type", value: (place) => place.machine_type ?? undefined },
  { header: "why not", value: (place) => place.reason ?? undefined },
];

/** Shows where a cluster would go and what it would cost; a failure when the create would be refused, or has no place. */
export async function previewCluster(session: Session, body: CreateClusterBody): Promise<void> {
  const preview = await dryRunOf(session, body);
  await printBody(session, preview, (one) => `${describePreview(one)}\nNothing was stored: this was a dry run.\n`);
  const refusal = refusalOf(body, preview);
  if (refusal !== undefined) throw refusal;
  if (!preview.feasible) throw noPlace();
}

export function noPlace(): Failure {
  return new Failure(EXIT_CODES.failure, "not every instance has a place: see the reasons above");
}

export async function dryRunOf(session: Session, body: CreateClusterBody): Promise<ClusterPreview> {
  const client = await session.client();
  const answer = await client.createCluster({ body, query: { dry_run: true } });
  if (answer.status !== 200) throw new Error(`a dry run answers 200, not ${answer.status}`);
  return answer.body;
}

/** How the create would be refused now; undefined when it would be accepted. */
export function refusalOf({ name }: CreateClusterBody, preview: ClusterPreview): Failure | undefined {
  if (!preview.name_taken) return refusalOfAdmission(preview.admission);
  return new Failure(EXIT_CODES.conflict, `the project has a cluster named ${name} already`, { hint: NAME_TAKEN_HINT });
}

export function describePreview(preview: ClusterPreview): string {
  const { spec } = preview;
  const age = formatAge(preview.observed_at, Date.now());
  const facts = formatFacts([
    ["Engine", `${spec.engine} ${spec.version}`],
    ["Region", spec.region],
    [
      "Price",
      `${formatMoney(preview.price_per_hour)} an hour, ${formatMoney(preview.price_per_month)} a month of 730 hours`,
    ],
    ["Quotas", describeAdmission(preview.admission)],
    ["Feasible", preview.feasible ? "yes" : "no"],
    ["Machines seen", age === undefined ? "there are none" : `${age} ago`],
  ]);
  return `${facts}\n${formatTable(PLACES, preview.placement)}`;
}
