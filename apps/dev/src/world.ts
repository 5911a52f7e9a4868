import { join } from "node:path";
import { startSimulatedWorld } from "@berth/simulator";
import type { DataFolder } from "./data-folder.ts";
import type { Guardian } from "./guardian.ts";
import type { DevOptions } from "./options.ts";
import { REGION, ZONES } from "./region.ts";
import type { KubeToRegister } from "./seed/kube.ts";

/** What Berth acts on: Kubernetes, EC2 and the engines. */
export interface World {
  readonly kube: KubeToRegister;
  readonly ec2: {
    readonly endpoint: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly options: DevOptions;
  readonly folder: DataFolder;
  readonly guardian: Guardian;
  readonly tell: (text: string) => void;
}

/** The same chances at every start: what went wrong once can be seen again. */
const SEED = 1;

/** The simulated cloud, or the real parts: the second are loaded only when they are asked for. */
export async function openWorld(options: WorldOptions): Promise<World> {
  if (options.options.real) return (await import("./real-world.ts")).openRealWorld(options);
  return openSimulatedWorld(options);
}

async function openSimulatedWorld({ folder, tell }: WorldOptions): Promise<World> {
  const world = await startSimulatedWorld({
    seed: SEED,
    region: REGION,
    zones: ZONES,
    dataDir: join(folder.path, "world"),
    onWarning: (message) => tell(`simulated cloud: ${message}`),
  });
  return {
    kube: { name: "simulated", region: REGION, zones: ZONES, kubeconfig: world.kubeconfig, simulated: true },
    ec2: { endpoint: world.ec2Endpoint, credentials: world.credentials },
    close: () => world.close(),
  };
}
