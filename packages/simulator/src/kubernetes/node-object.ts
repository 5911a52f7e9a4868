import { setCondition } from "./conditions.ts";
import type { Amounts, Node, Taint } from "./objects.ts";
import { ZONE_LABEL } from "./volume-matching.ts";

/** What a machine is told in its user data. */
export interface NodeJoin {
  /** Bootstrap token, `abcdef.0123456789abcdef`. */
  readonly token: string;
  readonly nodeName: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly Taint[];
  readonly maxPods?: number;
}

/** What a machine is. */
export interface MachineFacts {
  readonly machineType: string;
  readonly zone: string;
  readonly providerId: string;
  /** Kubernetes amounts: `cpu`, `memory`, `pods`, `ephemeral-storage`. */
  readonly capacity: Readonly<Amounts>;
  readonly allocatable: Readonly<Amounts>;
  /** Volumes that it can attach; left out, any number. */
  readonly attachableVolumes?: number;
}

/** The Node object that a joining machine registers, not ready yet. */
export function newNode(hostAddress: string, join: Omit<NodeJoin, "token">, machine: MachineFacts): Node {
  const region = /^(.*\d)[a-z]$/.exec(machine.zone)?.[1] ?? machine.zone;
  const pods = join.maxPods === undefined ? {} : { pods: String(join.maxPods) };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: join.nodeName,
      labels: {
        "kubernetes.io/hostname": join.nodeName,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "node.kubernetes.io/instance-type": machine.machineType,
        [ZONE_LABEL]: machine.zone,
        "topology.kubernetes.io/region": region,
        ...join.labels,
      },
    },
    spec: {
      providerID: machine.providerId,
      ...(join.taints === undefined || join.taints.length === 0 ? {} : { taints: [...join.taints] }),
    },
    status: {
      capacity: { ...machine.capacity, ...pods },
      allocatable: { ...machine.allocatable, ...pods },
      addresses: [
        { type: "InternalIP", address: hostAddress },
        { type: "Hostname", address: join.nodeName },
      ],
      conditions: [
        { type: "Ready", status: "False", reason: "KubeletNotReady", message: "container runtime network not ready" },
      ],
      nodeInfo: {
        machineID: "",
        systemUUID: "",
        bootID: "",
        kernelVersion: "simulated",
        osImage: "berth simulator",
        containerRuntimeVersion: "simulated://1",
        kubeletVersion: "v1.37.2+berth.simulated",
        kubeProxyVersion: "",
        operatingSystem: "linux",
        architecture: "amd64",
      },
    },
  };
}

/** The conditions of a healthy node. */
export function readyConditions(node: Node, now: string): NonNullable<Node["status"]["conditions"]> {
  let conditions = node.status.conditions ?? [];
  for (const [type, reason] of [
    ["MemoryPressure", "KubeletHasSufficientMemory"],
    ["DiskPressure", "KubeletHasNoDiskPressure"],
    ["PIDPressure", "KubeletHasSufficientPID"],
  ] as const) {
    conditions = setCondition(conditions, { type, status: "False", reason, message: "", lastHeartbeatTime: now }, now);
  }
  const ready = {
    type: "Ready",
    status: "True" as const,
    reason: "KubeletReady",
    message: "kubelet is posting ready status",
  };
  return setCondition(conditions, { ...ready, lastHeartbeatTime: now }, now);
}
