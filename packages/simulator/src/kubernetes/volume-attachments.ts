import type { Cluster } from "./cluster.ts";
import { OUT_OF_SERVICE } from "./nodes.ts";
import type { Claim, Pod } from "./objects.ts";
import { claimNames } from "./pods.ts";
import { NODES, PODS, VOLUMES } from "./resources.ts";

/** How long a volume stays with a node that does not answer, once its pod is gone (maxWaitForUnmountDuration). */
const FORCE_DETACH_MS = 360_000;

export interface AttachmentState {
  /** Volume -> the node that holds it, and since when nobody there uses it. */
  [volume: string]: { node: string; idleSince: number | null };
}

/**
 * Which node holds which exclusive volume: the attach-detach controller in one question.
 *
 * A volume leaves its node when no pod there uses it and the node can say so, or is gone, or is fenced by the
 * out-of-service taint; from a silent node it is taken after six minutes.
 */
export class VolumeAttachments {
  private readonly cluster: Cluster;
  private readonly isAlive: (nodeName: string) => boolean;
  state: AttachmentState = {};

  constructor(cluster: Cluster, isAlive: (nodeName: string) => boolean) {
    this.cluster = cluster;
    this.isAlive = isAlive;
  }

  /** Attaches a claim's volume to a node; gives the node that still holds it otherwise. */
  attach(claim: Claim, nodeName: string): string | undefined {
    const volume = this.cluster.store.get(VOLUMES, undefined, claim.spec.volumeName ?? "");
    if (volume === undefined || (volume.spec.accessModes ?? []).includes("ReadWriteMany")) return undefined;
    const { name } = volume.metadata;
    const held = this.state[name];
    if (held !== undefined && held.node !== nodeName && !this.mayDetach(name, held, claim)) return held.node;
    this.state[name] = { node: nodeName, idleSince: null };
    return undefined;
  }

  private mayDetach(volume: string, held: AttachmentState[string], claim: Claim): boolean {
    const inUse = [...this.cluster.store.all(PODS, claim.metadata.namespace)].some(
      (pod: Pod) =>
        pod.spec.nodeName === held.node &&
        claimNames(pod).includes(claim.metadata.name) &&
        pod.status.phase !== "Failed",
    );
    if (inUse) return false;
    const node = this.cluster.store.get(NODES, undefined, held.node);
    if (node === undefined || this.isAlive(held.node)) return true;
    if ((node.spec.taints ?? []).some((taint) => taint.key === OUT_OF_SERVICE)) return true;
    const now = this.cluster.clock.now();
    const since = held.idleSince ?? now;
    this.state[volume] = { node: held.node, idleSince: since };
    return now - since >= FORCE_DETACH_MS;
  }
}
