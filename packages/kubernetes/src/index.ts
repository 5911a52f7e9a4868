export * from "./client.ts";
export { type KubernetesStatus, statusOf } from "./errors.ts";
export * from "./kubeconfig.ts";
export * from "./manifests/index.ts";
export { REFLECTOR_TIMINGS, type ReflectorTimings, type RelistReason } from "./reflector.ts";
export { CONTROLLER_ROLE, CONTROLLER_USER, hashPassword, userFilesOf } from "./users.ts";
