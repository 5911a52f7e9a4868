import { createHash } from "node:crypto";
import type { Cluster } from "./cluster.ts";
import { canonical } from "./json.ts";
import type { ControllerRevision, PodTemplate, StatefulSet } from "./objects.ts";
import { controllerOf } from "./pods.ts";
import { SYSTEM } from "./registry.ts";
import { REVISIONS } from "./resources.ts";

export interface Revisions {
  readonly current: ControllerRevision;
  readonly update: ControllerRevision;
}

/**
 * The revision that pods run (current) and the one of the template (update), kept as ControllerRevision objects.
 *
 * Equal templates share a revision, so going back to an earlier template brings its revision back, with a higher number.
 */
export function ensureRevisions(cluster: Cluster, set: StatefulSet): Revisions {
  const { namespace } = set.metadata;
  const own = [...cluster.store.all(REVISIONS, namespace)]
    .filter((revision) => controllerOf(revision)?.uid === set.metadata.uid)
    .sort((a, b) => a.revision - b.revision);
  const name = `${set.metadata.name}-${templateHash(set.spec.template)}`;
  const highest = own.at(-1)?.revision ?? 0;
  let update = own.find((revision) => revision.metadata.name === name);
  if (update === undefined)
    update = adopt(cluster, set, name, highest) ?? createRevision(cluster, set, name, highest + 1);
  else if (update.revision !== highest) {
    update = cluster.registry.update(
      REVISIONS,
      namespace,
      name,
      (revision) => {
        revision.revision = highest + 1;
      },
      SYSTEM,
    );
  }
  const current = own.find((revision) => revision.metadata.name === set.status.currentRevision) ?? update;
  forgetOld(cluster, set, own, [current.metadata.name, update.metadata.name]);
  return { current, update };
}

/** A revision left over from a set of the same name that was deleted without its dependents. */
function adopt(cluster: Cluster, set: StatefulSet, name: string, highest: number): ControllerRevision | undefined {
  const orphan = cluster.store.get(REVISIONS, set.metadata.namespace, name);
  if (orphan === undefined || controllerOf(orphan) !== undefined) return undefined;
  return cluster.registry.update(
    REVISIONS,
    set.metadata.namespace,
    name,
    (revision) => {
      revision.metadata.ownerReferences = [ownerOf(set)];
      revision.revision = Math.max(revision.revision, highest + 1);
    },
    SYSTEM,
  );
}

function createRevision(cluster: Cluster, set: StatefulSet, name: string, revision: number): ControllerRevision {
  return cluster.registry.create(
    REVISIONS,
    {
      apiVersion: "apps/v1",
      kind: "ControllerRevision",
      metadata: {
        name,
        namespace: set.metadata.namespace ?? "",
        labels: { ...set.spec.template.metadata?.labels, "controller.kubernetes.io/hash": hashOf(name) },
        ownerReferences: [ownerOf(set)],
      },
      data: { spec: { template: { ...set.spec.template, $patch: "replace" } } },
      revision,
    },
    SYSTEM,
  );
}

export function ownerOf(set: StatefulSet): {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller: boolean;
  blockOwnerDeletion: boolean;
} {
  const { name, uid = "" } = set.metadata;
  return { apiVersion: "apps/v1", kind: "StatefulSet", name, uid, controller: true, blockOwnerDeletion: true };
}

function forgetOld(
  cluster: Cluster,
  set: StatefulSet,
  own: readonly ControllerRevision[],
  live: readonly string[],
): void {
  const old = own.filter((revision) => !live.includes(revision.metadata.name));
  const excess = old.length - (set.spec.revisionHistoryLimit ?? 10);
  for (const revision of old.slice(0, Math.max(0, excess))) {
    cluster.registry.remove(REVISIONS, set.metadata.namespace, revision.metadata.name, {}, SYSTEM);
  }
}

/** The template that a revision keeps. */
export function templateOf(revision: ControllerRevision): PodTemplate {
  const { $patch: _directive, ...template } = (
    revision.data as { spec: { template: PodTemplate & { $patch?: string } } }
  ).spec.template;
  return template;
}

const hashOf = (name: string): string => name.slice(name.lastIndexOf("-") + 1);

/** Ten letters of Kubernetes' safe alphabet; the digest itself is ours, the real one hashes Go's own memory layout. */
function templateHash(template: PodTemplate): string {
  const letters = "bcdfghjklmnpqrstvwxz2456789";
  const digest = createHash("sha256").update(canonical(template)).digest();
  return [...digest.subarray(0, 10)].map((byte) => letters[byte % letters.length]).join("");
}
