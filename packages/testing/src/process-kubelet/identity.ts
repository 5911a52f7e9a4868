import type { Container, Pod } from "./objects.ts";

/** As whom a container's processes run. */
export interface Identity {
  readonly user: number;
  readonly group: number;
  readonly groups: readonly number[];
  readonly mayGainPrivileges: boolean;
}

/**
 * From the container's and the pod's security context; the image's user where neither names one.
 *
 * Refuses to run as root what must not, as a kubelet does with CreateContainerConfigError.
 */
export function identityOf(pod: Pod, container: Container, imageUser: number): Identity {
  const ofPod = pod.spec.securityContext ?? {};
  const context = { ...ofPod, ...container.securityContext };
  const user = context.runAsUser ?? imageUser;
  const group = context.runAsGroup ?? (user === imageUser ? user : 0);
  if (context.runAsNonRoot === true && user === 0) {
    throw new Error("container has runAsNonRoot and image will run as root");
  }
  const groups = [...(ofPod.supplementalGroups ?? []), ...(ofPod.fsGroup === undefined ? [] : [ofPod.fsGroup])];
  return { user, group, groups, mayGainPrivileges: context.allowPrivilegeEscalation !== false };
}
