import { ApiError } from "./api-error.ts";
import type { Amounts, Pod } from "./objects.ts";
import { nanoOf } from "./quantities.ts";
import { LIMIT_RANGES } from "./resources.ts";
import type { Store } from "./store.ts";

/** The LimitRanger plugin for containers: fills in what is missing and refuses what is outside min and max. */
export function applyLimitRanges(store: Store, pod: Pod): void {
  for (const range of store.all(LIMIT_RANGES, pod.metadata.namespace)) {
    for (const limit of range.spec.limits ?? []) {
      if (limit.type !== "Container") continue;
      for (const container of [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]) {
        container.resources ??= {};
        const { resources } = container;
        if (limit.default !== undefined) resources.limits = { ...limit.default, ...resources.limits };
        const requests = { ...limit.default, ...limit.defaultRequest };
        if (Object.keys(requests).length > 0) resources.requests = { ...requests, ...resources.requests };
        refuseOutside(pod, resources.limits ?? {}, limit.max, "maximum", (amount, bound) => amount > bound);
        refuseOutside(pod, resources.requests ?? {}, limit.min, "minimum", (amount, bound) => amount < bound);
      }
    }
  }
}

function refuseOutside(
  pod: Pod,
  amounts: Amounts,
  bounds: Amounts | undefined,
  word: "maximum" | "minimum",
  isOutside: (amount: bigint, bound: bigint) => boolean,
): void {
  for (const [resource, bound] of Object.entries(bounds ?? {})) {
    const amount = amounts[resource];
    if (amount === undefined || !isOutside(nanoOf(amount), nanoOf(bound))) continue;
    const what = word === "maximum" ? "limit" : "request";
    const why = `${word} ${resource} usage per Container is ${bound}, but ${what} is ${amount}`;
    throw new ApiError(403, "Forbidden", `pods "${pod.metadata.name}" is forbidden: ${why}`, {
      name: pod.metadata.name,
      kind: "pods",
    });
  }
}
