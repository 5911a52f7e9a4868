import type { ClusterRecord, ClusterStatus, ClusterStore, Leases, LiveLease, SecretStore } from "@berth/db";
import {
  type ClusterHealth,
  type ClusterId,
  isMasterEligible,
  keepSince,
  namespaceOf,
  type RunId,
} from "@berth/domain";
import {
  type ClusterDecision,
  type DesiredCluster,
  decideCluster,
  needsVolumes,
  type ObservedCluster,
} from "@berth/lifecycle";
import type { Clock } from "@berth/ports";
import type { EffectObserver, ReadOnlyEngine } from "../effects.ts";
import { backoffMs, type Failure, failureOf, recordFailure } from "../failure.ts";
import type { KubeRegistry } from "../kubes.ts";
import { executeClusterAction } from "./execute.ts";
import { type ClusterMaterial, clusterMaterial, engineTargetOf } from "./material.ts";
import { clusterObjects, type Installation, objectsHash } from "./objects.ts";
import { observeCluster } from "./observe.ts";

export interface ClusterLoopDeps {
  readonly leases: Leases;
  readonly store: ClusterStore;
  readonly secrets: SecretStore;
  readonly kubes: KubeRegistry;
  readonly engine: ReadOnlyEngine;
  readonly clock: Clock;
  readonly effects: EffectObserver;
  readonly installation: Installation;
  /** Told of what went wrong in the port's own words, which tenants do not see. */
  readonly onFailure: (id: ClusterId, failure: Failure) => void;
  /** When each cluster's objects were last applied by this process: a hint, lost at a restart. */
  readonly appliedAt: Map<ClusterId, number>;
  /** Certificates and Berth's own password by cluster: they never change once stored, and unsealing costs. */
  readonly materials: Map<ClusterId, ClusterMaterial>;
}

/** Objects that somebody changed are put right at least this often. */
const RESYNC_MS = 5 * 60_000;
/** Passes of one run: a pass that did something is followed by a look at what it led to. */
const MAX_PASSES = 4;
/** Kept at most; beyond it the cache starts anew. */
const MAX_MATERIALS = 5000;

/**
 * Brings one cluster one step nearer to what its owner asked for.
 *
 * Takes only the id: everything else is read here, so a repeated, late or reordered job does the same as a timely one.
 * Safe after a crash at any line: the row counts as due until its status is recorded under the lease.
 */
export async function reconcileCluster(deps: ClusterLoopDeps, id: ClusterId, runId: RunId): Promise<void> {
  await deps.leases.withLease(`cluster/${id}`, async (lease) => {
    for (let pass = 0; pass < MAX_PASSES; pass++) {
      const cluster = await deps.store.find(id);
      if (cluster === undefined || cluster.state === "deleted") return;
      const acted = await runPass(deps, lease, cluster, runId);
      if (!acted) return;
    }
  });
}

/** One observe, decide, execute, record. True when something was done and a further look may find more to do. */
async function runPass(
  deps: ClusterLoopDeps,
  lease: LiveLease,
  cluster: ClusterRecord,
  runId: RunId,
): Promise<boolean> {
  const now = deps.clock.now();
  let observed: ObservedCluster | undefined;
  let decision: ClusterDecision | undefined;
  let current = "observe";
  try {
    const kubernetes = await deps.kubes.get(cluster.kubeId);
    const material = await materialOf(deps, lease, cluster, now);
    const namespace = namespaceOf(cluster.id);
    const target = (addresses: readonly string[]) => engineTargetOf(cluster, material, addresses);
    const health: ClusterHealth = cluster.health;
    const hash = objectsHash(cluster, material, health, deps.installation);
    const desired = desiredOf(cluster, namespace);
    observed = await observeCluster(kubernetes, deps.engine, {
      namespace,
      clusterId: cluster.id,
      objectsHash: hash,
      resyncDue: now.getTime() - (deps.appliedAt.get(cluster.id) ?? 0) > RESYNC_MS,
      needsVolumes: (seen) => needsVolumes(desired, seen),
      engineTarget: target,
    });
    decision = decideCluster(desired, observed, now.getTime());

    const addresses = observed.pods.flatMap((pod) =>
      pod.address === undefined || pod.terminating ? [] : [pod.address],
    );
    const objects = clusterObjects(cluster, material, health, deps.installation, addresses);
    for (const action of decision.actions) {
      current = action.kind;
      await executeClusterAction(
        {
          kubernetes,
          engine: deps.engine,
          store: deps.store,
          secrets: deps.secrets,
          effects: deps.effects,
          lease,
          cluster,
          namespace,
          material,
          installation: deps.installation,
          objects,
          objectsHash: hash,
          anchorUid: observed.anchor?.uid,
          target: target(addresses),
          onApplied: () => deps.appliedAt.set(cluster.id, now.getTime()),
        },
        action,
      );
    }
    if (decision.actions.some((action) => action.kind === "record_deleted")) return false;
    await deps.store.recordStatus(lease, cluster.id, statusOf(cluster, observed, decision, now));
    deps.effects.reached("clusters.status", "recorded");
    return decision.actions.length > 0;
  } catch (error) {
    const failure = failureOf(error, current, runId);
    if (failure === undefined) throw error;
    deps.onFailure(cluster.id, failure);
    await recordFailure(error, () =>
      deps.store.recordStatus(lease, cluster.id, failedStatus(cluster, observed, decision, failure, now)),
    );
    return false;
  }
}

async function materialOf(
  deps: ClusterLoopDeps,
  lease: LiveLease,
  cluster: ClusterRecord,
  now: Date,
): Promise<ClusterMaterial> {
  const known = deps.materials.get(cluster.id);
  if (known !== undefined) return known;
  const material = await clusterMaterial(deps.secrets, lease, cluster, now);
  if (deps.materials.size >= MAX_MATERIALS) deps.materials.clear();
  deps.materials.set(cluster.id, material);
  return material;
}

function desiredOf(cluster: ClusterRecord, namespace: string): DesiredCluster {
  return {
    state: cluster.state,
    namespace,
    instances: cluster.instances.map((instance) => ({
      id: instance.id,
      podName: instance.podName,
      masterEligible: isMasterEligible(instance.roles),
      placedOn:
        instance.nodeName === undefined
          ? undefined
          : {
              name: instance.nodeName,
              coming: instance.machineState !== undefined && instance.machineState !== "ready",
            },
      refusal: instance.refusal,
      volumeName: instance.volumeName,
    })),
    engineUuid: cluster.engineUuid,
    usersReady: cluster.usersReady,
    credentials: cluster.credentials,
    deletion:
      cluster.purgeAt === undefined
        ? undefined
        : { purgeAt: cluster.purgeAt.getTime(), purgeStarted: cluster.purgeStarted },
    operation: cluster.operation,
  };
}

function statusOf(
  cluster: ClusterRecord,
  observed: ObservedCluster,
  decision: ClusterDecision,
  now: Date,
): ClusterStatus {
  return {
    state: decision.state,
    health: decision.health,
    observedGeneration: cluster.generation,
    waitingFor: keepSince(cluster.waitingFor, decision.guards, now.toISOString()),
    lastFailure: undefined,
    failures: 0,
    wakes: cluster.wakes,
    nextCheckAt: decision.nextCheckInMs === undefined ? undefined : new Date(now.getTime() + decision.nextCheckInMs),
    instances: instancesOf(cluster, observed, decision),
    operation:
      cluster.operation === undefined
        ? undefined
        : { id: cluster.operation.id, steps: decision.steps, ended: decision.operation },
  };
}

/** After a failure nothing is claimed of the state but what was seen: the failure, its name, and when it is tried again. */
function failedStatus(
  cluster: ClusterRecord,
  observed: ObservedCluster | undefined,
  decision: ClusterDecision | undefined,
  failure: Failure,
  now: Date,
): ClusterStatus {
  const guard = { name: failure.guard, subject: cluster.id, hint: failure.sentence };
  return {
    state: cluster.state,
    health: decision?.health ?? cluster.health,
    observedGeneration: cluster.generation,
    waitingFor: keepSince(cluster.waitingFor, [guard, ...(decision?.guards ?? [])], now.toISOString()),
    lastFailure: { action: failure.action, message: failure.sentence },
    failures: cluster.failures + 1,
    wakes: cluster.wakes,
    nextCheckAt: new Date(now.getTime() + backoffMs(cluster.failures)),
    instances: observed === undefined || decision === undefined ? [] : instancesOf(cluster, observed, decision),
    operation:
      cluster.operation === undefined || decision === undefined
        ? undefined
        : { id: cluster.operation.id, steps: decision.steps, ended: undefined },
  };
}

function instancesOf(
  cluster: ClusterRecord,
  observed: ObservedCluster,
  decision: ClusterDecision,
): ClusterStatus["instances"] {
  return cluster.instances.map((instance) => {
    const pod = observed.pods.find((one) => one.name === instance.podName);
    const decided = decision.instances.find((one) => one.id === instance.id);
    return {
      id: instance.id,
      state: decided?.state ?? "pending",
      volumeName: decided?.volumeName,
      podAddress: pod?.address,
      nodeName: pod?.nodeName,
      restarts: pod?.restarts ?? 0,
    };
  });
}
