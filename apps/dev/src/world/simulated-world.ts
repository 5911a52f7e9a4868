import { fork } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DevFailure } from "../dev-failure.ts";
import { REGION, ZONES } from "./region.ts";
import type { World, WorldOptions } from "./world.ts";

/** What the process of the simulated world says. */
export type FromWorld =
  | {
      readonly kind: "ready";
      readonly kubeconfig: string;
      readonly ec2Endpoint: string;
      readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
    }
  | { readonly kind: "warning"; readonly message: string }
  | { readonly kind: "failed"; readonly message: string };

/** What it is told at its start. The end of the channel is its end. */
export interface ToWorld {
  readonly seed: number;
  readonly region: string;
  readonly zones: readonly string[];
  readonly dataDir: string;
}

const CHILD = fileURLToPath(new URL("./simulated-world-process.mjs", import.meta.url));
/** The same chances at every start: what went wrong once can be seen again. */
const SEED = 1;

/**
 * Runs the simulated cloud in a process of its own: three hundred simulated engines that come back at once would keep API
 * and worker from answering for many seconds, and there is a second core.
 *
 * It saves itself and ends when the channel to it ends, so it also survives kill -9 of this process in good order.
 */
export async function openSimulatedWorld({ folder, guardian, tell }: WorldOptions): Promise<World> {
  const child = fork(CHILD, { detached: true, stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const { pid } = child;
  if (pid !== undefined) guardian.watch(pid, "SIGTERM");
  const close = async () => {
    if (child.connected) child.disconnect();
    await ended;
    if (pid !== undefined) guardian.forget(pid);
  };

  try {
    const ready = await new Promise<Extract<FromWorld, { kind: "ready" }>>((resolve, reject) => {
      child.on("message", (message: FromWorld) => {
        if (message.kind === "ready") resolve(message);
        else if (message.kind === "warning") tell(`simulated cloud: ${message.message}`);
        else reject(new DevFailure(`the simulated cloud did not start: ${message.message}`));
      });
      child.once("error", reject);
      child.once("exit", (code, signal) => reject(new Error(`the simulated cloud ended with ${code ?? signal}`)));
      child.send({ seed: SEED, region: REGION, zones: ZONES, dataDir: join(folder.path, "world") } satisfies ToWorld);
    });
    return {
      kube: { name: "simulated", region: REGION, zones: ZONES, kubeconfig: ready.kubeconfig, simulated: true },
      ec2: { endpoint: ready.ec2Endpoint, credentials: ready.credentials },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
