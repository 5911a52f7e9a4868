import type { Commitment, CommitmentExpiries } from "@berth/contract";
import { formatMoney } from "../../../output/format.ts";
import type { ListView } from "../../../output/print.ts";
import { formatFacts } from "../../../output/table.ts";

const dayOf = (instant: string) => instant.slice(0, 10);

/** What it covers, as `us-east-1 m7i.xlarge`. */
function coveredBy({ region, zone, machine_type, family }: Commitment): string {
  return [zone ?? region ?? "everywhere", machine_type ?? family].filter((part) => part !== null).join(" ");
}

/** Of an hour: of one reserved instance, or what a savings plan commits to. */
function priceOf({ per_hour, commitment_per_hour }: Commitment): string {
  const price = per_hour ?? commitment_per_hour;
  return price === null ? "" : formatMoney(price);
}

/** Commitments as a table. */
export const COMMITMENTS: ListView<Commitment> = {
  noun: "commitments",
  nameOf: (commitment) => commitment.id,
  columns: [
    { header: "kind", value: (commitment) => commitment.kind },
    { header: "covers", value: coveredBy },
    { header: "count", value: ({ count }) => (count === null ? "" : String(count)), align: "right" },
    { header: "term", value: (commitment) => commitment.term },
    { header: "payment", value: (commitment) => commitment.payment_option },
    {
      header: "an hour",
      value: priceOf,
      align: "right",
    },
    { header: "state", value: (commitment) => commitment.state },
    { header: "ends", value: ({ ends_at }) => dayOf(ends_at) },
    { header: "id", value: (commitment) => commitment.id },
    { header: "class", value: ({ offering_class }) => offering_class ?? "", wide: true },
    { header: "at the start", value: ({ upfront }) => (upfront === null ? "" : formatMoney(upfront)), wide: true },
    { header: "starts", value: ({ starts_at }) => dayOf(starts_at), wide: true },
    { header: "source", value: ({ source, external_id }) => [source, external_id ?? ""].join(" ").trim(), wide: true },
  ],
};

/** One of them, with all that is known of it. */
export function describeCommitment(commitment: Commitment): string {
  const { count, upfront, offering_class } = commitment;
  const atTheStart = upfront === null ? "" : ` and ${formatMoney(upfront)} at the start`;
  return formatFacts([
    ["Commitment", `${commitment.id} (${commitment.external_id ?? "no id of AWS"})`],
    ["Kind", [commitment.kind, offering_class].filter((word) => word !== null).join(", ")],
    ["Covers", coveredBy(commitment)],
    [
      "Price",
      count === null ? `${priceOf(commitment)} an hour` : `${count} times ${priceOf(commitment)} an hour${atTheStart}`,
    ],
    ["Term", `${commitment.term}, ${commitment.payment_option}: ${commitment.starts_at} to ${commitment.ends_at}`],
    ["State", commitment.state],
    ["Account", commitment.account ?? "not said"],
    ["Source", commitment.source],
  ]);
}

type ExpiryMonth = CommitmentExpiries["months"][number];
/** More than this share that ends in one month is a cliff (docs/planner.md, guard rails). */
const CLIFF_SHARE = 1 / 6;

/** What ends, by month. */
export const EXPIRIES: ListView<ExpiryMonth> = {
  noun: "months in which a commitment ends",
  nameOf: ({ month }) => month,
  columns: [
    { header: "month", value: ({ month }) => month },
    { header: "commitments", value: ({ commitments }) => commitments, align: "right" },
    { header: "an hour", value: ({ per_hour }) => formatMoney(per_hour), align: "right" },
    { header: "share", value: ({ share }) => (share === null ? "" : `${(share * 100).toFixed(1)}%`), align: "right" },
    { header: "note", value: ({ share }) => ((share ?? 0) > CLIFF_SHARE ? "over a sixth" : "") },
  ],
};
