import type { HeldLease, RebalanceCluster, RebalancePlanRecord } from "@berth/db";
import { type Guard, nodeNameOf } from "@berth/domain";
import type { RebalanceAction } from "@berth/lifecycle";
import { checkPlacement, type InstanceRequest, type RebalancePlan } from "@berth/packing";
import { isPortError, type Pod } from "@berth/ports";
import { type ReadOnlyKubernetes, runEffect } from "../effects.ts";
import { observeKube } from "../placement/observe.ts";
import { placementProblem } from "../placement/problem.ts";
import { describeSpendCap, SPEND_CAP } from "../spend-cap.ts";
import { askEngine } from "./ask-engines.ts";
import type { SeenKube } from "./look.ts";
import { podOf } from "./progress.ts";
import type { RebalanceLoopDeps } from "./reconcile.ts";

type Open = Omit<Guard, "since">;
type Move = RebalancePlanRecord["moves"][number];

export interface ExecutedAction {
  /** What held it back. */
  readonly guards: readonly Open[];
  /** The plan cannot be gone on with, and why. */
  readonly misfit?: string;
}

const DONE: ExecutedAction = { guards: [] };
/** Those that stand for a lease which somebody else holds for a moment. */
export const BRIEF_GUARDS: readonly string[] = ["cluster_busy", "placement_busy"];

/** Does one thing that was decided of a plan. Idempotent: what was done before is done once more without harm. */
export async function executeRebalance(
  deps: RebalanceLoopDeps,
  lease: HeldLease,
  kubernetes: ReadOnlyKubernetes,
  seen: SeenKube,
  plan: RebalancePlanRecord,
  action: RebalanceAction,
): Promise<ExecutedAction> {
  switch (action.kind) {
    case "launch_machines":
      return launchMachines(deps, seen, plan, action.machines);
    case "begin_one": {
      const guards: Open[] = [];
      for (const step of action.steps) {
        const begun = await beginMove(deps, kubernetes, seen, plan, moveOf(plan, step));
        if (begun.outcome === "held") guards.push(...begun.guards);
        else return begun.outcome === "misfit" ? { guards: [], misfit: begun.misfit } : DONE;
      }
      return { guards };
    }
    case "repeat_move": {
      const begun = await beginMove(deps, kubernetes, seen, plan, moveOf(plan, action.step));
      if (begun.outcome === "held") {
        // It may be long until it may: its place is free for others meanwhile.
        await deps.store.endMove(lease, plan.id, action.step, "planned");
        deps.effects.reached("rebalance.end_move", "recorded");
        return { guards: begun.guards };
      }
      return begun.outcome === "misfit" ? { guards: [], misfit: begun.misfit } : DONE;
    }
    case "end_move":
      await deps.store.endMove(lease, plan.id, action.step, action.state);
      deps.effects.reached("rebalance.end_move", "recorded");
      return DONE;
  }
}

function moveOf(plan: RebalancePlanRecord, step: number): Move {
  const move = plan.moves.find((one) => one.step === step);
  if (move === undefined) throw new Error(`${plan.id} has no move ${step}`);
  return move;
}

type Begun =
  | { readonly outcome: "begun" }
  | { readonly outcome: "held"; readonly guards: readonly Open[] }
  | { readonly outcome: "misfit"; readonly misfit: string };

/**
 * Begins one move, under its cluster's lease and after fresh looks: at the engine, which must call the cluster green, and at
 * the kube, where the place must still be there. The place is reserved first, under the kube's lease, so that placement
 * gives it to nobody else; then the pod is deleted, by uid and resource version. It comes back gated, and placement sends it
 * to its place. A crash between the two is a move whose pod is as it was: it is repeated.
 */
async function beginMove(
  deps: RebalanceLoopDeps,
  kubernetes: ReadOnlyKubernetes,
  seen: SeenKube,
  plan: RebalancePlanRecord,
  move: Move,
): Promise<Begun> {
  const cluster = seen.record.clusters.find((one) => one.id === move.clusterId);
  if (cluster === undefined) return held("cluster_gone", move, "Its cluster is not there any more.");
  const begun = await deps.leases.withLease(`cluster/${move.clusterId}`, async (clusterLease): Promise<Begun> => {
    const pod = await freshPod(kubernetes, seen, move);
    if (pod === undefined)
      return held("instance_not_there", move, "Its pod does not run on the node that it is to leave.");
    const unsafe = await whyNotNow(deps, seen, cluster, move);
    if (unsafe !== undefined) return unsafe;
    if (move.state === "planned") {
      const reserved = await reserve(deps, kubernetes, seen, plan, move, pod);
      if (reserved !== undefined) return reserved;
    }
    const { name, namespace = "", uid = "", resourceVersion } = pod.metadata;
    try {
      await runEffect(
        { effects: deps.effects, lease: clusterLease },
        "rebalance.delete_pod",
        kubernetes,
        (kubernetes) =>
          kubernetes.delete(
            "Pod",
            { name, namespace },
            { uid, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
          ),
      );
    } catch (error) {
      // Somebody changed it since: the next look sees what it is by then, and repeats this where it must.
      if (!isPortError(error, "conflict") && !isPortError(error, "not_found")) throw error;
    }
    return { outcome: "begun" };
  });
  return begun ?? held("cluster_busy", move, "Something else is being done to its cluster just now.");
}

function held(name: string, { instanceId }: Move, hint: string): Begun {
  return { outcome: "held", guards: [{ name, subject: instanceId, hint }] };
}

/** The pod as it is now, if it runs on the node that it is to leave, or is the one that was to go. */
async function freshPod(kubernetes: ReadOnlyKubernetes, seen: SeenKube, move: Move): Promise<Pod | undefined> {
  const known = podOf(seen, move);
  if (known === undefined) return undefined;
  const { name, namespace = "" } = known.metadata;
  const pod = await kubernetes.read("Pod", { name, namespace });
  if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return undefined;
  if (pod.spec.nodeName !== move.fromNode) return undefined;
  return move.podUid === undefined || pod.metadata.uid === move.podUid ? pod : undefined;
}

async function whyNotNow(
  deps: RebalanceLoopDeps,
  seen: SeenKube,
  cluster: RebalanceCluster,
  move: Move,
): Promise<Begun | undefined> {
  if (cluster.state !== "running" || cluster.isBusy) {
    return held("upgrade_running", move, "Its cluster is being changed; it is moved once that is done.");
  }
  const pods = seen.pods.filter(({ metadata }) => Object.values(metadata.labels ?? {}).includes(cluster.id));
  const facts = await askEngine(deps, cluster, pods);
  if (facts.kind === "unknown") {
    return held("facts_unknown", move, "Its cluster's engine could not be asked; what is not known is not safe.");
  }
  if (!facts.isGreen) {
    return held("cluster_not_green", move, "Its cluster is not green, or a shard of it is on its way.");
  }
  if (facts.hasIndexWithoutReplicas) {
    return held("index_without_replicas", move, "An index of its cluster has no second copy that is started.");
  }
  return undefined;
}

/** Reserves the place of a move; undefined when it is reserved. */
async function reserve(
  deps: RebalanceLoopDeps,
  kubernetes: ReadOnlyKubernetes,
  seen: SeenKube,
  plan: RebalancePlanRecord,
  move: Move,
  pod: Pod,
): Promise<Begun | undefined> {
  const reserved = await deps.leases.withLease(
    `kube/${seen.record.kube.id}`,
    async (kubeLease): Promise<Begun | true> => {
      const fresh = await deps.store.find(seen.record.kube.id);
      if (fresh === undefined) return held("kube_gone", move, "Its kube is not there any more.");
      const now = deps.clock.now();
      const problem = placementProblem({ ...(await observeKube(kubernetes, fresh.kube, now)), fruitless: new Map() });
      const { nodes, options, policy } = problem;
      const request = nodes.flatMap((node) => node.instances).find((one) => one.instanceId === move.instanceId);
      if (request === undefined) return held("instance_not_there", move, "It stands on no node just now.");
      const violations = checkPlacement([request], nodes, options, placedOn(request, move.toNode), policy);
      const [violation] = violations;
      if (violation !== undefined) {
        return { outcome: "misfit", misfit: `${violation.rule} on ${violation.node}: ${violation.detail}` };
      }
      const isReserved = await deps.store.beginMove(kubeLease, plan.id, move.step, pod.metadata.uid ?? "");
      if (!isReserved) return held("plan_changed", move, "Its plan was changed meanwhile.");
      deps.effects.reached("rebalance.reserve", "recorded");
      return true;
    },
  );
  if (reserved === undefined) return held("placement_busy", move, "Placement is at work in its kube just now.");
  return reserved === true ? undefined : reserved;
}

function placedOn({ instanceId }: InstanceRequest, node: string) {
  const assignment = { outcome: "placed", instanceId, node, candidates: [], considered: 0, refusals: [] } as const;
  return { assignments: [assignment], machines: [] };
}

async function launchMachines(
  deps: RebalanceLoopDeps,
  seen: SeenKube,
  plan: RebalancePlanRecord,
  names: readonly string[],
): Promise<ExecutedAction> {
  const { steps } = plan.plan as Pick<RebalancePlan, "steps">;
  const machines = names.map((name) => {
    const step = steps.find((one) => one.kind === "launch" && one.machine === name);
    if (step?.kind !== "launch") throw new Error(`${plan.id} launches no ${name}`);
    const option = seen.problem.options.find(
      (one) => one.poolId === step.poolId && one.zone === step.zone && one.machineType === step.machineType,
    );
    if (option === undefined) throw new Error(`what ${plan.id} launches was checked against the pool's options`);
    const id = deps.ids.next("machine");
    const { zone, machineType, priceMicroUsdPerHour, allocatable } = option;
    const facts = { zone, machineType, priceMicroUsdPerHour, allocatable, alternatives: [] };
    return { name, machine: { id, poolId: plan.poolId, nodeName: nodeNameOf(id), ...facts } };
  });
  const { id: kubeId } = seen.record.kube;
  const launched = await deps.leases.withLease(`kube/${kubeId}`, (kubeLease) =>
    deps.store.launchMachines(kubeLease, kubeId, plan.id, machines),
  );
  if (launched === undefined) {
    const hint = "Placement is at work in its kube just now.";
    return { guards: [{ name: "placement_busy", subject: kubeId, hint }] };
  }
  if (!launched.ok) {
    return { guards: [{ name: SPEND_CAP, subject: plan.poolId, hint: describeSpendCap(launched.error) }] };
  }
  deps.effects.reached("rebalance.launch", "recorded");
  return DONE;
}
