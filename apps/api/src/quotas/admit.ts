import { type Fault, QUOTA_NAMES } from "@berth/contract";
import {
  type BrokenLimit,
  brokenLimitsOf,
  type FleetDemand,
  type FleetUsage,
  moneyFromMicroUsd,
  ok,
  type Quota,
  type QuotaUse,
  type Result,
} from "@berth/domain";
import { type Refusal, refuse } from "../http/refusal.ts";
import { quotaAmount } from "./wire.ts";

/** Passes what the organization has room for. `pointerOf` says where in the body the amount is that is too large. */
export function admit(
  usage: FleetUsage,
  demand: FleetDemand,
  pointerOf: (limit: BrokenLimit) => string,
): Result<true, Refusal> {
  const broken = brokenLimitsOf(usage, demand);
  const [first] = broken;
  if (first === undefined) return ok(true);
  const errors = broken.map(
    (one): Fault => ({ pointer: pointerOf(one), code: codeOf(one), detail: detailOf(one, usage, demand) }),
  );
  return first.kind === "quota"
    ? refuseQuota(first.quota, usage.quotas[first.quota], demand.quotas[first.quota], errors)
    : refuse("spend_cap_exceeded", detailOf(first, usage, demand), {
        errors,
        extra: {
          spend: {
            cap: moneyFromMicroUsd(first.capMicroUsdPerHour),
            used: moneyFromMicroUsd(usage.spend.usedMicroUsdPerHour),
            requested: moneyFromMicroUsd(demand.microUsdPerHour),
          },
        },
      });
}

/** Passes one more project, member or key, when there may be one. `use` comes from `lockQuota`, of the same transaction. */
export function admitOne(quota: "projects" | "members" | "apiKeys", use: QuotaUse): Result<true, Refusal> {
  return use.used < use.limit ? ok(true) : refuseQuota(quota, use, 1);
}

function refuseQuota(quota: Quota, use: QuotaUse, requested: number, errors?: readonly Fault[]) {
  return refuse("quota_exceeded", sentenceOf(quota, use, requested), {
    ...(errors === undefined ? {} : { errors }),
    extra: {
      quota: QUOTA_NAMES[quota],
      limit: quotaAmount(quota, use.limit),
      used: quotaAmount(quota, use.used),
      requested: quotaAmount(quota, requested),
    },
  });
}

function codeOf(limit: BrokenLimit) {
  return limit.kind === "quota" ? "quota_exceeded" : "spend_cap_exceeded";
}

function detailOf(limit: BrokenLimit, usage: FleetUsage, demand: FleetDemand): string {
  if (limit.kind === "quota") {
    return sentenceOf(limit.quota, usage.quotas[limit.quota], demand.quotas[limit.quota]);
  }
  const [cap, used, requested] = [
    limit.capMicroUsdPerHour,
    usage.spend.usedMicroUsdPerHour,
    demand.microUsdPerHour,
  ].map((amount) => `$${moneyFromMicroUsd(amount).amount.slice(0, -8)}`);
  return `The organization's clusters may cost ${cap} an hour; they cost ${used}, and this would add ${requested}.`;
}

function sentenceOf(quota: Quota, { limit, used }: QuotaUse, requested: number): string {
  const [what, unit] = WORDS[quota];
  const say = (amount: number) => (unit === "" ? String(amount) : `${Math.round((amount / 1024) * 10) / 10}${unit}`);
  return `The organization may have ${say(limit)} ${what}; it has ${say(used)}, and this asks for ${say(requested)}.`;
}

const WORDS = {
  clusters: ["clusters", ""],
  instances: ["instances", ""],
  memoryMib: ["of memory", " GiB"],
  storageMib: ["of storage", " GiB"],
  projects: ["projects", ""],
  members: ["members and open invitations", ""],
  apiKeys: ["live API keys", ""],
} as const satisfies Readonly<Record<Quota, readonly [string, string]>>;
