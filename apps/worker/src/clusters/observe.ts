import { LABELS } from "@berth/domain";
import { ANCHOR_NAME, SEED_HOSTS, SEED_HOSTS_FILE } from "@berth/kubernetes";
import type { ObservedClaim, ObservedCluster, ObservedEngine, ObservedPod, ObservedVolume } from "@berth/lifecycle";
import { type ConfigMap, type EngineTarget, isPortError, type PersistentVolumeClaim, type Pod } from "@berth/ports";
import type { ReadOnlyEngine, ReadOnlyKubernetes } from "../effects.ts";
import { isGated } from "../placement/problem.ts";

/** On the anchor: hash of everything that was applied, written after the last object. */
export const OBJECTS_HASH = "berth.dev/spec-hash";

export interface ObserveInput {
  readonly namespace: string;
  readonly clusterId: string;
  /** Hash of the objects as they should be. */
  readonly objectsHash: string;
  /** Whether it is time to apply everything once more, in case somebody changed it. */
  readonly resyncDue: boolean;
  /** Whether the volumes are to be listed, which takes those of the whole kube. */
  readonly needsVolumes: (seen: Pick<ObservedCluster, "namespace" | "claims">) => boolean;
  readonly engineTarget: (addresses: readonly string[]) => EngineTarget;
}

/** One fresh look at a cluster: its namespace, pods, claims and engine. Reads only. */
export async function observeCluster(
  kubernetes: ReadOnlyKubernetes,
  engine: ReadOnlyEngine,
  input: ObserveInput,
): Promise<ObservedCluster> {
  const namespace = await kubernetes.read("Namespace", { name: input.namespace });
  if (namespace === undefined) {
    return {
      namespace: undefined,
      anchor: undefined,
      objects: "outdated",
      pods: [],
      claims: [],
      volumes: await volumesOf(kubernetes, input, { namespace: undefined, claims: [] }),
      seedAddresses: undefined,
      engine: { reachable: false, because: "no namespace" },
    };
  }
  const inNamespace = { namespace: input.namespace };
  const [anchor, seeds, pods, claims] = await Promise.all([
    kubernetes.read("ConfigMap", { name: ANCHOR_NAME, ...inNamespace }),
    kubernetes.read("ConfigMap", { name: SEED_HOSTS, ...inNamespace }),
    kubernetes.list("Pod", { ...inNamespace, labelSelector: `${LABELS.cluster}=${input.clusterId}` }),
    kubernetes.list("PersistentVolumeClaim", inNamespace),
  ]);
  const observedPods = pods.map(toObservedPod);
  const addresses = observedPods
    .flatMap((pod) => (pod.running && pod.address !== undefined ? [pod.address] : []))
    .sort();
  const observedClaims = claims.map(toObservedClaim);
  const observedNamespace = {
    uid: namespace.metadata.uid ?? "",
    terminating: namespace.metadata.deletionTimestamp !== undefined,
  };
  return {
    namespace: observedNamespace,
    anchor:
      anchor === undefined
        ? undefined
        : { uid: anchor.metadata.uid ?? "", terminating: anchor.metadata.deletionTimestamp !== undefined },
    objects: objectsState(anchor, input),
    pods: observedPods,
    claims: observedClaims,
    volumes: await volumesOf(kubernetes, input, { namespace: observedNamespace, claims: observedClaims }),
    seedAddresses: seeds === undefined ? undefined : linesOf(seeds.data?.[SEED_HOSTS_FILE]),
    engine:
      addresses.length === 0
        ? { reachable: false, because: "no pod runs" }
        : await observeEngine(engine, input.engineTarget(addresses)),
  };
}

/** Volumes belong to no namespace and no label leads to them: those of ours are picked from all by the claim's. */
async function volumesOf(
  kubernetes: ReadOnlyKubernetes,
  input: ObserveInput,
  seen: Parameters<ObserveInput["needsVolumes"]>[0],
): Promise<ObservedVolume[] | undefined> {
  if (!input.needsVolumes(seen)) return undefined;
  const volumes = await kubernetes.list("PersistentVolume");
  return volumes
    .filter((volume) => volume.spec.claimRef?.namespace === input.namespace)
    .map(({ metadata, spec, status }) => ({
      name: metadata.name,
      uid: metadata.uid ?? "",
      terminating: metadata.deletionTimestamp !== undefined,
      phase: status?.phase,
      reclaim: spec.persistentVolumeReclaimPolicy,
      claimName: spec.claimRef?.name,
      claimUid: spec.claimRef?.uid === "" ? undefined : spec.claimRef?.uid,
    }));
}

function toObservedClaim({ metadata, spec, status }: PersistentVolumeClaim): ObservedClaim {
  return {
    name: metadata.name,
    uid: metadata.uid ?? "",
    terminating: metadata.deletionTimestamp !== undefined,
    volumeName: spec.volumeName,
    lost: status?.phase === "Lost",
  };
}

function objectsState(anchor: ConfigMap | undefined, input: ObserveInput): ObservedCluster["objects"] {
  if (anchor?.metadata.annotations?.[OBJECTS_HASH] !== input.objectsHash) return "outdated";
  return input.resyncDue ? "resync_due" : "current";
}

function linesOf(text: string | undefined): string[] {
  return (text ?? "").split("\n").filter((line) => line !== "");
}

function toObservedPod(pod: Pod): ObservedPod {
  const condition = (type: string) => pod.status?.conditions?.find((one) => one.type === type)?.status === "True";
  return {
    name: pod.metadata.name,
    uid: pod.metadata.uid ?? "",
    address: pod.status?.podIP,
    gated: isGated(pod),
    bound: pod.spec.nodeName !== undefined,
    nodeName: pod.spec.nodeName,
    running: pod.status?.phase === "Running",
    ready: condition("Ready"),
    terminating: pod.metadata.deletionTimestamp !== undefined,
    restarts: Math.max(0, ...(pod.status?.containerStatuses ?? []).map((container) => container.restartCount)),
  };
}

/** What the engine says of itself. An engine that cannot be asked, or has no master yet, is a state, not a failure. */
async function observeEngine(engine: ReadOnlyEngine, target: EngineTarget): Promise<ObservedEngine> {
  try {
    const identity = await engine.identity(target);
    if (identity.clusterUuid === undefined) {
      return {
        reachable: true,
        clusterName: identity.clusterName,
        clusterUuid: undefined,
        votingNodes: 0,
        health: undefined,
        relocatingShards: 0,
        nodeNames: [],
      };
    }
    const [health, nodes, voting] = await Promise.all([
      engine.health(target),
      engine.nodes(target),
      engine.votingConfiguration(target),
    ]);
    return {
      reachable: true,
      clusterName: identity.clusterName,
      clusterUuid: identity.clusterUuid,
      votingNodes: voting.length,
      health: health.status,
      relocatingShards: health.relocatingShards,
      nodeNames: nodes.map((node) => node.name),
    };
  } catch (error) {
    if (isPortError(error)) return { reachable: false, because: `${error.kind}: ${error.message}` };
    throw error;
  }
}
