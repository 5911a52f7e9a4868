import type { ClusterRecord, ClusterStore, SecretStore } from "@berth/db";
import { FIELD_MANAGER } from "@berth/domain";
import { seedHostsManifest } from "@berth/kubernetes";
import type { ClusterAction } from "@berth/lifecycle";
import type { Engine, EngineTarget, Kubernetes, KubernetesObject } from "@berth/ports";
import { type EffectContext, type ReadOnlyEngine, type ReadOnlyKubernetes, runEffect } from "../effects.ts";
import { inParallel } from "../in-parallel.ts";
import { deleteClaim } from "./delete-claim.ts";
import type { ClusterMaterial } from "./material.ts";
import { type ClusterObjects, type Installation, manifestInput } from "./objects.ts";
import { OBJECTS_HASH } from "./observe.ts";
import { deleteVolume, rebindVolume } from "./volumes.ts";

export interface ExecuteContext extends EffectContext {
  readonly kubernetes: ReadOnlyKubernetes;
  readonly engine: ReadOnlyEngine;
  readonly store: ClusterStore;
  readonly secrets: SecretStore;
  readonly cluster: ClusterRecord;
  readonly namespace: string;
  readonly material: ClusterMaterial;
  readonly installation: Installation;
  readonly objects: ClusterObjects;
  readonly objectsHash: string;
  readonly anchorUid: string | undefined;
  readonly target: EngineTarget;
  readonly onApplied: () => void;
}

/** Objects of one cluster applied at the same time. */
const APPLY_LANES = 6;

/** Carries out one action. Idempotent: after a crash at any line the same action ends in the same state. */
export async function executeClusterAction(context: ExecuteContext, action: ClusterAction): Promise<void> {
  const { store, lease, cluster, namespace } = context;
  const onKubernetes = <T>(name: string, call: (kubernetes: Kubernetes) => Promise<T>) =>
    runEffect(context, `clusters.${name}`, context.kubernetes, call);
  const onEngine = <T>(name: string, call: (engine: Engine) => Promise<T>) =>
    runEffect(context, `clusters.${name}`, context.engine, call);
  const recorded = (name: string) => context.effects.reached(`clusters.${name}`, "recorded");

  switch (action.kind) {
    case "apply_objects":
      await applyObjects(context, action.resync);
      context.onApplied();
      return;
    case "apply_seed_hosts": {
      const anchorUid = context.anchorUid;
      if (anchorUid === undefined) return; // Comes with the objects.
      const input = manifestInput(cluster, context.material, context.installation, action.addresses);
      await onKubernetes("apply_seed_hosts", (kubernetes) =>
        kubernetes.apply(seedHostsManifest(input, { uid: anchorUid }), FIELD_MANAGER),
      );
      return;
    }
    case "record_formed":
      await store.recordFormed(lease, cluster.id, action.engineUuid);
      recorded("record_formed");
      return;
    case "put_users": {
      await onEngine("put_roles", (engine) => engine.putCustomerRoles(context.target));
      for (const id of action.credentialIds) {
        const credential = cluster.credentials.find((one) => one.id === id);
        const password = await context.secrets.get(`credential/${id}`, "password");
        if (credential === undefined || password === undefined)
          throw new Error(`credential ${id} has no stored password`);
        const { username, role } = credential;
        await onEngine("put_user", (engine) => engine.putUser(context.target, { username, password, role }));
      }
      const active = cluster.credentials.filter((one) => action.credentialIds.includes(one.id)).map((one) => one.id);
      await store.recordUsers(lease, cluster.id, active);
      recorded("put_user");
      return;
    }
    case "delete_user": {
      const credential = cluster.credentials.find((one) => one.id === action.credentialId);
      if (credential === undefined) return;
      await onEngine("delete_user", (engine) => engine.deleteUser(context.target, action.username));
      await store.recordCredentialDeleted(lease, cluster.id, credential.id);
      recorded("delete_user");
      return;
    }
    case "delete_anchor": {
      const key = { namespace, name: "anchor" };
      await onKubernetes("delete_anchor", (kubernetes) =>
        kubernetes.delete("ConfigMap", key, { uid: action.uid, propagation: "Foreground" }),
      );
      return;
    }
    case "record_purge_started":
      await store.recordPurgeStarted(lease, cluster.id);
      recorded("record_purge_started");
      return;
    case "delete_claim":
      await deleteClaim(context, "clusters", action);
      return;
    case "rebind_volume":
      await rebindVolume(context, action);
      return;
    case "delete_volume":
      await deleteVolume(context, action);
      return;
    case "delete_namespace":
      await onKubernetes("delete_namespace", (kubernetes) =>
        kubernetes.delete("Namespace", { name: namespace }, { uid: action.uid, propagation: "Background" }),
      );
      return;
    case "record_deleted":
      await store.recordDeleted(lease, cluster.id);
      recorded("record_deleted");
      return;
  }
}

/**
 * Applies everything. The anchor goes first without its hash and once more with it at the end: an apply that was cut off
 * shows as outdated and is done again. Walls are applied before pods: the StatefulSets come last.
 *
 * A resync leaves the hash where it is: taking it off and putting it back would be two writes to a cluster at rest, whose
 * objects are as they should be. One that is cut off is due again, as only its end is noted.
 */
async function applyObjects(context: ExecuteContext, resync: boolean): Promise<void> {
  const { objects } = context;
  const apply = <T extends KubernetesObject>(object: T, as: string = object.kind) =>
    runEffect(context, `clusters.apply_${as}`, context.kubernetes, (kubernetes) =>
      kubernetes.apply(object, FIELD_MANAGER),
    );

  const annotations = { ...objects.anchor.metadata.annotations, [OBJECTS_HASH]: context.objectsHash };
  const hashed = { ...objects.anchor, metadata: { ...objects.anchor.metadata, annotations } };
  await apply(objects.namespace);
  const anchor = await apply(resync ? hashed : objects.anchor);
  const owned = objects.owned(anchor.metadata.uid ?? "");
  const workloads = owned.filter((object) => object.kind === "StatefulSet");
  const walls = owned.filter((object) => object.kind !== "StatefulSet");
  for (const group of [walls, workloads]) {
    const failures = await inParallel(group, APPLY_LANES, async (object) => void (await apply(object)));
    const first = failures[0];
    if (first !== undefined) throw first.error;
  }
  if (resync) return;
  await apply(hashed, "anchor_hash");
}
