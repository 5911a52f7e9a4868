import { readFileSync } from "node:fs";
import { type Platform, type PlatformOptions, startPlatform } from "./start-platform.ts";
import { type SimulatedPlatformWorld, startPlatformWorld } from "./world.ts";

const LOG_CHARS = 4000;

/** A platform on a simulated world of its own, for as long as `use` takes. A failure carries the end of the worker's log. */
export async function withPlatform<T>(
  options: Omit<PlatformOptions, "world">,
  use: (platform: Platform, world: SimulatedPlatformWorld) => Promise<T>,
): Promise<T> {
  const world = await startPlatformWorld();
  try {
    const platform = await startPlatform({ ...options, world });
    try {
      return await use(platform, world);
    } catch (error) {
      const log = readFileSync(platform.worker().logFile, "utf8").slice(-LOG_CHARS);
      const message = error instanceof Error ? error.message : String(error);
      throw new Error(`${message}\nThe worker's log ends:\n${log}`, { cause: error });
    } finally {
      await platform.stop();
    }
  } finally {
    await world.close();
  }
}
