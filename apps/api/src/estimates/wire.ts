import type { ClusterEstimate } from "@berth/contract";
import type { KubeCapacity } from "@berth/db";
import {
  type ClusterPlan,
  findSize,
  HOURS_PER_MONTH,
  instancePriceMicroUsdPerHour,
  moneyFromMicroUsd,
  type PlannedComponent,
  SIZES,
  type Size,
} from "@berth/domain";
import { neverFits, type PreviewedInstance } from "../clusters/capacity.ts";
import { toPlaceBody, toSpecBody } from "../clusters/preview-cluster.ts";
import { bytesOf, isoOrNull } from "../http/wire.ts";

export function toPrices(microUsdPerHour: number) {
  return {
    price_per_hour: moneyFromMicroUsd(microUsdPerHour),
    price_per_month: moneyFromMicroUsd(microUsdPerHour * HOURS_PER_MONTH),
  };
}

/** Of all instances of these components together. */
export function toTotals(components: readonly PlannedComponent[]) {
  const sum = (of: (one: PlannedComponent) => number) =>
    components.reduce((total, one) => total + one.instances * of(one), 0);
  return {
    instances: sum(() => 1),
    memory_bytes: bytesOf(sum((one) => one.memoryMib)),
    cpu_millis: sum((one) => one.cpuMilli),
    storage_bytes: bytesOf(sum((one) => one.storageMib)),
  };
}

export function toClusterEstimate(
  plan: ClusterPlan,
  kube: KubeCapacity,
  places: readonly PreviewedInstance[],
  now: Date,
): ClusterEstimate {
  return {
    feasible: places.every((one) => one.machine !== "none"),
    spec: toSpecBody(plan),
    components: plan.components.map((component) => ({
      name: component.name,
      size: component.size,
      instance_price_per_hour: moneyFromMicroUsd(component.priceMicroUsdPerHour),
      ...toPrices(component.instances * component.priceMicroUsdPerHour),
      ...toTotals([component]),
    })),
    ...toPrices(plan.priceMicroUsdPerHour),
    ...toTotals(plan.components),
    placement: places.map(toPlaceBody),
    alternatives: plan.components.flatMap((component) => alternativesOf(plan, component, kube, now)),
    observed_at: isoOrNull(kube.observedAt),
  };
}

/** The cluster with the next smaller and the next larger size of one component. */
function alternativesOf(plan: ClusterPlan, component: PlannedComponent, kube: KubeCapacity, now: Date) {
  const at = SIZES.findIndex((size) => size.name === component.size);
  const next = [
    ["smaller", SIZES[at - 1]],
    ["larger", SIZES[at + 1]],
  ] as const;
  return next.flatMap(([direction, size]): ClusterEstimate["alternatives"] => {
    if (size === undefined) return [];
    const other = resized(component, size);
    const components = plan.components.map((one) => (one === component ? other : one));
    const priceMicroUsdPerHour = components.reduce((total, one) => total + one.instances * one.priceMicroUsdPerHour, 0);
    const fits = neverFits({ ...plan, components, priceMicroUsdPerHour }, kube, now).length === 0;
    return [{ component: component.name, size: size.name, direction, fits, ...toPrices(priceMicroUsdPerHour) }];
  });
}

/** Storage that was the size's own becomes the other's; any other stays. */
function resized(component: PlannedComponent, size: Size): PlannedComponent {
  const isDefault = component.storageMib === findSize(component.size)?.defaultStorageMib;
  const storageMib = isDefault ? size.defaultStorageMib : component.storageMib;
  const { name, memoryMib, cpuMilli } = size;
  const price = instancePriceMicroUsdPerHour(size, storageMib);
  return { ...component, size: name, memoryMib, cpuMilli, storageMib, priceMicroUsdPerHour: price };
}
