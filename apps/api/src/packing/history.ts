import type { PackingHistory } from "@berth/contract";
import { listColdPlans, type PackingPoint, readPackingHistory, SAMPLE_SECONDS, type Sql } from "@berth/db";
import { moneyFromMicroUsd } from "@berth/domain";
import { iso } from "../http/wire.ts";
import { toPastColdPlan } from "../packing-studies/wire.ts";
import { shareOf } from "./ratio.ts";

const MOST_POINTS = 500;
const DAY_MS = 86_400_000;
/** A year in steps of ten minutes would be far more than anyone looks at: longer steps make it fit. */
const LONGEST_MS = 366 * DAY_MS;

/** Before there were samples: PostgreSQL knows no instants before the year 1 as ISO writes them. */
const OLDEST_MS = Date.UTC(2000, 0);

/** How full the pools were from `since` on and before `until`: by default the last day. */
export async function readHistory(
  db: Sql,
  query: { readonly kube_id?: string | undefined; readonly pool_id?: string | undefined } & {
    readonly since?: string | undefined;
    readonly until?: string | undefined;
  },
  now: Date,
): Promise<PackingHistory> {
  // The end of the ten minutes that now is in: what is asked twice in them is answered alike.
  const until = query.until === undefined ? endOfSample(now) : new Date(Math.max(OLDEST_MS, Date.parse(query.until)));
  const begin = query.since === undefined ? until.getTime() - DAY_MS : Date.parse(query.since);
  const since = new Date(Math.max(OLDEST_MS, begin, until.getTime() - LONGEST_MS));
  const steps = Math.ceil((until.getTime() - since.getTime()) / 1000 / SAMPLE_SECONDS / MOST_POINTS);
  const stepSeconds = SAMPLE_SECONDS * Math.max(1, steps);
  const asked = { kubeId: query.kube_id, poolId: query.pool_id, since, until };
  const [points, coldPlans] = await Promise.all([
    readPackingHistory(db, { ...asked, stepSeconds }),
    listColdPlans(db, { ...asked, limit: MOST_POINTS }),
  ]);
  return {
    since: iso(since),
    until: iso(until),
    step_seconds: stepSeconds,
    points: points.map(toPoint),
    cold_plans: coldPlans.map(toPastColdPlan),
  };
}

function endOfSample(now: Date): Date {
  const sampleMs = SAMPLE_SECONDS * 1000;
  return new Date((Math.floor(now.getTime() / sampleMs) + 1) * sampleMs);
}

function toPoint(point: PackingPoint): PackingHistory["points"][number] {
  const paid = point.priceMicroUsdPerHour * 24;
  return {
    at: iso(point.at),
    machines: point.machines,
    instances: point.instances,
    price_per_hour: moneyFromMicroUsd(point.priceMicroUsdPerHour),
    idle_per_day: moneyFromMicroUsd(point.idleMicroUsdPerDay),
    requested_share: {
      cpu: shareOf(point.requestedCpuMilli, point.allocatableCpuMilli),
      memory: shareOf(point.requestedMemoryMib, point.allocatableMemoryMib),
      volumes: shareOf(point.requestedVolumes, point.allocatableVolumes),
      instances: shareOf(point.instances, point.allocatableInstances),
    },
    used_share: {
      cpu: shareOf(point.usedCpuMilli, point.measuredCpuMilli),
      memory: shareOf(point.usedMemoryMib, point.measuredMemoryMib),
    },
    density: shareOf(point.dataInstances, point.machines),
    // Idle is what the dominant utilization leaves of the price.
    dominant_utilization: shareOf(paid - point.idleMicroUsdPerDay, paid),
  };
}
