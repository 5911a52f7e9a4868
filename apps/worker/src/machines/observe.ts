import { LABELS, MANAGED_BY } from "@berth/domain";
import { type Approval, approvalOf } from "@berth/kubernetes";
import type { ObservedMachine } from "@berth/lifecycle";
import type { Cloud, CloudInstanceState, Kubernetes } from "@berth/ports";
import { isReady, targetOf } from "../placement/problem.ts";

export interface ObserveMachineInput {
  readonly nodeName: string;
  readonly poolId: string;
  readonly cloudInstanceId: string | undefined;
  readonly bootstrapTokenId: string | undefined;
  /** Pods are only counted where the answer matters. */
  readonly countPods: boolean;
}

const CLOUD_STATES: Readonly<Record<CloudInstanceState, ObservedMachine["cloud"]>> = {
  pending: "pending",
  running: "running",
  "shutting-down": "stopping",
  stopping: "stopping",
  stopped: "stopping",
  terminated: "terminated",
};

/** One fresh look at a machine: the cloud, its node, its join requests, its token, its pods. Reads only. */
export async function observeMachine(
  kubernetes: Kubernetes,
  cloud: Cloud | undefined,
  input: ObserveMachineInput,
): Promise<ObservedMachine> {
  const [instances, node, requests, tokenSecret, pods] = await Promise.all([
    cloud === undefined || input.cloudInstanceId === undefined
      ? Promise.resolve([])
      : cloud.describe({ instanceIds: [input.cloudInstanceId] }),
    kubernetes.read("Node", { name: input.nodeName }),
    input.bootstrapTokenId === undefined ? Promise.resolve([]) : kubernetes.list("CertificateSigningRequest"),
    input.bootstrapTokenId === undefined
      ? Promise.resolve(undefined)
      : kubernetes.read("Secret", { namespace: "kube-system", name: `bootstrap-token-${input.bootstrapTokenId}` }),
    input.countPods ? podsOf(kubernetes, input.nodeName) : Promise.resolve(0),
  ]);
  const instance = instances[0];
  return {
    cloud: instance === undefined ? "absent" : CLOUD_STATES[instance.state],
    node:
      node === undefined
        ? undefined
        : {
            uid: node.metadata.uid ?? "",
            ready: isReady(node),
            cordoned: node.spec?.unschedulable === true,
            settled: node.metadata.labels?.[LABELS.pool] === input.poolId,
          },
    requests: requests
      .filter(
        (request) =>
          request.spec.username === `system:bootstrap:${input.bootstrapTokenId}` &&
          request.status?.certificate === undefined &&
          !(request.status?.conditions ?? []).some((one) => one.type === "Approved" || one.type === "Denied"),
      )
      .map((request) => ({
        name: request.metadata.name,
        uid: request.metadata.uid ?? "",
        verdict: verdictOf(approvalOf(request, { nodeName: input.nodeName, tokenId: input.bootstrapTokenId ?? "" })),
      })),
    tokenSecret: tokenSecret === undefined ? undefined : { uid: tokenSecret.metadata.uid ?? "" },
    pods,
  };
}

/** Pods of ours bound to the node, and those sent to it by name that kube-scheduler has not bound yet. */
async function podsOf(kubernetes: Kubernetes, nodeName: string): Promise<number> {
  const labelSelector = `${LABELS.managedBy}=${MANAGED_BY}`;
  const [bound, unbound] = await Promise.all([
    kubernetes.list("Pod", { labelSelector, fieldSelector: `spec.nodeName=${nodeName}` }),
    kubernetes.list("Pod", { labelSelector, fieldSelector: "spec.nodeName=" }),
  ]);
  return bound.length + unbound.filter((pod) => targetOf(pod) === nodeName).length;
}

function verdictOf(approval: Approval): ObservedMachine["requests"][number]["verdict"] {
  return approval.outcome === "approve" ? { approve: true } : { approve: false, because: approval.detail };
}
