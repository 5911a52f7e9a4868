import type { SimulationClock } from "../clock.ts";
import { mixSeeds } from "../ec2/launch.ts";
import { createEc2Model, type Ec2Model } from "../ec2/model.ts";
import { AWS_TIMINGS, type Ec2Timings, QUICK_TIMINGS } from "../ec2/options.ts";
import type { Ec2State } from "../ec2/state.ts";
import { ENGINE_TIMINGS, type EngineTimings, QUICK_ENGINE_TIMINGS } from "../engine/model/timings.ts";
import { createEngineRuntime, type EngineNetwork, type EngineRuntime, type EngineSnapshot } from "../engine/runtime.ts";
import { createKubernetesModel, type KubernetesModel, type KubernetesSnapshot } from "../kubernetes/model.ts";
import {
  type KubernetesOptions,
  type KubernetesTimings,
  QUICK_KUBERNETES_TIMINGS,
  REAL_KUBERNETES_TIMINGS,
} from "../kubernetes/options.ts";
import { seededRandom } from "../random.ts";
import type { JoinDocument } from "./join-document.ts";
import { type BootedMachine, bootedMachineOf, type NodeJoiner } from "./machines.ts";

export interface WorldTimings {
  readonly ec2: Ec2Timings;
  readonly kubernetes: KubernetesTimings;
  readonly engine: EngineTimings;
}

/** Delays as AWS, Kubernetes and the engines have them: for the virtual clock. */
export const REAL_WORLD_TIMINGS: WorldTimings = {
  ec2: AWS_TIMINGS,
  kubernetes: REAL_KUBERNETES_TIMINGS,
  engine: ENGINE_TIMINGS,
};

/** Every delay is there but short: for the real clock. */
export const QUICK_WORLD_TIMINGS: WorldTimings = {
  ec2: QUICK_TIMINGS,
  kubernetes: QUICK_KUBERNETES_TIMINGS,
  engine: QUICK_ENGINE_TIMINGS,
};

/** All that a world remembers: plain JSON. */
export interface WorldSnapshot {
  readonly version: 1;
  readonly savedAt: number;
  readonly restarts: number;
  readonly ec2: Ec2State;
  readonly kubernetes: KubernetesSnapshot;
  readonly engine: EngineSnapshot;
  /** node name -> instance id of the machine that runs its kubelet. */
  readonly nodeOwners: Readonly<Record<string, string>>;
}

export interface WorldOptions {
  readonly clock: SimulationClock;
  readonly seed: number;
  readonly region: string;
  readonly zones: readonly string[];
  readonly timings?: Partial<WorldTimings>;
  /** What is switched on from the start; the rest of the faults are switches of the three models. */
  readonly faults?: { readonly throttling?: boolean; readonly instanceLimit?: number };
  /** Whether Elasticsearch has its node shutdown API; off, as in the free distributions. */
  readonly nodeShutdown?: boolean;
  readonly kubernetes?: KubernetesOptions;
  readonly network?: EngineNetwork;
  /** Takes the place of the simulated kubelets. */
  readonly nodeJoiner?: NodeJoiner;
  /** Whether a join document leads to this cluster; a machine with a wrong one boots and never joins. */
  readonly acceptsJoin?: (document: JoinDocument) => boolean;
  readonly snapshot?: WorldSnapshot;
}

/** A cloud, a cluster and the engines on it. Each model has its own fault switches. */
export interface World {
  readonly clock: SimulationClock;
  readonly ec2: Ec2Model;
  readonly kubernetes: KubernetesModel;
  readonly engine: EngineRuntime;
  /** What happened to machines, newest last, a few hundred at most. */
  readonly events: readonly { readonly at: number; readonly instanceId: string; readonly what: string }[];
  snapshot(): WorldSnapshot;
  close(): void;
}

const EVENTS_KEPT = 300;

/**
 * Ties the three models together.
 *
 * A booted machine reads its user data and joins as a kubelet does, by its token and an approved certificate request; pods
 * bound to its node run in the engine runtime; when the machine's processes end, node and pods go silent with it, and the
 * Node object stays until somebody deletes it, as without a cloud controller.
 */
export function createWorld(options: WorldOptions): World {
  const { clock, seed, snapshot } = options;
  const timings: WorldTimings = { ...REAL_WORLD_TIMINGS, ...options.timings };
  const restarts = snapshot === undefined ? 0 : snapshot.restarts + 1;
  const ec2 = createEc2Model({
    clock,
    seed,
    region: options.region,
    zones: options.zones,
    timings: timings.ec2,
    ...(options.faults?.throttling === undefined ? {} : { throttling: options.faults.throttling }),
    ...(options.faults?.instanceLimit === undefined ? {} : { instanceLimit: options.faults.instanceLimit }),
  });
  const engine = createEngineRuntime({
    clock,
    // A restarted world must not hand out ids that it has given before.
    random: seededRandom(mixSeeds(seed, restarts)),
    timings: timings.engine,
    ...(options.network === undefined ? {} : { network: options.network }),
    ...(options.nodeShutdown === undefined ? {} : { nodeShutdown: options.nodeShutdown }),
  });
  const kubernetes = createKubernetesModel({
    clock,
    random: seededRandom(seed),
    podRuntime: engine,
    options: { ...options.kubernetes, timings: { ...timings.kubernetes, ...options.kubernetes?.timings } },
  });

  const events: { at: number; instanceId: string; what: string }[] = [];
  const note = (instanceId: string, what: string): void => {
    events.push({ at: clock.now(), instanceId, what });
    if (events.length > EVENTS_KEPT) events.shift();
  };
  const nodeOwners = new Map(Object.entries(snapshot?.nodeOwners ?? {}));
  const joiner = options.nodeJoiner ?? simulatedJoiner(kubernetes, nodeOwners, options.acceptsJoin, note);

  ec2.onBoot((instance) => {
    note(instance.id, "booted");
    joiner.booted(bootedMachineOf(ec2, instance));
  });
  ec2.onTerminate((instance) => {
    note(instance.id, "ended");
    joiner.left(bootedMachineOf(ec2, instance));
  });

  if (snapshot !== undefined) {
    // Volumes first, then the pods that stand on them, then the machines whose overdue ends may stop pods again.
    engine.restore(snapshot.engine);
    kubernetes.restore(snapshot.kubernetes);
    ec2.restore(snapshot.ec2);
    if (options.nodeJoiner !== undefined) {
      for (const instance of ec2.bootedInstances()) options.nodeJoiner.booted(bootedMachineOf(ec2, instance));
    }
  }
  return {
    clock,
    ec2,
    kubernetes,
    engine,
    events,
    snapshot: () => ({
      version: 1,
      savedAt: clock.now(),
      restarts,
      ec2: ec2.snapshot(),
      kubernetes: kubernetes.snapshot(),
      engine: engine.snapshot(),
      nodeOwners: Object.fromEntries(nodeOwners),
    }),
    close: () => {
      kubernetes.close();
    },
  };
}

/** Booted machines become kubelets of the simulated cluster. */
function simulatedJoiner(
  kubernetes: KubernetesModel,
  nodeOwners: Map<string, string>,
  acceptsJoin: WorldOptions["acceptsJoin"],
  note: (instanceId: string, what: string) => void,
): NodeJoiner {
  return {
    booted: (machine) => {
      const { instanceId, join, resources } = machine;
      if (join === undefined || resources === undefined) {
        note(instanceId, "has no join document that can be read");
      } else if (acceptsJoin?.(join) === false) {
        note(instanceId, `cannot reach or trust ${join.apiServerEndpoint}`);
      } else if (nodeOwners.has(join.nodeName)) {
        // Two machines were given one name: the first keeps it, as its token is used up.
        note(instanceId, `node ${join.nodeName} is run by ${nodeOwners.get(join.nodeName)}`);
      } else {
        nodeOwners.set(join.nodeName, instanceId);
        joinCluster(kubernetes, machine, join);
      }
    },
    left: ({ instanceId, join }) => {
      if (join === undefined || nodeOwners.get(join.nodeName) !== instanceId) return;
      nodeOwners.delete(join.nodeName);
      kubernetes.kubelets.vanish(join.nodeName);
    },
  };
}

function joinCluster(kubernetes: KubernetesModel, machine: BootedMachine, join: JoinDocument): void {
  const { resources, machineType, zone, providerId } = machine;
  if (resources === undefined) return;
  const { token, nodeName, labels, taints, maxPods } = join;
  kubernetes.kubelets.join(
    { token, nodeName, labels, taints, maxPods },
    { machineType, zone, providerId, ...resources },
  );
}
