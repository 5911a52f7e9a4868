export { type AddressRange, takeAddressRange } from "./address-range.ts";
export { type NodeResources, nodeResources } from "./allocatable.ts";
export { type JoinDocument, joinDocumentOf } from "./join-document.ts";
export type { BootedMachine, NodeJoiner } from "./machines.ts";
export { type SimulatedWorld, type SimulatedWorldOptions, startSimulatedWorld } from "./simulated-world.ts";
export {
  createWorld,
  QUICK_WORLD_TIMINGS,
  REAL_WORLD_TIMINGS,
  type World,
  type WorldOptions,
  type WorldSnapshot,
  type WorldTimings,
} from "./world.ts";
