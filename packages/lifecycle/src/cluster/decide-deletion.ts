import type { Guard } from "@berth/domain";
import type { ClusterAction, ClusterDecision, Deletion, DesiredCluster, ObservedCluster, StepUpdate } from "./types.ts";

const BUSY_CHECK_MS = 1_000;

/**
 * Takes a cluster down: the anchor first (foreground, so everything it owns goes), claims once the grace period is over,
 * then the namespace, and then whatever volumes it still had: somebody else may have deleted their claims, or the whole
 * namespace, at any time before. Volumes are data: nothing touches them before `purgeAt`, and not before it is on record
 * that their purge has started, as until then the cluster may be restored at any moment.
 */
export function decideDeletion(
  desired: DesiredCluster,
  deletion: Deletion,
  observed: ObservedCluster,
  now: number,
): ClusterDecision {
  const workloadsGone = observed.anchor === undefined && observed.pods.length === 0;
  const purge = deletion.purgeStarted || now >= deletion.purgeAt;
  const actions: ClusterAction[] = [];
  const guards: Omit<Guard, "since">[] = [];
  let nextCheckInMs: number | undefined = BUSY_CHECK_MS;
  const volumes = observed.volumes ?? [];
  // Only a list of volumes that is empty says so, not one that was never asked for.
  const gone = observed.namespace === undefined && observed.volumes?.length === 0;

  if (gone) {
    actions.push({ kind: "record_deleted" });
    nextCheckInMs = undefined;
  } else if (observed.namespace === undefined && deletion.purgeStarted) {
    for (const { name, uid, claimUid, reclaim, terminating } of volumes) {
      if (reclaim !== "Delete" && !terminating) actions.push({ kind: "delete_volume", name, uid, claimUid });
    }
    guards.push({
      name: "waiting_for_volumes",
      subject: desired.namespace,
      hint: `${volumes.length} volume(s) are being deleted.`,
    });
  } else if (!workloadsGone && observed.namespace?.terminating === false) {
    if (observed.anchor !== undefined && !observed.anchor.terminating) {
      actions.push({ kind: "delete_anchor", uid: observed.anchor.uid });
    }
    guards.push({
      name: "waiting_for_workloads",
      subject: desired.namespace,
      hint: `${observed.pods.length} pod(s) are still stopping; each may take its grace period.`,
    });
  } else if (!purge) {
    guards.push({
      name: "volumes_kept",
      subject: desired.namespace,
      hint: `Volumes are kept until ${new Date(deletion.purgeAt).toISOString()}, when they are deleted for good.`,
    });
    nextCheckInMs = deletion.purgeAt - now;
  } else if (!deletion.purgeStarted) {
    actions.push({ kind: "record_purge_started" });
    guards.push({
      name: "waiting_for_volumes",
      subject: desired.namespace,
      hint: "The grace period is over: its volumes are deleted next.",
    });
  } else if (observed.claims.length > 0) {
    for (const claim of observed.claims) {
      if (!claim.terminating) actions.push({ kind: "delete_claim", name: claim.name, uid: claim.uid });
    }
    guards.push({
      name: "waiting_for_volumes",
      subject: desired.namespace,
      hint: `${observed.claims.length} volume claim(s) are being deleted.`,
    });
  } else if (observed.namespace?.terminating === false) {
    actions.push({ kind: "delete_namespace", uid: observed.namespace.uid });
  } else {
    guards.push({
      name: "waiting_for_namespace",
      subject: desired.namespace,
      hint: "Kubernetes is removing the namespace.",
    });
  }

  const dataGone = observed.claims.length === 0 && (observed.namespace !== undefined || gone);
  const steps: StepUpdate[] = [
    {
      name: "workloads",
      state: gone || workloadsGone ? "succeeded" : "running",
      message: `${observed.pods.length} pods left`,
    },
  ];
  if (gone || workloadsGone) {
    if (!gone && !purge) {
      steps.push({ name: "volumes", state: "skipped", message: "kept for the grace period" });
      steps.push({ name: "namespace", state: "skipped", message: "removed with the volumes" });
    } else {
      steps.push({
        name: "volumes",
        state: dataGone ? "succeeded" : "running",
        message: `${observed.claims.length} claims, ${volumes.length} other volumes left`,
      });
      if (dataGone)
        steps.push({ name: "namespace", state: gone ? "succeeded" : "running", message: desired.namespace });
    }
  }

  const kept = workloadsGone && !purge;
  return {
    actions,
    state: gone ? "deleted" : "deleting",
    health: "unknown",
    guards,
    instances: desired.instances.map((instance) => ({
      id: instance.id,
      state: observed.pods.some((pod) => pod.name === instance.podName) ? "stopping" : "removed",
    })),
    steps: desired.operation?.kind === "cluster.delete" ? steps : [],
    operation: desired.operation?.kind === "cluster.delete" && (gone || kept) ? "succeeded" : undefined,
    nextCheckInMs,
  };
}
