import type {
  HeldLease,
  KubeRecord,
  Leases,
  LiveLease,
  NewDecision,
  NewMachine,
  PlacementStore,
  PlacementVerdict,
  SpendCapReached,
} from "@berth/db";
import { type IdSource, type KubeId, keepSince, nodeNameOf, ok, type Result, type RunId } from "@berth/domain";
import { type Assignment, checkPlacement, type PlacementPlan, placeInstances } from "@berth/packing";
import { type Clock, isPortError, type Pod } from "@berth/ports";
import { type EffectContext, type EffectObserver, type ReadOnlyKubernetes, runEffect } from "../effects.ts";
import { backoffMs, failureOf, recordFailure } from "../failure.ts";
import { inParallel } from "../in-parallel.ts";
import type { KubeRegistry } from "../kubes.ts";
import { describeSpendCap, SPEND_CAP } from "../spend-cap.ts";
import { gatePatch } from "./gate-patch.ts";
import { observeKube } from "./observe.ts";
import {
  type GatedPod,
  instanceKeyOf,
  isGated,
  LAUNCH_QUARANTINED,
  type PlacementProblem,
  placementProblem,
  type StuckPod,
} from "./problem.ts";
import { reasonsOf } from "./reasons.ts";
import { isZoneHold } from "./zone-holds.ts";

export interface PlacementLoopDeps {
  readonly leases: Leases;
  readonly store: PlacementStore;
  readonly kubes: KubeRegistry;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly effects: EffectObserver;
  /** kube-scheduler's answer to a placement, or that it never got so far: once for each. */
  readonly sawVerdict: (verdict: PlacementVerdict) => void;
}

const PATCH_LANES = 16;
/** With pods that wait for capacity or for kube-scheduler. */
const BUSY_CHECK_MS = 2_000;
const REFUSED_CHECK_MS = 10_000;
const RESTING_CHECK_MS = 30_000;

/**
 * Places what waits in one kube: packs gated pods, plans machines, sends each pod to its node, and takes back what
 * kube-scheduler refused.
 *
 * Holds the kube's lease: placements of one kube never race. The plan is checked by code of its own before anything is
 * done, and stored before the first gate is lifted; a crash in between leaves gated pods and known machines, which the
 * next run packs again.
 */
export async function reconcilePlacement(deps: PlacementLoopDeps, id: KubeId, runId: RunId): Promise<void> {
  await deps.leases.withLease(`kube/${id}`, async (lease) => {
    const kube = await deps.store.findKube(id);
    if (kube === undefined) return;
    const now = deps.clock.now();
    try {
      const kubernetes = await deps.kubes.get(id);
      const problem = await observePlacement(deps.store, kubernetes, kube, now);
      await recordVerdicts(deps, lease, problem);
      await recordBrought(deps, lease, kube, problem);
      for (const stuck of problem.stuck) await takeBack({ effects: deps.effects, lease }, kubernetes, stuck);

      const { requests, nodes, options, policy } = problem;
      const plan = placeInstances(requests, nodes, options, policy);
      const violations = checkPlacement(requests, nodes, options, plan, policy);
      if (violations.length > 0) throw new Error(`the packer broke a rule: ${JSON.stringify(violations.slice(0, 5))}`);
      const executed = await executePlan(deps, lease, kubernetes, kube, problem, plan);

      const refused = plan.assignments.filter((assignment) => assignment.outcome === "refused");
      await deps.store.recordKube(lease, id, {
        health: "healthy",
        message: undefined,
        version: await kubernetes.version(),
        waitingFor: keepSince(
          kube.waitingFor,
          [
            ...refused.map((assignment) => refusalGuard(assignment, problem)),
            ...problem.stuck.map(stuckGuard),
            ...problem.heldZones.map(({ guard }) => guard),
            ...(executed.ok ? [] : [spendCapGuard(executed.error)]),
          ],
          now.toISOString(),
        ),
        failures: 0,
        wakes: kube.wakes,
        nextCheckAt: new Date(now.getTime() + nextCheckMs(problem, refused.length)),
      });
    } catch (error) {
      const failure = failureOf(error, "placement", runId);
      if (failure === undefined) throw error;
      const unreachable = isPortError(error, "unavailable") || isPortError(error, "denied");
      const guard = { name: unreachable ? "kube_unreachable" : failure.guard, subject: id, hint: failure.message };
      await recordFailure(error, () =>
        deps.store.recordKube(lease, id, {
          health: unreachable ? "unreachable" : "healthy",
          message: failure.message,
          version: undefined,
          waitingFor: keepSince(kube.waitingFor, [guard, ...kube.waitingFor.filter(isZoneHold)], now.toISOString()),
          failures: kube.failures + 1,
          wakes: kube.wakes,
          nextCheckAt: new Date(now.getTime() + backoffMs(kube.failures)),
        }),
      );
    }
  });
}

function nextCheckMs(problem: PlacementProblem, refused: number): number {
  if (problem.underWay > 0 || problem.stuck.length > 0 || problem.gated.length > refused) return BUSY_CHECK_MS;
  return refused > 0 ? REFUSED_CHECK_MS : RESTING_CHECK_MS;
}

async function observePlacement(
  store: PlacementStore,
  kubernetes: ReadOnlyKubernetes,
  kube: KubeRecord,
  now: Date,
): Promise<PlacementProblem> {
  const seen = await observeKube(kubernetes, kube, now);
  const gated = seen.pods.filter(isGated).flatMap((pod) => {
    const instance = seen.instances.get(instanceKeyOf(pod));
    return instance === undefined ? [] : [instance.instanceId];
  });
  const fruitless = await store.findFruitlessLaunches(kube.id, gated);
  return placementProblem({
    ...seen,
    fruitless: new Map(fruitless.map(({ instanceId, ...launches }) => [instanceId, launches])),
  });
}

async function recordVerdicts(deps: PlacementLoopDeps, lease: HeldLease, problem: PlacementProblem): Promise<void> {
  const verdicts = [
    ...problem.bound.map(({ instanceId }) => ({ instanceId, verdict: "bound" as const })),
    ...problem.stuck.map(({ instance, because }) => ({
      instanceId: instance.instanceId,
      verdict: because === "refused_by_scheduler" ? ("refused" as const) : because,
    })),
  ];
  if (verdicts.length === 0) return;
  for (const verdict of await deps.store.recordVerdicts(lease, verdicts)) deps.sawVerdict(verdict);
}

/** Gives the nodes of a static kube their machine rows: what lists, previews and the machines loop go by. */
async function recordBrought(
  deps: PlacementLoopDeps,
  lease: HeldLease,
  kube: KubeRecord,
  problem: PlacementProblem,
): Promise<void> {
  if (problem.brought.length === 0) return;
  const machines = problem.brought.map(({ name, poolId, ...node }): NewMachine => {
    const pool = kube.pools.find((one) => one.poolId === poolId);
    if (pool === undefined) throw new Error("a node stands in a pool of the kube");
    const { zone, machineType, priceMicroUsdPerHour, allocatable } = node;
    const facts = { zone, machineType, priceMicroUsdPerHour, allocatable, alternatives: [] };
    return { id: deps.ids.next("machine"), poolId: pool.poolId, nodeName: name, ...facts };
  });
  await deps.store.recordBrought(lease, kube.id, machines);
}

/** An ungated pod cannot be gated again: the unbound pod is deleted by its uid, comes back gated and is planned anew. */
async function takeBack(context: EffectContext, kubernetes: ReadOnlyKubernetes, stuck: StuckPod): Promise<void> {
  const { metadata } = stuck.pod;
  try {
    await runEffect(context, "placement.take_back", kubernetes, (kubernetes) =>
      kubernetes.delete(
        "Pod",
        { name: metadata.name, namespace: metadata.namespace ?? "" },
        {
          uid: metadata.uid ?? "",
          // The resource version too: a pod that was bound since is somebody's running instance.
          ...(metadata.resourceVersion === undefined ? {} : { resourceVersion: metadata.resourceVersion }),
        },
      ),
    );
  } catch (error) {
    if (!isPortError(error, "conflict")) throw error;
  }
}

async function executePlan(
  deps: PlacementLoopDeps,
  lease: LiveLease,
  kubernetes: ReadOnlyKubernetes,
  kube: KubeRecord,
  problem: PlacementProblem,
  plan: PlacementPlan,
): Promise<Result<true, SpendCapReached>> {
  const machines = plan.machines.map((machine): NewMachine => {
    const id = deps.ids.next("machine");
    const pool = kube.pools.find((one) => one.poolId === machine.poolId);
    if (pool === undefined) throw new Error("a planned machine comes from a pool of the kube");
    return {
      id,
      poolId: pool.poolId,
      nodeName: nodeNameOf(id),
      zone: machine.zone,
      machineType: machine.machineType,
      priceMicroUsdPerHour: machine.priceMicroUsdPerHour,
      allocatable: machine.allocatable,
      alternatives: machine.alternatives.map(({ machineType, zone, allocatable }) => ({
        machineType,
        zone,
        allocatable,
      })),
    };
  });

  const lifts: { readonly gated: GatedPod; readonly node: string; readonly decision: NewDecision }[] = [];
  const decisions: NewDecision[] = [];
  plan.assignments.forEach((assignment, index) => {
    const gated = problem.gated[index];
    if (gated === undefined) throw new Error("assignments come in the order of the requests");
    const decision = decisionOf(deps.ids, gated, assignment, machines, problem);
    decisions.push(decision);
    if (decision.nodeName !== undefined) lifts.push({ gated, node: decision.nodeName, decision });
  });
  if (decisions.length === 0) return ok(true);

  const recorded = await deps.store.recordPlan(lease, kube.id, machines, decisions);
  // The cap was lowered, or prices rose, since the kube was read: the next look plans with what is left.
  if (!recorded.ok) return recorded;
  deps.effects.reached("placement.plan", "recorded");

  const lifted: NewDecision["id"][] = [];
  const failures = await inParallel(lifts, PATCH_LANES, async ({ gated, node, decision }) => {
    await liftGate({ effects: deps.effects, lease }, kubernetes, gated.pod, node, gated.instance.zone);
    lifted.push(decision.id);
  });
  if (lifted.length > 0) {
    await deps.store.recordExecuted(lease, lifted);
    deps.effects.reached("placement.lift_gate", "recorded");
  }
  // A pod that changed meanwhile is still gated and is planned again.
  const serious = failures.find(({ error }) => !isPortError(error, "conflict") && !isPortError(error, "not_found"));
  if (serious !== undefined) throw serious.error;
  return ok(true);
}

function liftGate(
  context: EffectContext,
  kubernetes: ReadOnlyKubernetes,
  pod: Pod,
  node: string,
  zone: string,
): Promise<unknown> {
  const key = { name: pod.metadata.name, namespace: pod.metadata.namespace ?? "" };
  return runEffect(context, "placement.lift_gate", kubernetes, (kubernetes) =>
    kubernetes.patch("Pod", key, gatePatch(pod, node, zone)),
  );
}

function decisionOf(
  ids: IdSource,
  gated: GatedPod,
  assignment: Assignment,
  machines: readonly NewMachine[],
  problem: PlacementProblem,
): NewDecision {
  const common = {
    id: ids.next("decision"),
    organizationId: gated.instance.organizationId,
    clusterId: gated.instance.clusterId,
    instanceId: gated.instance.instanceId,
    podUid: gated.pod.metadata.uid ?? "",
    candidates: assignment.candidates,
    considered: assignment.considered,
    refusals: assignment.refusals,
    reasons: [],
  } satisfies Omit<NewDecision, "outcome" | "nodeName" | "machineId">;
  switch (assignment.outcome) {
    case "placed": {
      const coming = problem.nodes.find((node) => node.name === assignment.node)?.coming === true;
      return {
        ...common,
        outcome: coming ? "waiting_for_machine" : "placed",
        nodeName: assignment.node,
        machineId: undefined,
      };
    }
    case "new_machine": {
      const machine = machines[assignment.machine];
      return { ...common, outcome: "waiting_for_machine", nodeName: machine?.nodeName, machineId: machine?.id };
    }
    case "refused": {
      const reasons = reasonsOf(assignment.refusals);
      return { ...common, outcome: "refused", nodeName: undefined, machineId: undefined, reasons };
    }
  }
}

function refusalGuard({ instanceId, candidates, refusals }: Assignment, problem: PlacementProblem) {
  const quarantine = problem.quarantines.get(instanceId);
  if (quarantine !== undefined) {
    return {
      name: LAUNCH_QUARANTINED,
      subject: instanceId,
      hint:
        `${quarantine.launches} machines were launched for it and it ran on none. The next one is launched at ` +
        `${quarantine.until.toISOString()}, or as soon as a pool of the kube is changed.`,
    };
  }
  if (refusals.some(({ reason }) => reason === SPEND_CAP)) {
    const hint = "No node has room, and another machine would cost more than its pool may: raise the pool's spend cap.";
    return { name: SPEND_CAP, subject: instanceId, hint };
  }
  const closed = candidates.some((candidate) => candidate.rejection?.kind === "closed");
  return {
    name: "no_capacity",
    subject: instanceId,
    hint: closed
      ? "No node has room, and some machine types lack capacity or the pool is full; it is tried again by itself."
      : "No node has room and no machine type of the kube's pools holds it: add a machine type to a pool.",
  };
}

/** Nothing was launched or placed at this look. */
function spendCapGuard(reached: SpendCapReached) {
  return { name: SPEND_CAP, subject: reached.poolId, hint: describeSpendCap(reached) };
}

/** For operators: what kube-scheduler said, in its own words. */
function stuckGuard({ instance, because, detail }: StuckPod) {
  return { name: because, subject: instance.instanceId, hint: `Taken back and planned again: ${detail}` };
}
