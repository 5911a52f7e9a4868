import type { NodeConfig } from "./node-config.ts";
import type { Volume } from "./state.ts";

const partsOf = (version: string): readonly number[] => version.split(".").map(Number);

/** Whether the first version is lower than the second. */
export function isOlder(version: string, than: string): boolean {
  const [a, b] = [partsOf(version), partsOf(than)];
  for (let i = 0; i < 3; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

export const majorOf = (version: string): number => partsOf(version)[0] ?? 0;

/**
 * Why a version will not start on what another wrote, as its log says; undefined when it will.
 *
 * Older code on newer data and a skipped major both end the process (seen on 8.19 and 9.5); the data is untouched, so the
 * right version starts again on the same path.
 */
export function dataRefusal(config: NodeConfig, volume: Volume): string | undefined {
  if (volume.engine !== config.engine) {
    return `cannot read the data of ${volume.engine} ${volume.version}`;
  }
  if (isOlder(config.version, volume.version)) {
    return `cannot downgrade a node from version [${volume.version}] to version [${config.version}]: its data is in the future`;
  }
  if (majorOf(config.version) > majorOf(volume.version) + 1) {
    return `cannot upgrade a node from version [${volume.version}] directly to version [${config.version}]`;
  }
  return undefined;
}
