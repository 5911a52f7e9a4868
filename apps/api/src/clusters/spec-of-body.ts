import type { ClusterSpecBody, Fault } from "@berth/contract";
import { MEBIBYTE } from "@berth/contract";
import {
  type BrokenLimit,
  type ClusterSpec,
  type ComponentSpec,
  DEFAULT_ROLES,
  findSize,
  MIN_STORAGE_MIB,
} from "@berth/domain";
import { DEFAULT_ENGINE, defaultVersion } from "../catalogue/defaults.ts";

type ComponentInput = NonNullable<ClusterSpecBody["components"]>[number];

/**
 * The spec that a body asks for, with every default filled in.
 *
 * `openZones` is how many zones the region has: a default never asks for more, so that a region of one zone takes the short
 * form too. Sizes are not checked here: an unknown one gets the least storage, and planCluster refuses it.
 */
export function specOfBody(body: ClusterSpecBody, openZones: number): ClusterSpec {
  const engine = body.engine ?? DEFAULT_ENGINE;
  return {
    engine,
    version: body.version ?? defaultVersion(engine),
    region: body.region,
    components: componentsOf(body).map((component) => componentOf(component, openZones)),
  };
}

function componentsOf(body: ClusterSpecBody): readonly ComponentInput[] {
  if (body.components !== undefined) return body.components;
  const { size, instances, storage_bytes, zones } = body;
  if (size === undefined || instances === undefined) throw new Error("the contract lets no body without a form pass");
  return [{ name: "data", size, instances, storage_bytes, zones }];
}

function componentOf(input: ComponentInput, openZones: number): ComponentSpec {
  return {
    name: input.name,
    roles: input.roles ?? DEFAULT_ROLES,
    instances: input.instances,
    size: input.size,
    storageMib:
      input.storage_bytes === undefined
        ? (findSize(input.size)?.defaultStorageMib ?? MIN_STORAGE_MIB)
        : input.storage_bytes / MEBIBYTE,
    zones: input.zones ?? Math.max(1, Math.min(3, input.instances, openZones)),
  };
}

/** A fault's pointer as the caller wrote the body: the short form has no `components`. */
export function pointerInBody(fault: Pick<Fault, "pointer">, body: ClusterSpecBody): string {
  if (body.components !== undefined) return fault.pointer;
  if (fault.pointer === "/components") return "/instances";
  return fault.pointer.replace(/^\/components\/0/, "");
}

/** The field that asks for too much; the whole body where no single field does. */
export function pointerOfLimit(limit: BrokenLimit, body: ClusterSpecBody): string {
  if (limit.kind === "spend_cap" || limit.quota === "clusters") return "";
  if (body.components !== undefined) return "/components";
  if (limit.quota === "instances") return "/instances";
  return limit.quota === "storageMib" && body.storage_bytes !== undefined ? "/storage_bytes" : "/size";
}
