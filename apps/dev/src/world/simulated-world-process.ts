import { once } from "node:events";
import { startSimulatedWorld } from "@berth/simulator";
import type { FromWorld, ToWorld } from "./simulated-world.ts";

/** The process of the simulated world, started by fork: lives as long as the channel to its parent. */
export async function runSimulatedWorld(): Promise<void> {
  // Ctrl-C and the guardian mean dev, which ends the channel; a guardian that has to ask means that dev is gone, and so it is.
  for (const signal of ["SIGINT", "SIGHUP"]) process.on(signal, () => {});
  const disconnected = once(process, "disconnect");
  const say = (message: FromWorld) => void process.send?.(message);

  const [options] = (await once(process, "message")) as [ToWorld];
  try {
    const world = await startSimulatedWorld({ ...options, onWarning: (message) => say({ kind: "warning", message }) });
    process.on("SIGTERM", () => process.disconnect?.());
    const { kubeconfig, ec2Endpoint, credentials } = world;
    say({ kind: "ready", kubeconfig, ec2Endpoint, credentials });
    await disconnected;
    await world.close();
  } catch (error) {
    say({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
    process.disconnect?.();
  }
}
