export { type Figure, median, p99 } from "./bench/figure.ts";
export { latenciesLine, openLoop, type Sent } from "./bench/open-loop.ts";
export { type BenchPart, CannotMeasure, runBench } from "./bench/run-bench.ts";
export { cacheFolder } from "./cache-folder.ts";
export { type BuildOptions, buildControlPlane, KUBERNETES_VERSION } from "./control-plane/build.ts";
export { COMPONENTS, type ComponentName } from "./control-plane/components.ts";
export { type JoinRequest, requestToJoin } from "./control-plane/join-request.ts";
export { type KubeAnswer, type KubeApi, type KubeCredential, kubeApi } from "./control-plane/kube-api.ts";
export {
  type Component,
  type ControlPlane,
  type ControlPlaneOptions,
  startControlPlane,
} from "./control-plane/start.ts";
export { type EngineToInstall, type InstalledEngine, installEngine } from "./engines/install-engine.ts";
export { es10k } from "./es-10k/es-10k.ts";
export { singleMachineTypes } from "./es-10k/single-machine-types.ts";
export { freePort } from "./free-port.ts";
export { type Moto, type MotoOptions, startMoto } from "./moto/start-moto.ts";
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
export {
  type PodProcess,
  type ProcessKubelet,
  type ProcessKubeletOptions,
  startProcessKubelet,
} from "./process-kubelet/start-process-kubelet.ts";
export {
  startVolumeProvisioner,
  type VolumeProvisioner,
  type VolumeProvisionerOptions,
} from "./process-kubelet/volume-provisioner.ts";
export { type ApiProcess, startApiProcess } from "./processes/api-process.ts";
export { type DebianTool, ensureCommand } from "./processes/ensure-command.ts";
export { withMachineLock } from "./processes/machine-lock.ts";
export { type ProcessSpec, type RunningProcess, startProcess } from "./processes/start-process.ts";
export { findJdk } from "./real-tier/find-jdk.ts";
export { findMissing, prepareRealTier } from "./real-tier/prepare.ts";
export { type RedisOptions, startRedis, type TestRedis } from "./redis/start-redis.ts";
export { buildGoProgram } from "./tools/build-go-program.ts";
export { installPythonTool } from "./tools/install-python-tool.ts";
export { type WaitOptions, waitFor } from "./wait-for.ts";
