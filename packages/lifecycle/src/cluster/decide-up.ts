import { type ClusterHealth, type ClusterState, claimNameOf, type Guard, type InstanceState } from "@berth/domain";
import { dataState } from "./data.ts";
import { stepsOf } from "./steps.ts";
import type {
  ClusterAction,
  ClusterDecision,
  DecidedInstance,
  DesiredCluster,
  DesiredInstance,
  ObservedCluster,
  ObservedEngine,
  ObservedPod,
} from "./types.ts";

/** While something is on its way; pods and machines wake the loop earlier. */
const BUSY_CHECK_MS = 2_000;
/** At rest: health is looked at this often. */
const RESTING_CHECK_MS = 60_000;

/** States of a cluster that is to be `running` once it is whole. */
const COMING: readonly ClusterState[] = ["creating", "updating"];

type Open = Omit<Guard, "since">;
type ReachableEngine = Extract<ObservedEngine, { reachable: true }>;

/** Brings a cluster up and keeps it up: objects, seed hosts, formation, users, health. */
export function decideUp(desired: DesiredCluster, observed: ObservedCluster): ClusterDecision {
  const pods = new Map(observed.pods.map((pod) => [pod.name, pod]));
  const formed = formation(desired, observed.engine);
  const engine = observed.engine.reachable ? observed.engine : undefined;
  const users = userActions(desired, engine, formed.uuid !== undefined);
  const missing = engine === undefined ? desired.instances.map((one) => one.podName) : missingNodes(desired, engine);
  const health: ClusterHealth = engine?.health ?? "unknown";
  const allReady = desired.instances.every((instance) => stateOf(pods.get(instance.podName), instance) === "running");
  const complete = formed.uuid !== undefined && users.done && allReady && missing.length === 0 && health === "green";

  const data = dataState(desired, observed, complete);
  const actions: ClusterAction[] = [...data.actions];
  const guards: Open[] = [...data.guards];
  if (observed.namespace?.terminating || observed.anchor?.terminating) {
    guards.push({
      name: "namespace_terminating",
      subject: desired.namespace,
      hint: "The cluster's objects are being deleted by somebody else; they are applied again once they are gone.",
    });
  } else if (observed.objects !== "current" && !data.held) {
    actions.push({ kind: "apply_objects", resync: observed.objects === "resync_due" });
  }

  const seeds = seedAddresses(observed.pods);
  if (observed.seedAddresses !== undefined && !sameList(seeds, observed.seedAddresses)) {
    actions.push({ kind: "apply_seed_hosts", addresses: seeds });
  }

  const instances = desired.instances.map((instance): DecidedInstance => {
    const state = stateOf(pods.get(instance.podName), instance);
    const joined = formed.uuid !== undefined && engine?.nodeNames.includes(instance.podName) === true;
    const volumeName = joined ? volumeToRecord(instance, observed, complete) : undefined;
    return volumeName === undefined ? { id: instance.id, state } : { id: instance.id, state, volumeName };
  });
  guards.push(...instanceGuards(desired, pods, data.held));

  if (formed.action !== undefined) actions.push(formed.action);
  if (formed.guard !== undefined) guards.push(formed.guard);

  actions.push(...users.actions);
  if (users.guard !== undefined) guards.push(users.guard);

  if (formed.uuid !== undefined && allReady && !complete)
    guards.push(...healthGuards(desired, engine, missing, health));

  const state: ClusterState = complete && COMING.includes(desired.state) ? "running" : desired.state;
  const busy = (!complete && !data.held) || actions.length > 0;
  return {
    actions,
    state,
    health,
    guards,
    instances,
    steps: stepsOf(desired, observed, {
      kept: data.kept,
      instances,
      uuid: engine?.clusterUuid === undefined ? undefined : formed.uuid,
      usersDone: users.done,
      complete,
    }),
    operation: finishes(desired, complete, users.done) ? "succeeded" : undefined,
    nextCheckInMs: busy ? BUSY_CHECK_MS : RESTING_CHECK_MS,
  };
}

function finishes(desired: DesiredCluster, complete: boolean, usersDone: boolean): boolean {
  switch (desired.operation?.kind) {
    case "cluster.create":
    case "cluster.restore":
      return complete;
    case "credential.create":
    case "credential.delete":
      return usersDone;
    default:
      return false;
  }
}

/** Addresses of all pods that have one, sorted: engine nodes find each other by them. */
function seedAddresses(pods: readonly ObservedPod[]): string[] {
  return pods.flatMap((pod) => (pod.address === undefined || pod.terminating ? [] : [pod.address])).sort();
}

function stateOf(pod: ObservedPod | undefined, instance: DesiredInstance): InstanceState {
  if (pod === undefined) return "pending";
  if (pod.terminating) return "stopping";
  if (pod.ready) return "running";
  if (pod.bound) return "starting";
  if (pod.gated) return instance.placedOn === undefined ? "gated" : "placed";
  return "placed";
}

/** The first that it joins with, and whatever it has when the cluster is whole: the engine has copied all of it by then. */
function volumeToRecord(instance: DesiredInstance, observed: ObservedCluster, complete: boolean): string | undefined {
  if (instance.volumeName !== undefined && !complete) return undefined;
  return observed.claims.find((claim) => claim.name === claimNameOf(instance.podName))?.volumeName;
}

function instanceGuards(desired: DesiredCluster, pods: ReadonlyMap<string, ObservedPod>, held: boolean): Open[] {
  const guards: Open[] = [];
  for (const instance of desired.instances) {
    const pod = pods.get(instance.podName);
    const subject = instance.id;
    if (pod === undefined) {
      if (held) continue; // None will be made.
      guards.push({
        name: "waiting_for_pod",
        subject,
        hint: "The StatefulSet controller has not created the pod yet.",
      });
    } else if (pod.gated) {
      guards.push(
        instance.refusal?.podUid === pod.uid
          ? { name: "no_capacity", subject, hint: noCapacityHint(instance.refusal.reasons) }
          : { name: "waiting_for_placement", subject, hint: "The packer has not chosen a node yet." },
      );
    } else if (!pod.bound) {
      guards.push(
        instance.placedOn?.coming === true
          ? { name: "waiting_for_machine", subject, hint: "A machine was launched for it and has not joined yet." }
          : { name: "waiting_for_scheduler", subject, hint: "kube-scheduler has not bound the pod to its node yet." },
      );
    } else if (!pod.ready && !pod.terminating) {
      guards.push(
        pod.restarts > 2
          ? {
              name: "instance_restarting",
              subject,
              hint: `The engine process ended ${pod.restarts} times; see the instance's log.`,
            }
          : {
              name: "waiting_for_instance",
              subject,
              hint: "The engine is starting; its readiness probe has not passed yet.",
            },
      );
    }
  }
  return guards;
}

/** Of what an instance may still find a place by itself. Tenants read it: no machine, type or pool is named. */
function noCapacityHint(reasons: readonly string[]): string {
  if (reasons.includes("launch_quarantined")) {
    return "New machines do not come up as they should; the platform's operators are told, and it is tried again by itself.";
  }
  return reasons.some((reason) => reason !== "no_room" && reason !== "conflict")
    ? "No machine has room for it and none can be added just now; it is tried again by itself."
    : "No machine has room for it and none that may be added is large enough; the platform's operators are told.";
}

/**
 * Forms the engine cluster once. The UUID is recorded only when it is real, the name is ours and a voting configuration
 * is committed; an engine that shows another UUID than the recorded one is never touched (it would be another cluster).
 */
function formation(
  desired: DesiredCluster,
  engine: ObservedEngine,
): { readonly uuid: string | undefined; readonly action?: ClusterAction; readonly guard?: Open } {
  const recorded = desired.engineUuid;
  if (!engine.reachable) return { uuid: recorded };
  if (recorded !== undefined) {
    if (engine.clusterUuid === undefined || engine.clusterUuid === recorded) return { uuid: recorded };
    return {
      uuid: undefined,
      guard: {
        name: "wrong_cluster",
        subject: desired.namespace,
        hint: `The engine answers with cluster UUID ${engine.clusterUuid}, recorded is ${recorded}. Nothing is changed; staff must look.`,
      },
    };
  }
  if (engine.clusterUuid === undefined || engine.votingNodes === 0 || engine.clusterName !== desired.namespace) {
    return {
      uuid: undefined,
      guard: {
        name: "waiting_for_formation",
        subject: desired.namespace,
        hint: "The master-eligible instances have not elected a master yet.",
      },
    };
  }
  return { uuid: engine.clusterUuid, action: { kind: "record_formed", engineUuid: engine.clusterUuid } };
}

function userActions(
  desired: DesiredCluster,
  engine: ReachableEngine | undefined,
  formed: boolean,
): { readonly actions: ClusterAction[]; readonly done: boolean; readonly guard?: Open } {
  const pending = desired.credentials.filter((one) => one.state === "pending").map((one) => one.id);
  const deleting = desired.credentials.filter((one) => one.state === "deleting");
  const wanted = pending.length > 0 || deleting.length > 0 || !desired.usersReady;
  if (!wanted) return { actions: [], done: true };
  if (!formed) return { actions: [], done: false };
  if (engine?.health === undefined || engine.health === "red") {
    return {
      actions: [],
      done: false,
      guard: {
        name: "waiting_for_security_index",
        subject: desired.namespace,
        hint: "Users are stored in the engine: it must answer and not be red.",
      },
    };
  }
  return {
    actions: [
      ...(pending.length > 0 || !desired.usersReady ? [{ kind: "put_users", credentialIds: pending } as const] : []),
      ...deleting.map((one) => ({ kind: "delete_user", credentialId: one.id, username: one.username }) as const),
    ],
    done: false,
  };
}

function missingNodes(desired: DesiredCluster, engine: ReachableEngine): string[] {
  return desired.instances.map((one) => one.podName).filter((name) => !engine.nodeNames.includes(name));
}

function healthGuards(
  desired: DesiredCluster,
  engine: ReachableEngine | undefined,
  missing: readonly string[],
  health: ClusterHealth,
): Open[] {
  if (engine === undefined) {
    return [{ name: "engine_unreachable", subject: desired.namespace, hint: "No instance answers Berth over HTTPS." }];
  }
  if (missing.length > 0) {
    return missing.map((name) => ({
      name: "waiting_for_member",
      subject: name,
      hint: "It runs and has not joined the cluster yet.",
    }));
  }
  if (health === "green") return [];
  return [
    {
      name: "waiting_for_green",
      subject: desired.namespace,
      hint: `Health is ${health}: some shard copies are not started yet.`,
    },
  ];
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
