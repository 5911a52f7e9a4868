import { packFamilies, type StudyFleet } from "@berth/packing";
import { familyAndSize, type OwnedCommitment, type PackedKube } from "@berth/planner";
import type { Solver } from "@berth/ports";
import { whyNoCase } from "../studies/study-fleet.ts";

/** A kube with its instances, and what its pools may launch for them. */
export interface KubeFleet {
  readonly kubeId: string;
  readonly region: string;
  readonly fleet: StudyFleet;
}

/**
 * What each kube's instances come to when they are packed anew. A family of which something is committed to is tried whatever it
 * costs: placement goes where reserved instances are idle. A packer that fails on a kube says so in its place.
 */
export async function packKubes(
  kubes: readonly KubeFleet[],
  commitments: readonly OwnedCommitment[],
  solver: Solver,
): Promise<PackedKube[]> {
  const packed: PackedKube[] = [];
  for (const { kubeId, region, fleet } of kubes) {
    const { instances } = fleet;
    if (instances.length === 0) continue;
    const asked = instances.reduce((sum, { memoryMib }) => sum + memoryMib, 0);
    const kube = { kubeId, region, instances: instances.length, memoryMib: asked };
    packed.push({ ...kube, ...(await packKube(fleet, committedFamilies(commitments, region), solver)) });
  }
  return packed;
}

type Outcome =
  | Pick<Extract<PackedKube, { readonly isPacked: true }>, "isPacked" | "machines" | "instead">
  | Pick<Extract<PackedKube, { readonly isPacked: false }>, "isPacked" | "why">;

async function packKube(fleet: StudyFleet, wanted: ReadonlySet<string>, solver: Solver): Promise<Outcome> {
  try {
    const made = await packFamilies(fleet, solver, wanted);
    if (made.kind === "packed") return { isPacked: true, machines: made.machines, instead: made.instead };
    return { isPacked: false, why: made.kind === "refused" ? whyNoCase(made.faults) : "it has no instances." };
  } catch (error) {
    return { isPacked: false, why: `the packer failed: ${error instanceof Error ? error.message : String(error)}.` };
  }
}

/** Zonal ones cover machines of their own type alone: nothing is packed onto those for their sake. */
function committedFamilies(commitments: readonly OwnedCommitment[], region: string): ReadonlySet<string> {
  const families = commitments
    .filter((one) => one.region === region && one.zone === null)
    .map(({ family, machineType }) => family ?? familyAndSize(machineType ?? "")?.family);
  return new Set(families.filter((family) => family !== undefined));
}
