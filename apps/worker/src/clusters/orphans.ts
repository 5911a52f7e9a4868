import type { Leases, LiveLease, OrphanStore } from "@berth/db";
import { isId, type KubeId, keepSince, LABELS, MANAGED_BY, namespaceOf } from "@berth/domain";
import { ANCHOR_NAME } from "@berth/kubernetes";
import {
  decideOrphan,
  findOrphanedNamespaces,
  type NamespaceAction,
  type NamespaceContents,
  type OrphanDecision,
  type OrphanedNamespace,
  type OwnNamespace,
} from "@berth/lifecycle";
import { type Clock, isPortError, type Namespace } from "@berth/ports";
import { type EffectObserver, type ReadOnlyKubernetes, runEffect } from "../effects.ts";
import type { KubeRegistry } from "../kubes.ts";
import { deleteClaim, type NamespaceContext } from "./delete-claim.ts";

export interface NamespaceSweepDeps {
  readonly leases: Leases;
  readonly store: OrphanStore;
  readonly kubes: Pick<KubeRegistry, "get">;
  readonly clock: Clock;
  readonly effects: EffectObserver;
  /** As on the namespaces' label: what another installation made is none of ours. */
  readonly environment: string;
  /** Called once a kube and verdict, for what one sweep saw. */
  readonly onOrphans: (kubeId: KubeId, verdict: OrphanVerdict, guards: readonly OrphanGuard[]) => void;
}

export type OrphanVerdict = OrphanDecision["verdict"] | "withheld";
export type OrphanGuard = OrphanDecision["guard"];

/** As many are shown with a kube. */
const MAX_GUARDS = 20;

/**
 * Finds namespaces whose cluster does not live, and takes each down by one step a sweep.
 *
 * Kubernetes is read first, the rows after it: a namespace made in between has a row already when rows are read. What is in
 * an orphan is read once more, and all that is deleted is named by its uid. A kube that cannot be asked keeps what was told
 * of it; the first failure is thrown after everything else had its turn.
 */
export async function sweepNamespaces(deps: NamespaceSweepDeps): Promise<void> {
  await deps.leases.withLease("sweep/namespaces", async (lease) => {
    const failures: unknown[] = [];
    for (const kube of await deps.store.listKubes()) {
      await sweepKube(deps, lease, kube, failures).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  });
}

type Kube = Awaited<ReturnType<OrphanStore["listKubes"]>>[number];

/** Adds to `failures` what kept it from single namespaces. */
async function sweepKube(deps: NamespaceSweepDeps, lease: LiveLease, kube: Kube, failures: unknown[]): Promise<void> {
  const now = deps.clock.now();
  const kubernetes = await deps.kubes.get(kube.id);
  const labelSelector = `${LABELS.managedBy}=${MANAGED_BY},${LABELS.environment}=${deps.environment}`;
  const own = (await kubernetes.list("Namespace", { labelSelector })).flatMap(toOwnNamespace);
  const states = await deps.store.clusterStates(own.map(({ clusterId }) => clusterId));
  const { orphans, withheld } = findOrphanedNamespaces(own, states, now.getTime());

  const found: Record<OrphanVerdict, OrphanGuard[]> = { withheld: [...withheld], kept: [], removing: [] };
  for (const orphan of withheld.length > 0 ? [] : orphans) {
    const context = { effects: deps.effects, lease, kubernetes, namespace: orphan.name };
    try {
      const contents = await contentsOf(kubernetes, orphan);
      if (contents === undefined) continue;
      const { verdict, actions, guard } = decideOrphan(orphan, contents);
      found[verdict].push(guard);
      for (const action of actions) await execute(context, action);
    } catch (error) {
      failures.push(error);
    }
  }

  for (const verdict of ["withheld", "kept", "removing"] as const) {
    if (found[verdict].length > 0) deps.onOrphans(kube.id, verdict, found[verdict]);
  }
  const shown = Object.values(found).flat().slice(0, MAX_GUARDS);
  await deps.store.recordOrphans(lease, kube.id, keepSince(kube.guards, shown, now.toISOString()));
}

/** One that says of itself what we would say of it: whoever copied our labels onto another is left alone. */
function toOwnNamespace({ metadata }: Namespace): OwnNamespace[] {
  const clusterId = metadata.labels?.[LABELS.cluster] ?? "";
  if (!isId("cluster", clusterId) || metadata.name !== namespaceOf(clusterId)) return [];
  const createdAt = Date.parse(metadata.creationTimestamp ?? "");
  return [{ name: metadata.name, uid: metadata.uid ?? "", clusterId, createdAt }];
}

/** Undefined when it is gone, or another has its name by now. */
async function contentsOf(
  kubernetes: ReadOnlyKubernetes,
  orphan: OrphanedNamespace,
): Promise<NamespaceContents | undefined> {
  const inside = { namespace: orphan.name };
  const [namespace, anchor, pods, claims] = await Promise.all([
    kubernetes.read("Namespace", { name: orphan.name }),
    kubernetes.read("ConfigMap", { name: ANCHOR_NAME, ...inside }),
    kubernetes.list("Pod", inside),
    kubernetes.list("PersistentVolumeClaim", inside),
  ]);
  if (namespace?.metadata.uid !== orphan.uid) return undefined;
  const isTerminating = (object: { metadata: Namespace["metadata"] }) =>
    object.metadata.deletionTimestamp !== undefined;
  return {
    terminating: isTerminating(namespace),
    anchor: anchor && { uid: anchor.metadata.uid ?? "", terminating: isTerminating(anchor) },
    pods: pods.length,
    claims: claims.map((claim) => ({
      name: claim.metadata.name,
      uid: claim.metadata.uid ?? "",
      terminating: isTerminating(claim),
    })),
  };
}

async function execute(context: NamespaceContext, action: NamespaceAction): Promise<void> {
  const { kubernetes, namespace } = context;
  try {
    switch (action.kind) {
      case "delete_anchor":
        await runEffect(context, "orphans.delete_anchor", kubernetes, (kubernetes) =>
          kubernetes.delete(
            "ConfigMap",
            { namespace, name: ANCHOR_NAME },
            { uid: action.uid, propagation: "Foreground" },
          ),
        );
        return;
      case "delete_claim":
        await deleteClaim(context, "orphans", action);
        return;
      case "delete_namespace":
        await runEffect(context, "orphans.delete_namespace", kubernetes, (kubernetes) =>
          kubernetes.delete("Namespace", { name: namespace }, { uid: action.uid, propagation: "Background" }),
        );
        return;
    }
  } catch (error) {
    if (!isPortError(error, "conflict")) throw error; // It changed since it was looked at: so it is next time.
  }
}
