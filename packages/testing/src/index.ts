export { cacheFolder } from "./cache-folder.ts";
export { type BuildOptions, buildControlPlane, KUBERNETES_VERSION } from "./control-plane/build.ts";
export { COMPONENTS, type ComponentName } from "./control-plane/components.ts";
export { type KubeAnswer, type KubeApi, type KubeCredential, kubeApi } from "./control-plane/kube-api.ts";
export {
  type Component,
  type ControlPlane,
  type ControlPlaneOptions,
  startControlPlane,
} from "./control-plane/start.ts";
export { freePort } from "./free-port.ts";
export {
  type CreateDatabaseOptions,
  createDatabase,
  type DatabaseTemplate,
  type TestDatabase,
} from "./postgres/create-database.ts";
export {
  startThrowawayPostgres,
  type ThrowawayPostgres,
  type ThrowawayPostgresOptions,
} from "./postgres/throwaway-postgres.ts";
export { withMachineLock } from "./processes/machine-lock.ts";
export { type ProcessSpec, type RunningProcess, startProcess } from "./processes/start-process.ts";
export { type WaitOptions, waitFor } from "./wait-for.ts";
