export type { EngineFaults } from "./faults.ts";
export { type EngineKind, engineOfImage } from "./model/node-config.ts";
export { ENGINE_TIMINGS, type EngineTimings, QUICK_ENGINE_TIMINGS } from "./model/timings.ts";
export type { EngineRequest, EngineResponse } from "./rest/http.ts";
export {
  createEngineRuntime,
  type EngineNetwork,
  type EngineOptions,
  type EngineRuntime,
  type EngineSnapshot,
  EngineUnreachable,
  type PodStatusOfEngine,
} from "./runtime.ts";
export { type EngineServerOptions, type EngineServers, startEngineServers } from "./server/server.ts";
