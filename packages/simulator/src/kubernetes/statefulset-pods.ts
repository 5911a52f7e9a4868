import { clone } from "./json.ts";
import type { Claim, ControllerRevision, Pod, StatefulSet } from "./objects.ts";
import { ownerOf, templateOf } from "./revisions.ts";

/** The number at the end of a pod's name if the rest is the set's name; -1 otherwise. */
export function ordinalOf(set: StatefulSet, podName: string): number {
  const prefix = `${set.metadata.name}-`;
  const number = podName.startsWith(prefix) ? podName.slice(prefix.length) : "";
  return /^(0|[1-9]\d*)$/.test(number) ? Number(number) : -1;
}

const REVISION_LABEL = "controller-revision-hash";

export function revisionOf(pod: Pod): string | undefined {
  return pod.metadata.labels?.[REVISION_LABEL];
}

/** The pod of an ordinal as the template of a revision has it. */
export function newPod(set: StatefulSet, revision: ControllerRevision, ordinal: number): Pod {
  const template = clone(templateOf(revision));
  const name = `${set.metadata.name}-${ordinal}`;
  const claims = set.spec.volumeClaimTemplates ?? [];
  const volumes = claims.map((claim) => ({
    name: claim.metadata.name,
    persistentVolumeClaim: { claimName: claimName(claim.metadata.name, name) },
  }));
  const others = (template.spec.volumes ?? []).filter(
    (own) => !claims.some((claim) => claim.metadata.name === own.name),
  );
  const allVolumes = [...volumes, ...others];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      generateName: `${set.metadata.name}-`,
      namespace: set.metadata.namespace ?? "",
      labels: {
        ...template.metadata?.labels,
        "statefulset.kubernetes.io/pod-name": name,
        "apps.kubernetes.io/pod-index": String(ordinal),
        [REVISION_LABEL]: revision.metadata.name,
      },
      ...(template.metadata?.annotations === undefined ? {} : { annotations: template.metadata.annotations }),
      ...(template.metadata?.finalizers === undefined ? {} : { finalizers: template.metadata.finalizers }),
      ownerReferences: [ownerOf(set)],
    },
    spec: {
      ...template.spec,
      hostname: name,
      ...(set.spec.serviceName === undefined ? {} : { subdomain: set.spec.serviceName }),
      ...(allVolumes.length === 0 ? {} : { volumes: allVolumes }),
    },
    status: {},
  };
}

export const claimName = (template: string, podName: string): string => `${template}-${podName}`;

/** The claims of a pod, as its set's templates want them; their owners come later, by the retention policy. */
export function claimsFor(set: StatefulSet, podName: string): Claim[] {
  return (set.spec.volumeClaimTemplates ?? []).map((template) => ({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      name: claimName(template.metadata.name, podName),
      namespace: set.metadata.namespace ?? "",
      labels: { ...template.metadata.labels, ...set.spec.selector.matchLabels },
      ...(template.metadata.annotations === undefined ? {} : { annotations: { ...template.metadata.annotations } }),
    },
    spec: clone(template.spec),
    status: {},
  }));
}
