import { LABELS, MANAGED_BY } from "@berth/domain";
import { type Approval, approvalOf } from "@berth/kubernetes";
import type { JoinRequest, ObservedKube, ObservedMachine } from "@berth/lifecycle";
import type { CertificateSigningRequest, CloudInstanceState, Pod } from "@berth/ports";
import type { ReadOnlyCloud, ReadOnlyKubernetes } from "../effects.ts";
import { isReady } from "../placement/node-ready.ts";
import { targetOf } from "../placement/problem.ts";
import { daemonRequestsOf, isOurs, offerOf } from "./node-offer.ts";

export interface ObserveCloudInput {
  readonly cloudInstanceId: string | undefined;
  /** Token of a launch of which nobody knows what became of it. */
  readonly doubtfulToken: string | undefined;
}

export interface ObserveKubeInput {
  readonly nodeName: string;
  readonly poolId: string;
  readonly bootstrapTokenId: string | undefined;
  /** The name of the join request that was approved, if one is on record. */
  readonly approvedRequest: string | undefined;
  /** Pods are only counted where the answer matters. */
  readonly countPods: boolean;
}

const CLOUD_STATES: Readonly<Record<CloudInstanceState, ObservedMachine["cloud"]>> = {
  pending: "pending",
  running: "running",
  "shutting-down": "stopping",
  stopping: "stopped",
  stopped: "stopped",
  terminated: "terminated",
};

/** One fresh look at a machine's box in the cloud. Reads only. */
export async function observeBox(
  cloud: ReadOnlyCloud | undefined,
  input: ObserveCloudInput,
): Promise<Pick<ObservedMachine, "cloud" | "launchedInstanceId">> {
  const { cloudInstanceId, doubtfulToken } = input;
  if (cloud === undefined) return { cloud: "absent", launchedInstanceId: undefined };
  if (cloudInstanceId === undefined) {
    const found = doubtfulToken === undefined ? [] : await cloud.describe({ clientToken: doubtfulToken, alive: true });
    return { cloud: "absent", launchedInstanceId: found[0]?.instanceId };
  }
  const [instance] = await cloud.describe({ instanceIds: [cloudInstanceId] });
  return { cloud: instance === undefined ? "absent" : CLOUD_STATES[instance.state], launchedInstanceId: undefined };
}

/** One fresh look at a machine in its kube: its node, its join requests, its token, its pods. Reads only. */
export async function observeNode(kubernetes: ReadOnlyKubernetes, input: ObserveKubeInput): Promise<ObservedKube> {
  const [node, listed, recorded, tokenSecret, pods] = await Promise.all([
    kubernetes.read("Node", { name: input.nodeName }),
    input.bootstrapTokenId === undefined ? Promise.resolve([]) : kubernetes.list("CertificateSigningRequest"),
    // By itself too: a list that lacks it would free its place for another.
    input.bootstrapTokenId === undefined || input.approvedRequest === undefined
      ? Promise.resolve(undefined)
      : kubernetes.read("CertificateSigningRequest", { name: input.approvedRequest }),
    input.bootstrapTokenId === undefined
      ? Promise.resolve(undefined)
      : kubernetes.read("Secret", { namespace: "kube-system", name: `bootstrap-token-${input.bootstrapTokenId}` }),
    input.countPods ? podsOf(kubernetes, input.nodeName) : Promise.resolve({ onNode: [], sent: 0 }),
  ]);
  const boundPods = pods.onNode.filter(isOurs).length;
  const requests = new Map(listed.map((request) => [request.metadata.uid, request]));
  if (recorded !== undefined) requests.set(recorded.metadata.uid, recorded);
  return {
    node:
      node === undefined
        ? undefined
        : {
            uid: node.metadata.uid ?? "",
            ready: isReady(node),
            cordoned: node.spec?.unschedulable === true,
            settled: node.metadata.labels?.[LABELS.pool] === input.poolId,
            // Without a look at its pods nothing is known of its daemons.
            offer: input.countPods ? offerOf(node) : undefined,
            daemons: daemonRequestsOf(pods.onNode),
          },
    requests: [...requests.values()]
      .filter((request) => request.spec.username === `system:bootstrap:${input.bootstrapTokenId}`)
      .map((request) => ({
        name: request.metadata.name,
        uid: request.metadata.uid ?? "",
        createdAt: Date.parse(request.metadata.creationTimestamp ?? "") || 0,
        state: stateOf(request),
        verdict: verdictOf(approvalOf(request, { nodeName: input.nodeName, tokenId: input.bootstrapTokenId ?? "" })),
      })),
    tokenSecret: tokenSecret === undefined ? undefined : { uid: tokenSecret.metadata.uid ?? "" },
    boundPods,
    pods: boundPods + pods.sent,
  };
}

/** All pods that are bound to the node, and how many of ours were sent to it by name and are not bound yet. */
async function podsOf(
  kubernetes: ReadOnlyKubernetes,
  nodeName: string,
): Promise<{ readonly onNode: readonly Pod[]; readonly sent: number }> {
  const [onNode, unbound] = await Promise.all([
    kubernetes.list("Pod", { fieldSelector: `spec.nodeName=${nodeName}` }),
    kubernetes.list("Pod", { labelSelector: `${LABELS.managedBy}=${MANAGED_BY}`, fieldSelector: "spec.nodeName=" }),
  ]);
  return { onNode, sent: unbound.filter((pod) => targetOf(pod) === nodeName).length };
}

function stateOf({ status }: CertificateSigningRequest): JoinRequest["state"] {
  if (status?.certificate !== undefined) return "issued";
  const has = (type: string) => status?.conditions?.some((one) => one.type === type) === true;
  if (has("Denied") || has("Failed")) return "ended";
  return has("Approved") ? "approved" : "pending";
}

function verdictOf(approval: Approval): JoinRequest["verdict"] {
  return approval.outcome === "approve" ? { approve: true } : { approve: false, because: approval.detail };
}
