export { clusterStore } from "./loops/clusters.ts";
export { LeaseLost } from "./loops/fenced.ts";
export { type LaunchSecrets, machineStore } from "./loops/machines.ts";
export { placementStore } from "./loops/placement.ts";
export type * from "./loops/types.ts";
