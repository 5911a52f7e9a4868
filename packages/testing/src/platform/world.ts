import { FIELD_MANAGER } from "@berth/domain";
import { createKubernetes, EBS_PARAMETERS, parseKubeconfig, storageClassManifest } from "@berth/kubernetes";
import { QUICK_WORLD_TIMINGS, type SimulatedWorld, startSimulatedWorld, type WorldTimings } from "@berth/simulator";

/** What a platform stands on: a kube, a cloud and engines, simulated or real. */
export interface PlatformWorld {
  readonly region: string;
  readonly zones: readonly string[];
  readonly kubeconfig: string;
  /** Name of the storage class of data volumes. */
  readonly storageClass: string;
  readonly ec2: {
    readonly endpoint: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  /** Engine processes that run now, by a name that helps to find them. */
  engines(): readonly string[];
  close(): Promise<void>;
}

/** A simulated world, with its models at hand for faults. */
export interface SimulatedPlatformWorld extends PlatformWorld {
  readonly simulated: SimulatedWorld;
}

const REGION = "us-east-1";
const ZONES = ["us-east-1a", "us-east-1b", "us-east-1c"];

/** Everything takes its time, and none of it takes long: a cluster is up in a second or two. */
export const TEST_TIMINGS: WorldTimings = {
  ec2: { ...QUICK_WORLD_TIMINGS.ec2, pendingMs: [30, 90], lagMs: [0, 50], bootMs: [30, 90], shutdownMs: [50, 150] },
  kubernetes: {
    ...QUICK_WORLD_TIMINGS.kubernetes,
    startPodMs: [20, 80],
    stopPodMs: [20, 80],
    probeMs: 50,
    registerNodeMs: [10, 50],
    nodeReadyMs: [10, 50],
    joinRetryMs: 100,
  },
  engine: { ...QUICK_WORLD_TIMINGS.engine, startMs: [60, 120], electionMs: [20, 60], peerRecoveryMs: [20, 60] },
};

/**
 * Starts a simulated world behind real sockets. Its volumes are kept when their claim goes, as an operator who has learnt
 * it the hard way would have it: nothing but Berth's own deletion removes data.
 */
export async function startPlatformWorld(
  options: { readonly timings?: WorldTimings } = {},
): Promise<SimulatedPlatformWorld> {
  const simulated = await startSimulatedWorld({
    seed: 1,
    region: REGION,
    zones: ZONES,
    timings: options.timings ?? TEST_TIMINGS,
  });
  const connection = parseKubeconfig(simulated.kubeconfig);
  if (!connection.ok) throw new Error(connection.error.detail);
  const kubernetes = createKubernetes(connection.value);
  const storageClass = storageClassManifest({
    name: "berth",
    provisioner: "ebs.csi.aws.com",
    reclaim: "Retain",
    parameters: EBS_PARAMETERS,
  });
  await kubernetes.apply(storageClass, FIELD_MANAGER);
  kubernetes.close();
  return {
    region: REGION,
    zones: ZONES,
    kubeconfig: simulated.kubeconfig,
    storageClass: "berth",
    ec2: { endpoint: simulated.ec2Endpoint, credentials: simulated.credentials },
    engines: () => simulated.world.engine.listening().map(({ pod }) => `${pod.namespace}/${pod.name}`),
    simulated,
    close: () => simulated.close(),
  };
}
