import { DevFailure } from "./dev-failure.ts";
import type { World, WorldOptions } from "./world.ts";

export async function openRealWorld(_: WorldOptions): Promise<World> {
  throw new DevFailure("--real is not there yet");
}
