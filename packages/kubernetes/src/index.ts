export * from "./client.ts";
export { type KubernetesStatus, statusOf } from "./errors.ts";
export * from "./kubeconfig.ts";
export { REFLECTOR_TIMINGS, type ReflectorTimings, type RelistReason } from "./reflector.ts";
