import type { CommitmentUsage } from "@berth/contract";
import {
  type CommitmentRow,
  type LeftOutPurchase,
  listCommitmentsBetween,
  listLeftOutPurchases,
  listMachineRuns,
  listOnDemandPrices,
  listRateBooks,
  type RateBookRow,
  type Sql,
} from "@berth/db";
import { moneyFromNanoUsd, ok, type Result } from "@berth/domain";
import { commitmentUsage, type FleetHistory, joinUsage, type PlanRateBook } from "@berth/planner";
import { type Refusal, refuse } from "../http/refusal.ts";
import { iso } from "../http/wire.ts";
import { ratioOf, shareOf } from "../packing/ratio.ts";

const HOUR_MS = 3_600_000;
/** Before there were machines: PostgreSQL knows no instants before the year 1 as ISO writes them. */
const OLDEST_HOUR = Date.UTC(2000, 0) / HOUR_MS;
const LONGEST_HOURS = 31 * 24;
const USUAL_HOURS = 7 * 24;
/** Billed in one go: others are served between two days. */
const HOURS_AT_ONCE = 24;

/** What commitments covered in the clock-hours of the query, by the bill of the machines that ran. */
export async function readUsage(
  db: Sql,
  query: { readonly since?: string | undefined; readonly until?: string | undefined },
  now: Date,
): Promise<Result<CommitmentUsage, Refusal>> {
  const range = hoursOf(query, now);
  if (!range.ok) return range;
  const { fromHour, hours } = range.value;
  const [since, until] = [new Date(fromHour * HOUR_MS), new Date((fromHour + hours) * HOUR_MS)];
  const [runs, commitments, prices, rateBooks, leftOut] = await Promise.all([
    listMachineRuns(db, since, until),
    listCommitmentsBetween(db, since, until),
    listOnDemandPrices(db),
    listRateBooks(db, ["ec2_instance_savings_plan", "compute_savings_plan"]),
    listLeftOutPurchases(db),
  ]);
  const planned = new Set(commitments.map(({ kind }) => kind));
  const books = rateBooks.filter(({ kind }) => planned.has(kind));
  const history: Omit<FleetHistory, "fromHour" | "hours"> = {
    runs,
    commitments,
    prices,
    rateBooks: books as readonly (RateBookRow & PlanRateBook)[],
  };
  const parts = [];
  for (let hour = fromHour; hour < fromHour + hours; hour += HOURS_AT_ONCE) {
    parts.push(
      commitmentUsage({ ...history, fromHour: hour, hours: Math.min(HOURS_AT_ONCE, fromHour + hours - hour) }),
    );
    await new Promise(setImmediate);
  }
  return ok({ since: iso(since), until: iso(until), ...toUsageBody(joinUsage(parts), commitments, books, leftOut) });
}

function hoursOf(
  query: { readonly since?: string | undefined; readonly until?: string | undefined },
  now: Date,
): Result<{ readonly fromHour: number; readonly hours: number }, Refusal> {
  const hourOf = (instant: string) => Math.max(OLDEST_HOUR, Math.floor(Date.parse(instant) / HOUR_MS));
  const current = Math.floor(now.getTime() / HOUR_MS);
  const until = query.until === undefined ? current : Math.min(hourOf(query.until), current);
  const fromHour = query.since === undefined ? until - USUAL_HOURS : hourOf(query.since);
  const hours = until - fromHour;
  const fault = (code: string, detail: string) =>
    refuse("validation_failed", detail, { errors: [{ pointer: "?since", code, detail }] });
  if (hours < 1) return fault("no_hour", "No clock-hour that has ended lies between since and until.");
  if (hours > LONGEST_HOURS) return fault("too_long", "31 days at most.");
  return ok({ fromHour, hours });
}

type Usage = ReturnType<typeof joinUsage>;
type Exact = Usage["hours"][number]["eligible"];

function toUsageBody(
  { totals, families, hours, reservations, plans, unbilled, unrated }: Usage,
  commitments: readonly CommitmentRow[],
  books: readonly RateBookRow[],
  leftOut: readonly LeftOutPurchase[],
): Omit<CommitmentUsage, "since" | "until"> {
  const kindOf = new Map(commitments.map(({ id, kind }) => [id as string, kind]));
  const eligible = families.reduce((sum, one) => sum + numberOf(one.eligible), 0);
  const covered = families.reduce((sum, one) => sum + numberOf(one.reserved) + numberOf(one.planned), 0);
  return {
    without_commitments: moneyFromNanoUsd(totals.withoutCommitmentsNanoUsd),
    cost: moneyFromNanoUsd(totals.amortizedNanoUsd),
    on_demand: moneyFromNanoUsd(totals.onDemandNanoUsd),
    saved: moneyFromNanoUsd(totals.withoutCommitmentsNanoUsd - totals.amortizedNanoUsd),
    coverage: shareOf(covered, eligible),
    families: families.map((one) => ({
      region: one.region,
      family: one.family,
      ...unitsOf(one),
    })),
    commitments: [...reservations, ...plans].map((one) => {
      const nanoUsd = one.recurringNanoUsd + one.amortizedNanoUsd;
      const { over, under } = one.purchased;
      // What was bought and not used, of its price: the rest of the division stays with what was used.
      const unused = over === 0n ? 0n : nanoUsd - (nanoUsd * one.used.over * under) / (one.used.under * over);
      const kind = kindOf.get(one.id) ?? "reserved_instances";
      const inUnits = (amount: Exact) => (kind === "reserved_instances" ? ratioOf(numberOf(amount)) : null);
      return {
        commitment_id: one.id,
        kind,
        purchased: inUnits(one.purchased),
        used: inUnits(one.used),
        utilization: shareOf(numberOf(one.used), numberOf(one.purchased)),
        cost: moneyFromNanoUsd(nanoUsd),
        unused_cost: moneyFromNanoUsd(unused),
      };
    }),
    hours: hours.map((one) => ({
      at: iso(new Date(one.hour * HOUR_MS)),
      ...unitsOf(one),
      on_demand: moneyFromNanoUsd(one.onDemandNanoUsd),
    })),
    unbilled_machine_types: [...unbilled],
    unrated_commitments: [...unrated],
    left_out_purchases: leftOut.map(({ externalId, region, because }) => ({
      external_id: externalId,
      region,
      because,
    })),
    price_books: books.map(({ id, kind, region, version, source }) => ({
      price_book_id: id,
      kind,
      region,
      version,
      source,
    })),
  };
}

function unitsOf(one: { readonly eligible: Exact; readonly reserved: Exact; readonly planned: Exact }) {
  const [eligible, reserved, planned] = [numberOf(one.eligible), numberOf(one.reserved), numberOf(one.planned)];
  return {
    eligible: ratioOf(eligible) ?? 0,
    reserved: ratioOf(reserved) ?? 0,
    planned: ratioOf(planned) ?? 0,
    coverage: shareOf(reserved + planned, eligible),
  };
}

/** An exact quantity as a number: of what is shown, never of what is reckoned with. */
function numberOf({ over, under }: Exact): number {
  const whole = over / under;
  return Number(whole) + Number(over - whole * under) / Number(under);
}
