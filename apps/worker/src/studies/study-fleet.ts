import type { StudyInstanceRecord, StudyStore } from "@berth/db";
import type { CaseFault } from "@berth/domain";
import { type StudyFleet, VOLUMES_OF_AN_INSTANCE } from "@berth/packing";

type FoundFleet = NonNullable<Awaited<ReturnType<StudyStore["findFleet"]>>>;

/** A kube's rows as the packer takes them. */
export function toStudyFleet({ kube, instances }: FoundFleet): StudyFleet {
  return {
    pools: kube.pools,
    offerings: kube.offerings,
    observed: kube.observed,
    machines: kube.machines,
    instances: instances.map(({ nodeName, ...instance }: StudyInstanceRecord) => ({
      ...instance,
      volumes: VOLUMES_OF_AN_INSTANCE,
      nodeName: nodeName ?? undefined,
    })),
  };
}

/** What keeps a fleet from being planned, and what to look at. */
export function whyNoCase(faults: readonly CaseFault[]): string {
  const told = faults.slice(0, 3).map(({ field, rule }) => `${field} ${rule}`);
  const lacksTypes = faults.some(({ field }) => field === "types");
  return lacksTypes
    ? "No pool of the kube may launch a machine type that is for sale in its zones: see berth admin pool list."
    : `The fleet is no case to plan: ${told.join("; ")}. Add a machine type to a pool: berth admin pool update.`;
}
