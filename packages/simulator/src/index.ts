export * from "./clock.ts";
export * from "./ec2/index.ts";
export * from "./engine/index.ts";
export { type KubernetesServer, startKubernetesServer } from "./kubernetes/http-server.ts";
export type { SimulatedNode } from "./kubernetes/kubelets.ts";
export { createKubernetesModel, type KubernetesModel, type KubernetesSnapshot } from "./kubernetes/model.ts";
export type { MachineFacts, NodeJoin } from "./kubernetes/node-object.ts";
export {
  type KubernetesModelDeps,
  type KubernetesOptions,
  type KubernetesTimings,
  QUICK_KUBERNETES_TIMINGS,
  REAL_KUBERNETES_TIMINGS,
} from "./kubernetes/options.ts";
export type { ApiRequest, ApiResponse } from "./kubernetes/request.ts";
export type { WatchEvent, WatchStream } from "./kubernetes/watch-hub.ts";
export * from "./pod-runtime.ts";
export * from "./ports/index.ts";
export * from "./random.ts";
export * from "./world/index.ts";
