import type { Commitment, CommitmentExpiries, CreateCommitmentBody } from "@berth/contract";
import type { CommitmentRow, ExpiryRow } from "@berth/db";
import { type CommitmentDraft, microUsdFromAmount, moneyFromMicroUsd } from "@berth/domain";
import { iso } from "../http/wire.ts";
import { shareOf } from "../packing/ratio.ts";

export function toCommitmentBody(row: CommitmentRow): Commitment {
  const money = (microUsd: number | null) => (microUsd === null ? null : moneyFromMicroUsd(microUsd));
  return {
    id: row.id,
    kind: row.kind,
    state: row.state,
    region: row.region,
    zone: row.zone,
    machine_type: row.machineType,
    family: row.family,
    offering_class: row.offeringClass,
    term: row.term,
    payment_option: row.paymentOption,
    count: row.count,
    upfront: money(row.upfrontMicroUsd),
    per_hour: money(row.hourlyMicroUsd),
    commitment_per_hour: money(row.commitmentMicroUsdPerHour),
    account: row.account,
    external_id: row.externalId,
    source: row.source,
    starts_at: iso(row.startsAt),
    ends_at: iso(row.endsAt),
    created_at: iso(row.createdAt),
  };
}

export function draftOf(body: CreateCommitmentBody): CommitmentDraft {
  const microUsd = (given: CreateCommitmentBody["upfront"]) =>
    given === undefined ? null : (microUsdFromAmount(given.amount) ?? null);
  return {
    kind: body.kind,
    region: body.region ?? null,
    zone: body.zone ?? null,
    machineType: body.machine_type ?? null,
    family: body.family ?? null,
    offeringClass: body.offering_class ?? null,
    term: body.term,
    paymentOption: body.payment_option,
    count: body.count ?? null,
    upfrontMicroUsd: microUsd(body.upfront),
    hourlyMicroUsd: microUsd(body.per_hour),
    commitmentMicroUsdPerHour: microUsd(body.commitment_per_hour),
    account: body.account ?? null,
    externalId: body.external_id ?? null,
    startsAt: new Date(body.starts_at),
    endsAt: body.ends_at === undefined ? null : new Date(body.ends_at),
  };
}

/** What each field of a draft is called in a request. */
export const FIELD_NAMES: Readonly<Record<keyof CommitmentDraft, keyof CreateCommitmentBody>> = {
  kind: "kind",
  region: "region",
  zone: "zone",
  machineType: "machine_type",
  family: "family",
  offeringClass: "offering_class",
  term: "term",
  paymentOption: "payment_option",
  count: "count",
  upfrontMicroUsd: "upfront",
  hourlyMicroUsd: "per_hour",
  commitmentMicroUsdPerHour: "commitment_per_hour",
  account: "account",
  externalId: "external_id",
  startsAt: "starts_at",
  endsAt: "ends_at",
};

export function toExpiriesBody(rows: readonly ExpiryRow[]): CommitmentExpiries {
  const whole = rows.reduce((sum, { microUsdPerHour }) => sum + microUsdPerHour, 0);
  return {
    months: rows.map(({ month, commitments, microUsdPerHour }) => ({
      month,
      commitments,
      per_hour: moneyFromMicroUsd(microUsdPerHour),
      share: shareOf(microUsdPerHour, whole),
    })),
  };
}
