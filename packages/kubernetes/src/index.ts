export {
  type BootstrapTokenInput,
  bootstrapTokenName,
  bootstrapTokenSecret,
  MAX_TOKEN_LIFE_MS,
} from "./bootstrap-token.ts";
export { createKubernetes, type KubernetesOptions } from "./client.ts";
export { type KubernetesStatus, statusOf } from "./errors.ts";
export { type Approval, approvalOf, type CsrFault, type ExpectedJoin, KUBELET_CLIENT_SIGNER } from "./join.ts";
export * from "./kubeconfig.ts";
export * from "./manifests/index.ts";
export { REFLECTOR_TIMINGS, type ReflectorTimings, type RelistReason } from "./reflector.ts";
export { type CertifiedKey, createClusterCa, issueLeaf, type LeafCertificate, serverNameOf } from "./tls.ts";
export { CONTROLLER_ROLE, CONTROLLER_USER, hashPassword, userFilesOf } from "./users.ts";
