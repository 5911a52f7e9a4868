import type { HeldLease, Leases, PoolOutlook, RebalanceRecord, RebalanceStore } from "@berth/db";
import { type Guard, type IdSource, type KubeId, keepSince, type RunId } from "@berth/domain";
import type { Clock } from "@berth/ports";
import type { EffectObserver } from "../effects.ts";
import { backoffMs, failureOf, recordFailure } from "../failure.ts";
import type { KubeRegistry } from "../kubes.ts";
import { observeKube } from "../placement/observe.ts";
import { placementProblem } from "../placement/problem.ts";
import { askEngines, type EngineAccess } from "./ask-engines.ts";
import { lookAtPool, mayPay, notLookedAt, type PoolLook, poolsToLookAt, type SeenKube } from "./look.ts";
import { LOOK_EVERY_MS } from "./settings.ts";

export interface RebalanceLoopDeps extends EngineAccess {
  readonly leases: Leases;
  readonly store: RebalanceStore;
  readonly kubes: KubeRegistry;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly effects: EffectObserver;
}

/**
 * Looks for moves that make a kube's pools cheaper than they cost, and proposes them.
 *
 * Holds a lease of its own: placement goes on meanwhile, and a plan is held against what is there before each of its steps.
 * A plan is stored whole or not at all; a crash in between is a look that was never taken.
 */
export async function reconcileRebalance(deps: RebalanceLoopDeps, id: KubeId, runId: RunId): Promise<void> {
  await deps.leases.withLease(`rebalance/${id}`, async (lease) => {
    const record = await deps.store.find(id);
    if (record === undefined) return;
    const now = deps.clock.now();
    try {
      const pools = await propose(deps, lease, record, now);
      await deps.store.recordLook(lease, id, {
        waitingFor: [],
        pools,
        failures: 0,
        wakes: record.wakes,
        nextCheckAt: new Date(now.getTime() + LOOK_EVERY_MS),
      });
      deps.effects.reached("rebalance.look", "recorded");
    } catch (error) {
      const failure = failureOf(error, "rebalance", runId);
      if (failure === undefined) throw error;
      const guard = { name: failure.guard, subject: id, hint: failure.message };
      await recordFailure(error, () =>
        deps.store.recordLook(lease, id, {
          waitingFor: keepSince(record.waitingFor, [guard], now.toISOString()),
          pools: undefined,
          failures: record.failures + 1,
          wakes: record.wakes,
          nextCheckAt: new Date(now.getTime() + backoffMs(record.failures)),
        }),
      );
    }
  });
}

async function propose(
  deps: RebalanceLoopDeps,
  lease: HeldLease,
  record: RebalanceRecord,
  now: Date,
): Promise<PoolOutlook[]> {
  const looked = poolsToLookAt(record);
  const looks = looked.length === 0 ? [] : await lookAtPools(deps, record, looked, now);
  const outlooks: PoolOutlook[] = [];
  for (const pool of record.pools) {
    const without = notLookedAt(record, pool);
    const look = looks.find((one) => one.poolId === pool.poolId);
    if (look !== undefined) outlooks.push(await recordPool(deps, lease, record, look, now));
    else if (without !== undefined) {
      if (without.outcome !== "open")
        await deps.store.withdraw(lease, pool.poolId, "Its pool is not rebalanced any more.");
      outlooks.push({ ...without, planId: null });
    }
  }
  return outlooks;
}

async function lookAtPools(
  deps: RebalanceLoopDeps,
  record: RebalanceRecord,
  pools: ReturnType<typeof poolsToLookAt>,
  now: Date,
): Promise<PoolLook[]> {
  const kubernetes = await deps.kubes.get(record.kube.id);
  const observed = await observeKube(kubernetes, record.kube, now);
  const problem = placementProblem({ ...observed, fruitless: new Map() });
  const seen: SeenKube = { record, problem, pods: observed.pods, now };
  // Thousands of engines are not asked for moves that would not pay anyhow.
  const asks = pools.some((pool) => mayPay(seen, pool));
  const green = record.clusters.filter((one) => one.state === "running" && one.health === "green" && !one.isBusy);
  const facts = asks ? await askEngines(deps, green, observed.pods) : undefined;
  return pools.map((pool) => lookAtPool(seen, pool, facts));
}

async function recordPool(
  deps: RebalanceLoopDeps,
  lease: HeldLease,
  record: RebalanceRecord,
  { proposal, ...look }: PoolLook,
  now: Date,
): Promise<PoolOutlook> {
  if (proposal === undefined) {
    await deps.store.withdraw(
      lease,
      look.poolId,
      "The fleet is another by now: there is no such plan any more that pays.",
    );
    return { ...look, planId: null };
  }
  const { isSmall, ...plan } = proposal;
  const guards = whyNotCarriedOut(record);
  const stored = await deps.store.propose(lease, record.kube.id, {
    ...plan,
    id: deps.ids.next("rebalancePlan"),
    automatic: look.mode === "automatic" && isSmall && guards.length === 0,
    waitingFor: keepSince([], guards, now.toISOString()),
  });
  if (stored.outcome === "proposed") deps.effects.reached("rebalance.propose", "recorded");
  return { ...look, outcome: stored.outcome, planId: stored.planId ?? null };
}

/** What holds back every plan of a kube, whatever it says. */
function whyNotCarriedOut(record: RebalanceRecord): Omit<Guard, "since">[] {
  const hint =
    "Berth cannot move instances yet, as it cannot drain them safely: the plan says what it would save and restart.";
  return [{ name: "safe_drain_missing", subject: record.kube.id, hint }];
}
