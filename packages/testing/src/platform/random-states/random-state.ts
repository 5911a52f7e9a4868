import {
  ENGINE_VERSIONS,
  estimateAllocatable,
  holdsData,
  type IdKind,
  type InstanceId,
  idFromUuid,
  isMasterEligible,
  type KubeId,
  nodeNameOf,
  podNameOf,
  type Role,
} from "@berth/domain";
import { type ManifestComponent, statefulSetManifest } from "@berth/kubernetes";
import {
  checkPlacement,
  type InstanceRequest,
  launchOptions,
  type NodeState,
  type PlacementPlan,
} from "@berth/packing";
import type { Kubernetes, Pod } from "@berth/ports";
import { seededRandom } from "@berth/simulator";
import { readOnly, reconcilePlacement } from "@berth/worker";
import { waitFor } from "../../wait-for.ts";
import { STORAGE_CLASS, type StateKube } from "./state-kube.ts";
import { createStateStore, type StoredPlan } from "./state-store.ts";

export interface StateOutcome {
  /** Gates lifted: each is a promise of a node. */
  readonly placements: number;
  /** Of these, those that kube-scheduler bound to that node. */
  readonly boundWhereSaid: number;
  /** And those that it refused: each was taken back and planned again. */
  readonly conflicts: number;
  /** Instances without a place at the end. */
  readonly refused: number;
  /** What should not be, in words. */
  readonly faults: readonly string[];
}

const LONG_MS = 120_000;
/** More than the loop's patience with kube-scheduler. */
const PATIENCE_MS = 11_000;
const MOST_LOOKS = 12;
const SIZES = [
  { cpuMilli: 250, memoryMib: 1024 },
  { cpuMilli: 500, memoryMib: 2048 },
  { cpuMilli: 750, memoryMib: 4096 },
  { cpuMilli: 1500, memoryMib: 8192 },
];
const TYPES = [
  { name: "m.large", vcpu: 2, memoryMib: 8192, price: 100_000 },
  { name: "m.xlarge", vcpu: 4, memoryMib: 16_384, price: 200_000 },
  { name: "r.xlarge", vcpu: 4, memoryMib: 32_768, price: 260_000 },
  { name: "m.2xlarge", vcpu: 8, memoryMib: 32_768, price: 400_000 },
] as const;
const ALL: readonly Role[] = ["master", "data", "ingest"];

/** A machine as this file's own books have it, beside what the placement loop reads of Kubernetes. */
interface OwnMachine {
  readonly shape: Omit<NodeState, "instances" | "closed" | "coming" | "allocatable">;
  allocatable: NodeState["allocatable"];
  closed: string | undefined;
  /** Its Node is there. */
  isUp: boolean;
  disturbed: boolean;
}

/**
 * A small fleet and clusters for it, all drawn from the seed, in two rounds: first clusters come to nodes with daemons, then
 * more come, and some pods are evicted, whose volumes stay in their zones. The placement loop of the product does all
 * placing; machines that it plans come up after their pods were sent.
 *
 * `disturbed`: after a plan is stored and before its gates are lifted, somebody else takes what room a target has, or closes it.
 */
export async function runRandomState(
  kube: StateKube,
  kubernetes: Kubernetes,
  seed: number,
  disturbed: boolean,
): Promise<StateOutcome> {
  const random = seededRandom(seed);
  const chance = (percent: number) => random.integer(1, 100) <= percent;
  const ids = seededIds(seed);
  const zones = ["a", "b", "c"].slice(0, random.integer(1, 3)).map((zone) => `eu-central-1${zone}`);
  const volumeLimit = random.integer(4, 16);
  const count = random.integer(3, 9);
  const headroom = { instances: 1, ...random.pick(SIZES), volumes: 1 };
  const pool = {
    poolId: ids.next("pool"),
    zones,
    machineTypes: TYPES.map(({ name }) => name),
    instancesPerMachine: random.integer(3, 16),
    maxMachines: count + random.integer(0, 4),
    tenantSharePercent: random.pick([100, 100, 50, 30]),
    heldZones: [],
    ...(chance(25) ? { headroom } : {}),
  };
  const offerings = zones.flatMap((zone) =>
    TYPES.map(({ name, vcpu, memoryMib, price }) => ({
      zone,
      machineType: name,
      priceMicroUsdPerHour: price,
      vcpu,
      memoryMib,
      ebsVolumeLimit: volumeLimit,
      ebsVolumeLimitType: "dedicated",
      unavailableUntil: null,
    })),
  );
  const kubeId: KubeId = ids.next("kube");
  const rows = createStateStore({ id: kubeId, region: "eu-central-1", apiServerUrl: "", pools: [pool], offerings });
  const own = new Map<string, OwnMachine>();
  const requests = new Map<InstanceId, InstanceRequest>();
  const instanceOfPod = new Map<string, InstanceId>();
  const faults: string[] = [];
  let foreign = 0;
  let clockAheadMs = 0;

  async function bring(name: string): Promise<void> {
    const machine = own.get(name);
    const row = rows.machines.findIndex((one) => one.nodeName === name);
    if (machine === undefined || machine.isUp) return;
    const { allocatable, shape, closed } = machine;
    const daemons = Array.from({ length: random.integer(0, 2) }, () => ({
      name: `s${seed}-foreign-${foreign++}`,
      node: name,
      cpuMilli: random.integer(0, 3) * 50,
      memoryMib: random.integer(1, 3) * 100,
    }));
    const sum = (of: "cpuMilli" | "memoryMib") => daemons.reduce((total, one) => total + one[of], 0);
    await kube.makeNode({
      ...shape,
      cpuMilli: allocatable.cpuMilli + sum("cpuMilli"),
      memoryMib: allocatable.memoryMib + sum("memoryMib"),
      pods: allocatable.pods + daemons.length,
      volumes: allocatable.volumes,
      ...(closed === "cordoned" || closed === "tainted" || closed === "not_ready" ? { closed } : {}),
    });
    for (const daemon of daemons) await kube.makeForeignPod(daemon);
    machine.isUp = true;
    const before = rows.machines[row];
    if (before?.state === "booting") rows.machines[row] = { ...before, state: "ready" };
  }

  async function disturb(name: string): Promise<void> {
    const machine = own.get(name);
    if (machine === undefined || !machine.isUp || machine.disturbed || machine.closed !== undefined) return;
    machine.disturbed = true;
    const how = random.pick(["taken", "taken", "cordoned", "tainted"]);
    if (how === "cordoned") await kube.cordon(name);
    else if (how === "tainted") await kube.taint(name);
    if (how !== "taken") {
      machine.closed = how;
      return;
    }
    const used = instancesOn(kube.pods(), name);
    const free = (of: "cpuMilli" | "memoryMib") =>
      machine.allocatable[of] - used.reduce((sum, one) => sum + one[of], 0);
    const taken = { cpuMilli: Math.max(0, free("cpuMilli")), memoryMib: Math.max(0, free("memoryMib") - 512) };
    await kube.makeForeignPod({ name: `s${seed}-foreign-${foreign++}`, node: name, ...taken });
    const { cpuMilli, memoryMib, ...rest } = machine.allocatable;
    machine.allocatable = {
      ...rest,
      cpuMilli: cpuMilli - taken.cpuMilli,
      memoryMib: memoryMib - taken.memoryMib,
    };
  }

  const instancesOn = (pods: readonly Pod[], node: string): InstanceRequest[] =>
    pods.flatMap((pod) => {
      const request = requests.get(instanceOfPod.get(pod.metadata.name) as InstanceId);
      return pod.spec.nodeName === node && request !== undefined ? [request] : [];
    });

  async function addCluster(ordinal: number): Promise<void> {
    const clusterId = ids.next("cluster");
    const organizationId = organizations[random.integer(0, 2)] ?? ids.next("organization");
    const size = random.pick(SIZES);
    const spread = zones.slice(0, random.integer(1, zones.length));
    const instances = random.pick([1, 1, 2, 3, 3, 3, 3, 5, 8, 12]);
    const components: (Pick<ManifestComponent, "roles" | "instances"> & { readonly suffix: string })[] = chance(70)
      ? [{ suffix: "", roles: ALL, instances }]
      : [
          { suffix: "m", roles: ["master"], instances: 3 },
          { suffix: "d", roles: ["data", "ingest"], instances: Math.min(9, instances) },
        ];
    for (const { suffix, roles, instances } of components) {
      const component: ManifestComponent = {
        name: `s${seed}-${ordinal}${suffix}`,
        roles,
        instances,
        size: "test",
        ...size,
        cpuLimitMilli: size.cpuMilli * 4,
        storageMib: 10_240,
      };
      for (let index = 0; index < instances; index++) {
        const podName = podNameOf(component.name, index);
        const zone = spread[index % spread.length] ?? "";
        const instanceId = ids.next("instance");
        instanceOfPod.set(podName, instanceId);
        rows.instances.push({ instanceId, clusterId, organizationId, podName, zone, ...size, roles, leaving: false });
        requests.set(instanceId, {
          instanceId,
          clusterId,
          organizationId,
          ...size,
          volumes: 1,
          zone,
          holdsData: holdsData(roles),
          masterEligible: isMasterEligible(roles),
        });
      }
      const set = statefulSetManifest(
        {
          environment: "test",
          clusterId,
          organizationId,
          projectId: ids.next("project"),
          generation: 1,
          engine: ENGINE,
          components: [component],
          labels: {},
          storageClass: STORAGE_CLASS,
          initialMasters: [],
          seedAddresses: [],
          tls: { caCertPem: "", certPem: "", keyPem: "" },
          userFiles: {},
          workerAccess: [],
          gatewayAccess: [],
          snapshotAccess: [],
        },
        { uid: kube.anchorUid },
        component,
      );
      // As a cluster's namespace takes long to go, all states of one lane share theirs.
      await kube.create(`/apis/apps/v1/namespaces/${kube.namespace}/statefulsets`, {
        ...set,
        metadata: { ...set.metadata, namespace: kube.namespace },
      });
    }
  }

  const ownPods = (): Pod[] => kube.pods().filter((pod) => instanceOfPod.has(pod.metadata.name));
  const answerOf = (pod: Pod) => rows.answers.get(instanceOfPod.get(pod.metadata.name) as InstanceId);

  /** Every pod is there, and none of them changes by itself any more: gated ones carry kube-scheduler's word for it. */
  async function untilAllStand(): Promise<readonly Pod[]> {
    return waitFor(
      () => {
        const pods = ownPods();
        const stands = (pod: Pod) =>
          pod.metadata.deletionTimestamp === undefined &&
          (pod.spec.nodeName !== undefined || conditionOf(pod) !== undefined);
        return pods.length === instanceOfPod.size && pods.every(stands) && pods;
      },
      { timeoutMs: LONG_MS, what: `the pods of state ${seed} to stand` },
    );
  }

  /** kube-scheduler has answered for every pod that was sent: bound, or refused by a node that was disturbed. */
  async function untilAnswered(): Promise<readonly Pod[]> {
    const isOpen = (pod: Pod): boolean => {
      const decision = answerOf(pod)?.decision;
      if (decision === undefined || decision.podUid !== pod.metadata.uid || !rows.lifted.has(decision.id)) return false;
      if (pod.spec.nodeName !== undefined) return false;
      return conditionOf(pod)?.reason !== "Unschedulable" || own.get(decision.nodeName ?? "")?.disturbed !== true;
    };
    return waitFor(
      () => {
        const open = ownPods().filter(isOpen);
        if (open.length === 0) return ownPods();
        throw new Error(open.map((pod) => `${pod.metadata.name}: ${conditionOf(pod)?.message}`).join("; "));
      },
      { timeoutMs: LONG_MS, what: `kube-scheduler's answers in state ${seed}` },
    );
  }

  const sees: Kubernetes = {
    ...kubernetes,
    list: (kind, options) => kubernetes.list(kind, options),
    patch: async (kind, key, operations) => {
      const instanceId = instanceOfPod.get(key.name) as InstanceId;
      const target = rows.answers.get(instanceId)?.decision.nodeName;
      if (disturbed && target !== undefined && chance(30)) await disturb(target);
      return kubernetes.patch(kind, key, operations);
    },
  };

  async function look(): Promise<void> {
    const now = new Date(Date.now() + clockAheadMs);
    const pods = await untilAllStand();
    const nodes = [...own.values()].map(
      ({ shape, allocatable, closed, isUp }): NodeState => ({
        ...shape,
        allocatable,
        coming: !isUp,
        instances: instancesOn(pods, shape.name),
        ...(closed === undefined ? {} : { closed }),
      }),
    );
    const options = launchOptions([pool], offerings, [], rows.machines, now);
    const plansBefore = rows.plans.length;
    await reconcilePlacement(
      {
        leases: rows.leases,
        store: rows.store,
        kubes: { get: async () => readOnly(sees), close: () => undefined },
        clock: { now: () => now },
        ids,
        effects: { reached: () => undefined },
        sawVerdict: () => undefined,
      },
      kubeId,
      ids.next("run"),
    );
    const stored = rows.plans[plansBefore];
    if (stored !== undefined) {
      const asked = stored.decisions.map(({ instanceId }) => requests.get(instanceId) as InstanceRequest);
      faults.push(...faultsOf(stored, asked, nodes, options, { pools: [pool] }));
      for (const { id: _, nodeName, alternatives: __, ...machine } of stored.machines) {
        const { allocatable, ...shape } = machine;
        own.set(nodeName, {
          shape: { ...shape, name: nodeName },
          allocatable,
          closed: undefined,
          isUp: false,
          disturbed: false,
        });
      }
    }
    for (const name of own.keys()) await bring(name);
    for (const pod of await untilAnswered()) {
      const said = answerOf(pod)?.decision.nodeName;
      if (pod.spec.nodeName !== undefined && pod.spec.nodeName !== said) {
        faults.push(`${pod.metadata.name} is on ${pod.spec.nodeName} and was sent to ${said}`);
      }
    }
  }

  /** Until nothing is under way and the last answers are on record. */
  async function settle(): Promise<void> {
    const doneSoFar = () => rows.lifted.size + (rows.verdicts.get("refused") ?? 0);
    for (let looks = 0; looks < MOST_LOOKS; looks++) {
      const before = doneSoFar();
      await look();
      const isStuck = (pod: Pod) => !isGated(pod) && pod.spec.nodeName === undefined;
      if (doneSoFar() === before && !ownPods().some(isStuck)) return;
      clockAheadMs += PATIENCE_MS;
    }
    faults.push(`it is not settled after ${MOST_LOOKS} looks`);
  }

  const organizations = Array.from({ length: 3 }, () => ids.next("organization"));
  for (let index = 0; index < count; index++) {
    const type = random.pick(TYPES);
    const closed = chance(25) ? random.pick(["cordoned", "tainted", "not_ready", "draining"]) : undefined;
    const isComing = closed === undefined && chance(20);
    const id = ids.next("machine");
    const estimate = estimateAllocatable(
      { ...type, ebsVolumeLimit: volumeLimit, ebsVolumeLimitType: "dedicated" },
      pool.instancesPerMachine,
    );
    const less = 70 + random.integer(0, 30);
    const allocatable = {
      ...estimate,
      cpuMilli: Math.floor((estimate.cpuMilli * less) / 100),
      memoryMib: Math.floor((estimate.memoryMib * less) / 100),
    };
    const shape = {
      poolId: pool.poolId,
      zone: random.pick(zones),
      machineType: type.name,
      priceMicroUsdPerHour: type.price,
    };
    const nodeName = nodeNameOf(id);
    const state = isComing ? "booting" : closed === "draining" ? "draining" : "ready";
    rows.machines.push({ ...shape, poolId: pool.poolId, machineId: id, nodeName, allocatable, state });
    own.set(nodeName, { shape: { ...shape, name: nodeName }, allocatable, closed, isUp: false, disturbed: false });
    if (!isComing) await bring(nodeName);
  }
  const first = random.integer(1, 3);
  for (let cluster = 0; cluster < first; cluster++) await addCluster(cluster);
  await settle();
  for (const pod of ownPods().sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))) {
    if (pod.spec.nodeName !== undefined && chance(15)) await kube.deletePod(pod);
  }
  const second = random.integer(1, 2);
  for (let cluster = 0; cluster < second; cluster++) await addCluster(first + cluster);
  await settle();

  const refused = ownPods().filter(isGated).length;
  await kube.clear();
  return {
    placements: rows.lifted.size,
    boundWhereSaid: rows.verdicts.get("bound") ?? 0,
    conflicts: rows.verdicts.get("refused") ?? 0,
    refused,
    faults: [...faults, ...rows.failures].map((fault) => `state ${seed}: ${fault}`),
  };
}

const ENGINE = (() => {
  const found = ENGINE_VERSIONS.find(({ engine }) => engine === "elasticsearch");
  if (found === undefined) throw new Error("there is a version of Elasticsearch");
  return found;
})();

/** What the stored plan breaks by the slow check, and what it refused though a node or a machine type would hold it. */
function faultsOf(
  stored: StoredPlan,
  requests: readonly InstanceRequest[],
  nodes: readonly NodeState[],
  options: ReturnType<typeof launchOptions>,
  policy: Parameters<typeof checkPlacement>[4],
): string[] {
  const none = { candidates: [], considered: 0, refusals: [] };
  const machines: PlacementPlan["machines"] = stored.machines.map((machine) => ({
    ...machine,
    name: machine.nodeName,
    alternatives: [],
    instances: [],
  }));
  const assignments = stored.decisions.map(({ instanceId, nodeName }): PlacementPlan["assignments"][number] => {
    const machine = machines.findIndex(({ name }) => name === nodeName);
    if (nodeName === undefined) return { outcome: "refused", instanceId, ...none };
    if (machine >= 0) return { outcome: "new_machine", instanceId, machine, ...none };
    return { outcome: "placed", instanceId, node: nodeName, ...none };
  });
  const broken = (plan: PlacementPlan) => checkPlacement(requests, nodes, options, plan, policy);
  const faults = broken({ assignments, machines }).map((violation) => JSON.stringify(violation));
  for (const { instanceId, outcome } of assignments) {
    if (outcome !== "refused") continue;
    const others = assignments.filter((one) => one.instanceId !== instanceId);
    const zone = requests.find((one) => one.instanceId === instanceId)?.zone;
    const plans: PlacementPlan[] = [
      ...nodes
        .filter((node) => node.zone === zone)
        .map(({ name: node }) => ({
          machines,
          assignments: [...others, { outcome: "placed" as const, instanceId, node, ...none }],
        })),
      ...machines.map((_, machine) => ({
        machines,
        assignments: [...others, { outcome: "new_machine" as const, instanceId, machine, ...none }],
      })),
      ...options
        .filter((option) => option.zone === zone)
        .map((option) => ({
          machines: [...machines, { ...option, name: "another", alternatives: [], instances: [] }],
          assignments: [...others, { outcome: "new_machine" as const, instanceId, machine: machines.length, ...none }],
        })),
    ];
    if (plans.some((plan) => broken(plan).length === 0)) faults.push(`${instanceId} was refused and has a place`);
  }
  return faults;
}

function conditionOf(pod: Pod) {
  return pod.status?.conditions?.find((one) => one.type === "PodScheduled");
}

function isGated(pod: Pod): boolean {
  return (pod.spec.schedulingGates ?? []).length > 0;
}

/** The same names for the same seed: ties go by them. */
function seededIds(seed: number): { next<K extends IdKind>(kind: K): ReturnType<typeof idFromUuid<K>> } {
  let serial = 0;
  return {
    next: (kind) => {
      const tail = (serial++).toString(16).padStart(12, "0");
      return idFromUuid(kind, `01890000${seed.toString(16).padStart(4, "0")}70008000${tail}`.slice(0, 32));
    },
  };
}
