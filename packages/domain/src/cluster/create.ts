import { findEngineVersion, isMasterEligible } from "../engines.ts";
import { isDnsLabel } from "../labels.ts";
import { err, ok, type Result } from "../result.ts";
import { findSize, instancePriceMicroUsdPerHour } from "../sizes.ts";
import type { ClusterPlan, ClusterSpec, PlannedComponent } from "./spec.ts";

/** One fault of a spec: where (a JSON pointer into it), which rule, and a sentence for people. */
export interface SpecFault {
  readonly pointer: string;
  readonly code:
    | "unknown_region"
    | "unknown_version"
    | "unknown_size"
    | "topology_invalid"
    | "name_invalid"
    | "name_taken"
    | "zones_unavailable"
    | "storage_too_small"
    | "too_many_instances";
  readonly detail: string;
}

export interface SpecRefusal {
  readonly kind: "spec_refused";
  readonly faults: readonly SpecFault[];
}

/** Zones open in each region, sorted; a region without a kube is not in it. */
export type RegionZones = ReadonlyMap<string, readonly string[]>;

export const MAX_INSTANCES_PER_CLUSTER = 100;
export const MIN_STORAGE_MIB = 1024;

/**
 * Sizes a new cluster: components with their resources, and an ordinal and zone for each instance.
 *
 * Refuses with every fault found, not the first one, so that a caller can mend a spec in one go. `zoneOffset` turns the
 * list of zones, so that single-zone clusters do not all land in the first zone; the same offset gives the same plan.
 */
export function planCluster(
  spec: ClusterSpec,
  regions: RegionZones,
  zoneOffset: number,
): Result<ClusterPlan, SpecRefusal> {
  const faults = faultsOf(spec, regions);
  if (faults.length > 0) return err({ kind: "spec_refused", faults });

  const open = regions.get(spec.region) ?? [];
  const components: PlannedComponent[] = [];
  let priceMicroUsdPerHour = 0;
  for (const component of spec.components) {
    const size = findSize(component.size);
    if (size === undefined) throw new Error("faultsOf lets no unknown size pass");
    const zones = Array.from({ length: component.zones }, (_, index) => open[(index + zoneOffset) % open.length] ?? "");
    const price = instancePriceMicroUsdPerHour(size, component.storageMib);
    priceMicroUsdPerHour += component.instances * price;
    components.push({
      ...component,
      memoryMib: size.memoryMib,
      cpuMilli: size.cpuMilli,
      priceMicroUsdPerHour: price,
      placed: Array.from({ length: component.instances }, (_, ordinal) => ({
        ordinal,
        zone: zones[ordinal % zones.length] ?? "",
      })),
    });
  }
  return ok({ spec, components, priceMicroUsdPerHour });
}

function faultsOf(spec: ClusterSpec, regions: RegionZones): SpecFault[] {
  const faults: SpecFault[] = [];
  const fault = (pointer: string, code: SpecFault["code"], detail: string) => faults.push({ pointer, code, detail });

  const open = regions.get(spec.region);
  if (open === undefined) {
    const known = [...regions.keys()].sort().join(", ") || "none";
    fault("/region", "unknown_region", `No such region is open. Open regions: ${known}.`);
  }
  if (findEngineVersion(spec.engine, spec.version) === undefined) {
    fault("/version", "unknown_version", `${spec.engine} ${spec.version} is not offered; see GET /v1/versions.`);
  }

  const names = new Set<string>();
  let masters = 0;
  let instances = 0;
  spec.components.forEach((component, index) => {
    const at = `/components/${index}`;
    if (!isDnsLabel(component.name) || component.name.length > 20) {
      fault(
        `${at}/name`,
        "name_invalid",
        "Lower-case letters, digits and dashes, 1 to 20 characters, a letter or digit at both ends.",
      );
    } else if (names.has(component.name)) {
      fault(`${at}/name`, "name_taken", `Two components are named ${component.name}.`);
    }
    names.add(component.name);
    if (findSize(component.size) === undefined) fault(`${at}/size`, "unknown_size", "No such size; see GET /v1/sizes.");
    if (component.storageMib < MIN_STORAGE_MIB)
      fault(`${at}/storage_bytes`, "storage_too_small", "A volume has at least 1 GiB.");
    if (open !== undefined && component.zones > open.length) {
      fault(`${at}/zones`, "zones_unavailable", `The region has ${open.length} zone(s) open.`);
    }
    if (component.zones > component.instances) {
      fault(`${at}/zones`, "topology_invalid", "More zones than instances: some zone would stay empty.");
    }
    if (isMasterEligible(component.roles)) masters += component.instances;
    instances += component.instances;
  });

  if (instances > MAX_INSTANCES_PER_CLUSTER) {
    fault(
      "/components",
      "too_many_instances",
      `At most ${MAX_INSTANCES_PER_CLUSTER} instances in a cluster; this one asks for ${instances}.`,
    );
  }
  if (masters === 0) {
    fault("/components", "topology_invalid", "No instance is master-eligible: give one component the role master.");
  } else if (masters === 2) {
    const at = spec.components.findIndex((component) => isMasterEligible(component.roles));
    fault(
      `/components/${at}/instances`,
      "topology_invalid",
      "Two master-eligible instances tolerate no loss: losing either stops the cluster. Use one or three.",
    );
  }
  return faults;
}
