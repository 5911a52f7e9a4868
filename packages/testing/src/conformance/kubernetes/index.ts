import { CLUSTER_CASES } from "./clusters.ts";
import type { KubernetesCase } from "./env.ts";
import { JOINING_CASES } from "./joining.ts";
import { OBJECT_CASES } from "./objects.ts";
import { USAGE_CASES } from "./usage.ts";
import { WATCH_CASES } from "./watches.ts";
import { WORKLOAD_CASES } from "./workloads.ts";

export type { KubernetesCase, NodeToAdd } from "./env.ts";

/** What Berth relies on in Kubernetes, told through the port. */
export const KUBERNETES_CASES: readonly KubernetesCase[] = [
  ...OBJECT_CASES,
  ...WORKLOAD_CASES,
  ...WATCH_CASES,
  ...JOINING_CASES,
  ...USAGE_CASES,
  ...CLUSTER_CASES,
];
