import type { RebalancePlanRecord } from "@berth/db";
import type { Guard } from "@berth/domain";
import type { MoveProgress, RebalanceProgress } from "@berth/lifecycle";
import { checkRebalance, type RebalancePlan, type RunningNode } from "@berth/packing";
import type { Pod } from "@berth/ports";
import { poolCase, type SeenKube } from "./look.ts";
import { planOf, type StoredStep, stepsOf } from "./rest-of-plan.ts";

/**
 * How far a plan has come, by a fresh look at its kube. Pure.
 *
 * `settled` are the clusters of moving instances that their engines call green now.
 */
export function progressOf(
  seen: SeenKube,
  plan: RebalancePlanRecord,
  settled: ReadonlySet<string>,
  heldBy: readonly Omit<Guard, "since">[],
): RebalanceProgress {
  const steps = stepsOf(plan);
  const moves = new Map(plan.moves.map((move) => [move.step, move]));
  const progress = steps.map((step) => stepProgress(seen, plan, step, moves.get(step.index), settled));
  return {
    state: plan.state,
    startedAt: plan.startedAt?.getTime(),
    hours: plan.hours,
    steps: progress,
    heldBy,
    misfit: misfitOf(seen, plan, steps, progress),
  };
}

function stepProgress(
  seen: SeenKube,
  plan: RebalancePlanRecord,
  step: StoredStep,
  move: RebalancePlanRecord["moves"][number] | undefined,
  settled: ReadonlySet<string>,
): RebalanceProgress["steps"][number] {
  const { hour, round } = step;
  switch (step.kind) {
    case "launch":
      return { kind: "launch", hour, round, ...machineProgress(seen, plan, step) };
    case "move": {
      if (move === undefined) throw new Error(`${plan.id} has no row of its move ${step.index}`);
      const { instanceId, state, startedAt } = move;
      const look = lookAtMove(seen, move, settled);
      return {
        kind: "move",
        hour,
        round,
        step: step.index,
        instanceId,
        state,
        startedAt: startedAt?.getTime(),
        seen: look,
      };
    }
    case "remove": {
      // It is there as long as it is paid for.
      const isThere = seen.record.kube.machines.some(
        (machine) => machine.nodeName === step.node && machine.state !== "terminating",
      );
      return { kind: "remove", hour, round, node: step.node, isThere };
    }
  }
}

function machineProgress(seen: SeenKube, plan: RebalancePlanRecord, step: Extract<StoredStep, { kind: "launch" }>) {
  const name = (plan.plan as Pick<RebalancePlan, "steps">).steps[step.index];
  const planned = name?.kind === "launch" ? name.machine : step.machine;
  if (plan.machines[planned] === undefined) return { machine: planned, machineState: "missing" } as const;
  const machine = seen.record.kube.machines.find((one) => one.nodeName === step.machine);
  const node = seen.problem.nodes.find((one) => one.name === step.machine);
  const isReady = machine?.state === "ready" && node !== undefined && node.closed === undefined && !node.coming;
  const isComing = machine !== undefined && ["planned", "launching", "booting", "ready"].includes(machine.state);
  return { machine: planned, machineState: isReady ? "ready" : isComing ? "coming" : "gone" } as const;
}

/** The pod of a move's instance, if there is one. */
export function podOf(
  { record, pods }: Pick<SeenKube, "record" | "pods">,
  move: Pick<RebalancePlanRecord["moves"][number], "clusterId" | "instanceId">,
): Pod | undefined {
  const cluster = record.clusters.find((one) => one.id === move.clusterId);
  const name = cluster?.instances.find((one) => one.id === move.instanceId)?.podName;
  return pods.find(
    ({ metadata }) => metadata.name === name && Object.values(metadata.labels ?? {}).includes(move.clusterId),
  );
}

function lookAtMove(
  seen: SeenKube,
  move: RebalancePlanRecord["moves"][number],
  settled: ReadonlySet<string>,
): MoveProgress["seen"] {
  const cluster = seen.record.clusters.find((one) => one.id === move.clusterId);
  const isWanted = cluster?.instances.some((one) => one.id === move.instanceId && one.state !== "removed") === true;
  if (!isWanted || cluster.state === "deleting") return "gone";
  const pod = podOf(seen, move);
  if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return "away";
  // Of a move that has not begun no pod is on record: where it is, the check of what is left says.
  if (move.podUid === undefined || pod.metadata.uid === move.podUid) return "as_was";
  const isReady = pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
  if (pod.spec.nodeName === undefined || !isReady) return "away";
  if (pod.spec.nodeName !== move.toNode) return "elsewhere";
  return settled.has(move.clusterId) ? "arrived" : "away";
}

/**
 * Why what is left of a plan breaks a rule on the fleet as it is; undefined while it does not.
 *
 * By checkRebalance, as when the plan was made. What an instance waits for by itself (its cluster is not green just now)
 * is no misfit: each move asks for that when it begins.
 */
function misfitOf(
  seen: SeenKube,
  plan: RebalancePlanRecord,
  steps: readonly StoredStep[],
  progress: RebalanceProgress["steps"],
): string | undefined {
  const { fleet, options, rules } = poolCase(seen, plan.poolId, undefined);
  const moving = new Map(
    plan.moves
      .filter(({ state }) => state === "moving")
      .map(({ instanceId, toNode }) => [instanceId as string, toNode]),
  );
  const coming = new Set<string>();
  const toBeLeft = new Set<string>();
  const isLeft = steps.map((step, index) => {
    const done = progress[index];
    if (step.kind === "launch" && done?.kind === "launch") {
      if (done.machineState === "coming") coming.add(step.machine);
      return done.machineState === "missing";
    }
    const moves = step.kind === "move" && done?.kind === "move" && done.state === "planned" && done.seen !== "gone";
    if (moves) toBeLeft.add(step.from);
    return moves;
  });
  const open = new Set(fleet.filter(({ closed }) => closed === undefined).map(({ name }) => name));
  // A node that is empty and on its way out is what the plan wants.
  const left = steps.filter((step, index) =>
    step.kind === "remove" ? toBeLeft.has(step.node) || open.has(step.node) : isLeft[index],
  );
  const [violation] = checkRebalance(
    fleet.map((node) => settle(node, moving, coming)),
    options,
    // What it has emptied itself in this hour is part of the plan.
    { ...rules, emptiedInLastHour: {} },
    seen.now,
    planOf(left, plan.plan as Pick<RebalancePlan, "actions">, plan.hours),
  );
  return violation === undefined ? undefined : `${violation.rule}: ${violation.detail}`;
}

/** The node as if all that is on its way had arrived, machines and instances, and all were well. */
function settle(
  { closed, ...node }: RunningNode,
  moving: ReadonlyMap<string, string>,
  coming: ReadonlySet<string>,
): RunningNode {
  const isComing = coming.has(node.name);
  return {
    ...node,
    coming: node.coming && !isComing,
    ...(closed === undefined || isComing ? {} : { closed }),
    instances: node.instances
      .filter(({ instanceId }) => (moving.get(instanceId) ?? node.name) === node.name)
      .map(({ factsAreUnknown: _, ...instance }) => ({
        ...instance,
        clusterIsGreen: true,
        hasIndexWithoutReplicas: false,
        backupIsRunning: false,
        upgradeIsRunning: false,
      })),
  };
}
