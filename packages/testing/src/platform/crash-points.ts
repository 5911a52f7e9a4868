/**
 * Effect points at which the crash matrix kills the worker: `effect:phase`, in the order in which a create, then a purge of
 * one cluster reach them for the first time. A test holds the lists against the points that are really reached.
 */
export const CREATE_POINTS = [
  // The cluster's objects.
  "clusters.apply_Namespace:before",
  "clusters.apply_Namespace:answered",
  "clusters.apply_ConfigMap:before",
  "clusters.apply_ConfigMap:answered",
  "clusters.apply_ResourceQuota:before",
  "clusters.apply_ResourceQuota:answered",
  "clusters.apply_NetworkPolicy:before",
  "clusters.apply_NetworkPolicy:answered",
  "clusters.apply_Secret:before",
  "clusters.apply_Secret:answered",
  "clusters.apply_Service:before",
  "clusters.apply_Service:answered",
  "clusters.apply_PodDisruptionBudget:before",
  "clusters.apply_PodDisruptionBudget:answered",
  "clusters.apply_StatefulSet:before",
  "clusters.apply_StatefulSet:answered",
  "clusters.apply_anchor_hash:before",
  "clusters.apply_anchor_hash:answered",
  "clusters.status:recorded",
  // Where its pods go.
  "placement.plan:recorded",
  "placement.lift_gate:before",
  "placement.lift_gate:answered",
  "placement.lift_gate:recorded",
  // Machines.
  "machines.open_attempt:recorded",
  "machines.status:recorded",
  "machines.put_bootstrap_token:before",
  "machines.put_bootstrap_token:answered",
  "machines.launch:before",
  "machines.launch:answered",
  "machines.launch:recorded",
  "machines.record_join:recorded",
  "machines.approve_join:before",
  "machines.approve_join:answered",
  "machines.settle_node:before",
  "machines.settle_node:answered",
  "machines.delete_bootstrap_token:before",
  "machines.delete_bootstrap_token:answered",
  // The engine.
  "clusters.apply_seed_hosts:before",
  "clusters.apply_seed_hosts:answered",
  "clusters.record_formed:recorded",
  "clusters.put_roles:before",
  "clusters.put_roles:answered",
  "clusters.put_user:before",
  "clusters.put_user:answered",
  "clusters.put_user:recorded",
] as const;

export const PURGE_POINTS = [
  "clusters.delete_anchor:before",
  "clusters.delete_anchor:answered",
  "clusters.record_purge_started:recorded",
  "clusters.release_volume:before",
  "clusters.release_volume:answered",
  "clusters.delete_claim:before",
  "clusters.delete_claim:answered",
  "clusters.delete_namespace:before",
  "clusters.delete_namespace:answered",
  "clusters.record_deleted:recorded",
  // Empty machines go.
  "machines.cordon:before",
  "machines.cordon:answered",
  "machines.terminate:before",
  "machines.terminate:answered",
  "machines.delete_node:before",
  "machines.delete_node:answered",
] as const;

/** Of a restore, which reaches those of a create once more: the cluster must come back on what there is. */
export const RESTORE_POINTS = [
  "clusters.apply_Namespace:before",
  "clusters.apply_StatefulSet:answered",
  "clusters.apply_anchor_hash:answered",
  "clusters.status:recorded",
  "placement.lift_gate:answered",
  "clusters.apply_seed_hosts:answered",
] as const;

/** Some of them in the midst of several: one of three is done, two are not. */
export const LATER_CREATE_POINTS = [
  "clusters.apply_ConfigMap:answered#4",
  "clusters.apply_StatefulSet:answered#2",
  "clusters.status:recorded#4",
  "placement.lift_gate:answered#2",
  "machines.open_attempt:recorded#2",
  "machines.launch:answered#2",
  "machines.launch:answered#3",
  "machines.approve_join:answered#2",
  "machines.status:recorded#9",
] as const;

export const LATER_PURGE_POINTS = [
  "clusters.release_volume:answered#2",
  "clusters.delete_claim:answered#2",
  "machines.terminate:answered#2",
] as const;

/** Reached only when things come in another order, as a pod that must be planned again, by the sweeps, or every hour. */
export const OCCASIONAL_POINTS =
  /^(placement\.take_back|machines\.uncordon|machines\.adopt_instance|machines\.terminate_orphan|orphans\.\w+|rebalance\.\w+):/;
