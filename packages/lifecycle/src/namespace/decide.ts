import type {
  ClusterStates,
  NamespaceAction,
  NamespaceContents,
  OrphanDecision,
  OrphanedNamespace,
  OwnNamespace,
} from "./types.ts";

/** Younger ones are left alone: whatever is being made or taken down just now is the clusters loop's. */
const MIN_AGE_MS = 120_000;
/** More orphans than this, and than a tenth of all, are no leftovers: our rows are wrong. */
const FEW = 3;

export interface FoundOrphans {
  readonly orphans: readonly OrphanedNamespace[];
  /** Guards that hold when there are so many that none may be touched; otherwise none. */
  readonly withheld: readonly OrphanGuard[];
}

type OrphanGuard = OrphanDecision["guard"];

/**
 * The namespaces of one kube whose cluster does not live: made again by a call that came too late, or forgotten.
 *
 * Pure. A cluster in any state but deleted lives, one whose volumes are kept for a while among them. Rows are never removed,
 * so one that is missing speaks against the database as much as against the namespace: an emptied table, or one restored
 * from a backup, condemns nothing.
 */
export function findOrphanedNamespaces(
  namespaces: readonly OwnNamespace[],
  states: ClusterStates,
  now: number,
): FoundOrphans {
  const orphans = namespaces.flatMap(({ name, uid, clusterId, createdAt }): OrphanedNamespace[] => {
    const state = states.get(clusterId);
    if ((state !== undefined && state !== "deleted") || !(now - createdAt >= MIN_AGE_MS)) return [];
    return [{ name, uid, row: state === undefined ? "missing" : "deleted" }];
  });
  const knowsAny = namespaces.some(({ clusterId }) => states.has(clusterId));
  const tooMany = orphans.length > Math.max(FEW, namespaces.length / 10) || (orphans.length > 0 && !knowsAny);
  return {
    orphans,
    withheld: tooMany ? orphans.map((orphan) => withheldGuard(orphan, orphans.length, namespaces.length)) : [],
  };
}

function withheldGuard({ name, row }: OrphanedNamespace, orphans: number, all: number): OrphanGuard {
  const why = row === "deleted" ? "Its cluster is deleted" : "Its cluster has no row";
  return {
    name: "orphans_withheld",
    subject: name,
    hint:
      `${why}, as those of ${orphans} of ${all} namespaces: so many are touched by nobody. Was the database restored, or ` +
      "do two installations share BERTH_ENVIRONMENT?",
  };
}

/**
 * What to do next about one of them: the same order in which a cluster is taken down.
 *
 * Claims are data. They go only where a row says that the cluster was deleted, volumes and all; where the row is missing, a
 * single claim keeps the whole namespace as it is, and people are told.
 */
export function decideOrphan(orphan: OrphanedNamespace, contents: NamespaceContents): OrphanDecision {
  const { anchor, claims, pods } = contents;
  if (orphan.row === "missing" && claims.length > 0) {
    const hint =
      `It has ${claims.length} volume claim(s), and its cluster no row: nothing of it is touched. Was the database ` +
      "restored? Delete the namespace by hand if nobody needs its data.";
    return { verdict: "kept", actions: [], guard: { name: "namespace_without_cluster", subject: orphan.name, hint } };
  }
  const why = orphan.row === "deleted" ? "Its cluster is deleted" : "Its cluster has no row, and it holds no data";
  const removing = (actions: readonly NamespaceAction[], now: string): OrphanDecision => ({
    verdict: "removing",
    actions,
    guard: { name: "namespace_left_over", subject: orphan.name, hint: `${why}: it is removed. ${now}` },
  });
  if (contents.terminating) return removing([], "Kubernetes is removing it.");
  if (anchor !== undefined || pods > 0) {
    const actions =
      anchor === undefined || anchor.terminating ? [] : [{ kind: "delete_anchor", uid: anchor.uid } as const];
    return removing(actions, `${pods} pod(s) are still stopping.`);
  }
  if (claims.length > 0) {
    const actions = claims.flatMap(({ name, uid, terminating }) =>
      terminating ? [] : [{ kind: "delete_claim", name, uid } as const],
    );
    return removing(actions, `${claims.length} volume claim(s) are being deleted.`);
  }
  return removing([{ kind: "delete_namespace", uid: orphan.uid }], "It is empty.");
}
