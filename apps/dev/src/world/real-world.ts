import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseCpuMilli, parseMebibytesDown } from "@berth/domain";
import {
  type BootedMachine,
  type NodeJoiner,
  type NodeResources,
  startSimulatedWorld,
  takeAddressRange,
} from "@berth/simulator";
import {
  findMissing,
  prepareRealTier,
  startControlPlane,
  startProcessKubelet,
  startVolumeProvisioner,
} from "@berth/testing";
import { createCleanup } from "../cleanup.ts";
import { DevFailure } from "../dev-failure.ts";
import { REGION, ZONES } from "./region.ts";
import type { World, WorldOptions } from "./world.ts";

const SEED = 1;

/**
 * The real parts: etcd, kube-apiserver, its controllers and kube-scheduler, and engines as processes of this machine. EC2
 * stays simulated: each machine that it boots is a process kubelet that joins by its bootstrap token, as a real one would.
 *
 * Says what is missing on this machine before anything is built or downloaded. The admin kubeconfig stands in the data
 * folder as `kubeconfig`, for kubectl.
 */
export async function openRealWorld({ folder, tell }: WorldOptions): Promise<World> {
  const missing = findMissing();
  if (missing.length > 0) {
    throw new DevFailure(
      `--real needs what this machine does not have:\n  ${missing.join("\n  ")}\nWithout --real, everything is simulated.`,
    );
  }
  await prepareRealTier(tell);
  const data = join(folder.path, "real");
  mkdirSync(data, { recursive: true });
  const cleanup = createCleanup();
  try {
    const controlPlane = await startControlPlane({ dataDir: join(data, "control-plane"), onProgress: tell });
    cleanup.add(() => controlPlane.stop());
    const { adminKubeconfig } = controlPlane;
    writeFileSync(join(folder.path, "kubeconfig"), adminKubeconfig, { mode: 0o600 });
    const volumes = await startVolumeProvisioner({
      kubeconfig: adminKubeconfig,
      dataDir: join(data, "volumes"),
      zones: ZONES,
      onLog: tell,
    });
    cleanup.add(() => volumes.stop());
    // Another dev of this machine has pods as well.
    const addresses = await takeAddressRange();
    cleanup.add(() => addresses.release());
    const machines = processMachines(addresses.prefix, join(data, "machines"), adminKubeconfig, tell);
    cleanup.add(() => machines.stop());
    const world = await startSimulatedWorld({
      seed: SEED,
      region: REGION,
      zones: ZONES,
      dataDir: join(data, "cloud"),
      nodeJoiner: machines.joiner,
      onWarning: (message) => tell(`simulated EC2: ${message}`),
    });
    cleanup.add(() => world.close());
    return {
      kube: { name: "real", region: REGION, zones: ZONES, kubeconfig: adminKubeconfig, simulated: false },
      ec2: { endpoint: world.ec2Endpoint, credentials: world.credentials },
      close: () => cleanup.run(),
    };
  } catch (error) {
    await cleanup.run();
    throw error;
  }
}

/**
 * Makes a process kubelet of each booted machine, and ends it with its machine. Pods of one machine have addresses
 * PREFIX.N.x: machines by the order in which they boot.
 */
function processMachines(
  addressPrefix: string,
  dataDir: string,
  adminKubeconfig: string,
  tell: (text: string) => void,
): { readonly joiner: NodeJoiner; stop(): Promise<void> } {
  const kubelets = new Map<string, ReturnType<typeof startProcessKubelet>>();
  let booted = 0;

  const start = (machine: BootedMachine) => {
    const { join: document, resources } = machine;
    if (document === undefined || resources === undefined) {
      tell(`machine ${machine.instanceId} has no join document that can be read`);
      return;
    }
    booted += 1;
    const home = join(dataDir, document.nodeName);
    // A token is good for one join. A machine that ran before dev was stopped comes back as the node that it was.
    const identity = existsSync(home)
      ? { kubeconfig: adminKubeconfig }
      : { join: { apiServerUrl: document.apiServerEndpoint, caCertPem: document.caCertPem, token: document.token } };
    const kubelet = startProcessKubelet({
      nodeName: document.nodeName,
      zone: machine.zone,
      machineType: machine.machineType,
      providerId: machine.providerId,
      allocatable: allocatableOf(resources),
      labels: document.labels,
      taints: document.taints,
      ...identity,
      podAddressPrefix: `${addressPrefix}.${booted % 250}`,
      dataDir: home,
      onLog: tell,
    });
    kubelets.set(machine.instanceId, kubelet);
    kubelet.catch((error: unknown) => tell(`machine ${machine.instanceId} could not join: ${error}`));
  };

  return {
    joiner: {
      booted: start,
      left: (machine) => {
        const kubelet = kubelets.get(machine.instanceId);
        kubelets.delete(machine.instanceId);
        kubelet?.then(
          (running) => running.kill(),
          () => {},
        );
      },
    },
    stop: async () => {
      const all = await Promise.allSettled(kubelets.values());
      await Promise.all(all.map((one) => (one.status === "fulfilled" ? one.value.stop() : undefined)));
    },
  };
}

function allocatableOf({ allocatable, attachableVolumes }: NodeResources) {
  const cpu = parseCpuMilli(allocatable.cpu ?? "0");
  const memory = parseMebibytesDown(allocatable.memory ?? "0");
  return {
    cpuMilli: cpu.ok ? cpu.value : 0,
    memoryMib: memory.ok ? memory.value : 0,
    pods: Number(allocatable.pods ?? "0"),
    volumes: attachableVolumes,
  };
}
