/**
 * What became of the data of a cluster that has formed.
 *
 * Berth deletes claims in one place, at the end of a deletion. When claims of a formed cluster are gone all the same, or
 * their whole namespace is, somebody deleted them. Making them anew would put empty volumes where data was: the engine never
 * bootstraps a second time, so it would wait for ever, and volumes of reclaim Retain would lie about without an owner.
 *
 * So each instance's volume is on record from the time it joined. A volume that was kept is given back: without the uid of
 * the claim that is gone it is bound by the next claim of that name, and that may be applied. If any is not there any more,
 * nothing is given back and nothing made; people decide. They can restore by making a volume that is reserved for the claim
 * (claimRef with namespace and name, no uid), as by the snapshot of a disk: it is taken for the instance's.
 */
import { claimNameOf, type Guard } from "@berth/domain";
import type { ClusterAction, DesiredCluster, DesiredInstance, ObservedCluster, ObservedVolume } from "./types.ts";

export interface DataState {
  /** How many instances have their volume, or none yet that could be missing. */
  readonly kept: number;
  readonly actions: readonly ClusterAction[];
  readonly guards: readonly Omit<Guard, "since">[];
  /** Nothing may be applied. */
  readonly held: boolean;
}

/** What became of one instance's volume. */
type Fate =
  | { readonly kind: "kept" | "new" | "lost" | "replaced" | "reserved" }
  | { readonly kind: "released"; readonly volume: ObservedVolume; readonly claimUid: string };

const NOTHING = { actions: [], guards: [], held: false } as const;

const KEPT: readonly Fate["kind"][] = ["kept", "new", "reserved"];

/** Whether the next step depends on volumes, which are listed over the whole kube: seldom. */
export function needsVolumes(desired: DesiredCluster, seen: Pick<ObservedCluster, "namespace" | "claims">): boolean {
  if (desired.deletion !== undefined) return seen.namespace === undefined;
  if (desired.engineUuid === undefined || seen.namespace?.terminating) return false;
  if (seen.namespace === undefined) return true;
  const bound = new Set(seen.claims.flatMap((claim) => (claim.volumeName === undefined ? [] : [claim.name])));
  return desired.instances.some((one) => one.volumeName !== undefined && !bound.has(claimNameOf(one.podName)));
}

/** `complete`: the engine has all its members and is green, so whatever a new volume lacked was copied onto it. */
export function dataState(desired: DesiredCluster, observed: ObservedCluster, complete: boolean): DataState {
  if (desired.engineUuid === undefined) return { ...NOTHING, kept: desired.instances.length };
  if (observed.namespace?.terminating) return { ...NOTHING, kept: 0 };
  const fates = desired.instances.map((instance) => ({ instance, fate: fateOf(instance, desired, observed) }));
  const held = fates.some(({ fate }) => fate.kind === "lost");
  const actions: ClusterAction[] = [];
  const guards: Omit<Guard, "since">[] = [];
  for (const { instance, fate } of fates) {
    const subject = instance.id;
    if (fate.kind === "lost") {
      guards.push({
        name: "data_lost",
        subject,
        hint: "Its volume was deleted by somebody else. Nothing is made in its place: ask the platform's operators to bring it back, or delete the cluster.",
      });
    } else if (fate.kind === "replaced" && !complete) {
      guards.push({
        name: "data_lost",
        subject,
        hint: "Its volume was deleted by somebody else and an empty one took its place: what no other instance has a copy of is gone. Ask the platform's operators to bring it back, or delete the cluster.",
      });
    } else if (fate.kind === "released" || fate.kind === "reserved") {
      guards.push({
        name: "volume_detached",
        subject,
        hint: held
          ? "Its volume claim was deleted by somebody else. The volume was kept, and waits for the cluster's other ones."
          : "Its volume claim was deleted by somebody else. The volume was kept and is given back to it.",
      });
    }
    if (fate.kind === "released" && !held) {
      const { name, uid } = fate.volume;
      actions.push({ kind: "rebind_volume", name, uid, claimUid: fate.claimUid });
    }
  }
  const kept = fates.filter(({ fate }) => KEPT.includes(fate.kind)).length;
  return { kept, actions, guards, held };
}

function fateOf(instance: DesiredInstance, desired: DesiredCluster, observed: ObservedCluster): Fate {
  const claimName = claimNameOf(instance.podName);
  const claim = observed.claims.find((one) => one.name === claimName);
  if (claim?.lost) return { kind: "lost" };
  if (claim?.volumeName !== undefined) {
    const known = instance.volumeName ?? claim.volumeName;
    return { kind: known === claim.volumeName ? "kept" : "replaced" };
  }
  if (observed.volumes === undefined) return { kind: "new" }; // Nothing on record could be missing.
  const ofClaim = observed.volumes.filter((volume) => volume.claimName === claimName && !volume.terminating);
  const volume = volumeOf(instance, ofClaim);
  if (volume === undefined) {
    const nothingOnRecord = desired.instances.every((one) => one.volumeName === undefined);
    const hadData = instance.volumeName !== undefined || ofClaim.length > 0 || nothingOnRecord;
    return { kind: hadData ? "lost" : "new" };
  }
  const { claimUid, phase, reclaim } = volume;
  if (claimUid === undefined || phase === "Bound") return { kind: "reserved" };
  // One of reclaim Delete may lose its disk at any moment: it is no place for data any more.
  return phase === "Released" && reclaim === "Retain" ? { kind: "released", volume, claimUid } : { kind: "lost" };
}

/** The one on record, else one that somebody reserved for the claim, else the only one; never a guess between several. */
function volumeOf(instance: DesiredInstance, ofClaim: readonly ObservedVolume[]): ObservedVolume | undefined {
  const known = ofClaim.find((volume) => volume.name === instance.volumeName);
  if (known !== undefined) return known;
  const reserved = ofClaim.filter((volume) => volume.claimUid === undefined);
  const [only, ...others] = reserved.length > 0 || instance.volumeName !== undefined ? reserved : ofClaim;
  return others.length === 0 ? only : undefined;
}
