import type { HeldLease, Leases, PoolOutlook, RebalancePlanRecord, RebalanceRecord, RebalanceStore } from "@berth/db";
import { type Guard, type IdSource, type KubeId, keepSince, type RunId } from "@berth/domain";
import { decideRebalance, type RebalanceDecision } from "@berth/lifecycle";
import type { Clock } from "@berth/ports";
import type { EffectObserver, ReadOnlyKubernetes } from "../effects.ts";
import { backoffMs, failureOf, recordFailure } from "../failure.ts";
import type { KubeRegistry } from "../kubes.ts";
import { observeKube } from "../placement/observe.ts";
import { placementProblem } from "../placement/problem.ts";
import { askEngines, type EngineAccess } from "./ask-engines.ts";
import { BRIEF_GUARDS, executeRebalance } from "./execute.ts";
import {
  lookAtPool,
  mayPay,
  movingClusters,
  notLookedAt,
  type PoolLook,
  poolsToLookAt,
  type SeenKube,
} from "./look.ts";
import { progressOf } from "./progress.ts";
import { HELD_CHECK_MS, LOOK_EVERY_MS } from "./settings.ts";

export interface RebalanceLoopDeps extends EngineAccess {
  readonly leases: Leases;
  readonly store: RebalanceStore;
  readonly kubes: KubeRegistry;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly effects: EffectObserver;
  /** Whether plans are carried out, on kubes where nothing is real. */
  readonly executes: boolean;
}

/**
 * Looks for moves that make a kube's pools cheaper than they cost, proposes them, and carries out what was approved.
 *
 * Holds a lease of its own: placement goes on meanwhile, and a plan is held against what is there before each of its steps.
 * A plan is stored whole or not at all, and where it has come to stands in its moves' rows: a run that ends anywhere is gone
 * on with by the next. Nobody waits in here: what is under way is looked at again a second later.
 */
export async function reconcileRebalance(deps: RebalanceLoopDeps, id: KubeId, runId: RunId): Promise<void> {
  await deps.leases.withLease(`rebalance/${id}`, async (lease) => {
    const record = await deps.store.find(id);
    if (record === undefined) return;
    const now = deps.clock.now();
    try {
      const carried = await carryOut(deps, lease, record, now);
      const lookAt = (record.observedAt?.getTime() ?? 0) + LOOK_EVERY_MS;
      const looks = carried === undefined || record.isAskedFor || lookAt <= now.getTime();
      const pools = looks ? await propose(deps, lease, record, now) : undefined;
      const nextLookAt = looks ? now.getTime() + LOOK_EVERY_MS : lookAt;
      await deps.store.recordLook(lease, id, {
        waitingFor: [],
        pools,
        failures: 0,
        wakes: record.wakes,
        nextCheckAt: new Date(Math.min(nextLookAt, now.getTime() + (carried ?? LOOK_EVERY_MS))),
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

/**
 * Takes each plan that was approved, or of which a move is under way, one step further. Gives in how many milliseconds to
 * look again; undefined when there is none.
 */
async function carryOut(
  deps: RebalanceLoopDeps,
  lease: HeldLease,
  record: RebalanceRecord,
  now: Date,
): Promise<number | undefined> {
  const plans = record.plans.filter(({ state }) => state !== "proposed");
  if (plans.length === 0) return undefined;
  const kubernetes = await deps.kubes.get(record.kube.id);
  const seen = await seeKube(kubernetes, record, now);
  const moving = movingClusters(record);
  const facts = await askEngines(
    deps,
    record.clusters.filter(({ id }) => moving.has(id)),
    seen.pods,
  );
  const settled = new Set(
    record.clusters
      .filter(({ id }) => {
        const known = facts.get(id);
        return known?.kind === "known" && known.isGreen;
      })
      .map(({ id }) => id as string),
  );
  const checks: number[] = [];
  for (const plan of plans) {
    const next = await advance(deps, lease, kubernetes, seen, plan, settled);
    if (next !== undefined) checks.push(next);
  }
  return checks.length === 0 ? LOOK_EVERY_MS : Math.min(...checks);
}

/** Gives in how many milliseconds to look at the plan again; undefined when nothing of it wants that. */
async function advance(
  deps: RebalanceLoopDeps,
  lease: HeldLease,
  kubernetes: ReadOnlyKubernetes,
  seen: SeenKube,
  plan: RebalancePlanRecord,
  settled: ReadonlySet<string>,
): Promise<number | undefined> {
  const decision = decideRebalance(
    progressOf(seen, plan, settled, whyNotCarriedOut(deps, seen.record)),
    seen.now.getTime(),
  );
  const record = async (before: typeof plan.state, after: Pick<RebalanceDecision, "state" | "reason" | "guards">) => {
    const waitingFor = keepSince(plan.waitingFor, after.guards, seen.now.toISOString());
    await deps.store.recordPlan(lease, plan.id, before, { state: after.state, reason: after.reason, waitingFor });
    deps.effects.reached("rebalance.plan", "recorded");
  };
  // It runs before anything of it is begun: from here on placement keeps off the nodes that it empties.
  if (decision.state !== plan.state) await record(plan.state, decision);
  const guards = [...decision.guards];
  let nextCheckInMs = decision.nextCheckInMs;
  for (const action of decision.actions) {
    const executed = await executeRebalance(deps, lease, kubernetes, seen, plan, action);
    guards.push(...executed.guards);
    // A lease is free again in a moment; what an engine says takes longer to become another.
    const isLong = executed.guards.some(({ name }) => !BRIEF_GUARDS.includes(name));
    if (isLong && nextCheckInMs !== undefined) nextCheckInMs = Math.max(nextCheckInMs, HELD_CHECK_MS);
    if (executed.misfit !== undefined) {
      await record(decision.state, {
        state: "superseded",
        reason: `The fleet is another by now: ${executed.misfit}`,
        guards: [],
      });
      return undefined;
    }
  }
  await record(decision.state, { ...decision, guards });
  return nextCheckInMs;
}

async function seeKube(kubernetes: ReadOnlyKubernetes, record: RebalanceRecord, now: Date): Promise<SeenKube> {
  const observed = await observeKube(kubernetes, record.kube, now);
  // To placement the nodes that a plan empties are closed; to the plan they are what it is about.
  const problem = placementProblem({ ...observed, emptying: new Set(), fruitless: new Map() });
  return { record, problem, pods: observed.pods, now };
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
  const seen = await seeKube(kubernetes, record, now);
  // Thousands of engines are not asked for moves that would not pay anyhow.
  const asks = pools.some((pool) => mayPay(seen, pool));
  const green = record.clusters.filter((one) => one.state === "running" && one.health === "green" && !one.isBusy);
  const facts = asks ? await askEngines(deps, green, seen.pods) : undefined;
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
  const guards = whyNotCarriedOut(deps, record);
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
function whyNotCarriedOut(
  { executes }: RebalanceLoopDeps,
  { kube, simulated }: RebalanceRecord,
): Omit<Guard, "since">[] {
  const subject = kube.id;
  if (!simulated) {
    const hint =
      "Berth cannot move instances of real engines yet, as it cannot drain them safely: the plan says what it would save.";
    return [{ name: "safe_drain_missing", subject, hint }];
  }
  if (executes) return [];
  const hint = "Plans are not carried out here: start the worker with BERTH_REBALANCE=simulated.";
  return [{ name: "rebalance_off", subject, hint }];
}
