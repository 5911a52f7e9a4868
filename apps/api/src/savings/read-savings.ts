import {
  findCurrentReservationPlan,
  listCommitmentsBetween,
  listFleetNodes,
  listKubes,
  listOnDemandPrices,
  listPools,
  listPriceBooksInForce,
  listRateBooks,
  listSaleOfferings,
  listSettledPurchases,
  type PriceBookRow,
  type RateBookRow,
  type Sql,
} from "@berth/db";
import { TERMS } from "@berth/domain";
import { oneMachineEachPrice, VOLUMES_OF_AN_INSTANCE } from "@berth/packing";
import {
  type DemandBase,
  describeDemandBase,
  type FleetLine,
  type OwnedCommitment,
  type PlannedCommitment,
  type PlanRateBook,
  type SavingsReport,
  type ShownPurchase,
  savingsReport,
  stillToBuy,
} from "@berth/planner";

const HOUR_MS = 3_600_000;
/** Where a plan is looked at: its last month has begun (planner, plannedCommitments). */
const FIRST_YEAR_HOURS = 11 * 730;
/** More than any installation has: a list that is not paged is bounded all the same. */
const ROWS_READ = 10_000;

/** A report, and what its figures rest on. */
export interface ReadSavings {
  /** Where the clock-hour begins that it is of. */
  readonly madeAt: Date;
  readonly report: SavingsReport;
  /** Whose purchases are in the last step; undefined where there is no plan. */
  readonly reservationPlanId: string | undefined;
  /** What the plan was made for, and what it is without, in sentences. */
  readonly planNotes: readonly string[];
  /** That no machine of their own would hold. */
  readonly instancesWithoutMachine: number;
  readonly priceBooks: readonly PriceBookRow[];
}

/** The savings of all machines that are paid for now. Those that operators bring are not: nobody pays for them here. */
export async function readSavings(db: Sql, now: Date): Promise<ReadSavings> {
  const atHour = Math.floor(now.getTime() / HOUR_MS);
  const hourStart = new Date(atHour * HOUR_MS);
  const [nodes, pools, kubes, offerings, prices, rateBooks, commitments, priceBooks] = await Promise.all([
    listFleetNodes(db, {}),
    listPools(db, { order: "ascending", limit: ROWS_READ }),
    listKubes(db, { order: "ascending", limit: ROWS_READ }),
    listSaleOfferings(db, {}),
    listOnDemandPrices(db),
    listRateBooks(db, ["ec2_instance_savings_plan", "compute_savings_plan"]),
    listCommitmentsBetween(db, hourStart, new Date(hourStart.getTime() + HOUR_MS)),
    listPriceBooksInForce(db),
  ]);
  const paid = kubes.rows.filter(({ isStatic }) => !isStatic);
  const oneEach: FleetLine[] = [];
  const packed: FleetLine[] = [];
  let instancesWithoutMachine = 0;
  for (const { id, region } of paid) {
    const ofKube = nodes.filter(({ kubeId }) => kubeId === id);
    packed.push(...ofKube.map(({ zone, machineType }) => ({ region, zone, machineType, count: 1 })));
    const solo = oneMachineEachPrice(
      ofKube.flatMap(({ instances }) => instances.map((one) => ({ ...one, volumes: VOLUMES_OF_AN_INSTANCE }))),
      pools.rows.filter(({ kubeId }) => kubeId === id).flatMap(({ machineTypes }) => machineTypes),
      offerings.filter(({ kubeId }) => kubeId === id),
    );
    oneEach.push(...solo.machines.map((machines) => ({ region, ...machines })));
    instancesWithoutMachine += solo.withoutType;
  }
  const plan = await readPlan(db, atHour);
  const regions = new Set(paid.map(({ region }) => region));
  const kinds = new Set<string>(["on_demand", ...[...commitments, ...(plan?.purchases ?? [])].map(({ kind }) => kind)]);
  return {
    madeAt: hourStart,
    report: savingsReport({
      atHour,
      oneEach,
      packed,
      held: commitments,
      plan: plan?.purchases ?? [],
      heldWithPlan: commitments.filter(
        ({ id, endsAt }) => plan?.bought.has(id) === true || endsAt.getTime() > (atHour + FIRST_YEAR_HOURS) * HOUR_MS,
      ),
      prices,
      rateBooks: rateBooks as readonly (RateBookRow & PlanRateBook)[],
    }),
    reservationPlanId: plan?.id,
    planNotes: plan?.notes ?? [],
    instancesWithoutMachine,
    priceBooks: priceBooks.filter(({ region, kind }) => regions.has(region) && kinds.has(kind)),
  };
}

interface ReadPlan {
  readonly id: string;
  /** What is still to be bought. */
  readonly purchases: readonly OwnedCommitment[];
  /** Ids of the commitments that were bought for it. */
  readonly bought: ReadonlySet<string>;
  readonly notes: readonly string[];
}

/** What the plan holds that was approved last, or waits to be, where its first year ends: as if it began now. */
async function readPlan(db: Sql, atHour: number): Promise<ReadPlan | undefined> {
  const plan = await findCurrentReservationPlan(db);
  if (plan === undefined) return undefined;
  const {
    base = [],
    leftOut = [],
    firstYear = [],
    purchases = [],
  } = plan.result as {
    readonly base?: readonly DemandBase[];
    readonly leftOut?: readonly string[];
    readonly firstYear?: readonly PlannedCommitment[];
    readonly purchases?: readonly ShownPurchase[];
  };
  const settled = await listSettledPurchases(db, plan.id);
  return {
    id: plan.id,
    purchases: stillToBuy(firstYear, purchases, settled).map((one) => ({
      ...one,
      id: one.id.replace(/^plan/, plan.id),
      startsAt: new Date(atHour * HOUR_MS),
      endsAt: new Date((atHour + TERMS[one.term].hours) * HOUR_MS),
    })),
    notes: [...base.map(describeDemandBase), ...leftOut.map((one) => `The plan is without ${one}`)],
    bought: new Set(settled.flatMap(({ commitmentId }) => commitmentId ?? [])),
  };
}
