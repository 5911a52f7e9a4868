import type { Condition } from "./objects.ts";

/** The conditions with one of them set; its transition time moves only when its status does. */
export function setCondition(
  conditions: readonly Condition[] | undefined,
  wanted: Condition,
  now: string,
): Condition[] {
  const list = conditions ?? [];
  const present = list.find((each) => each.type === wanted.type);
  const since = present?.status === wanted.status ? (present.lastTransitionTime ?? now) : now;
  const next = { ...wanted, lastTransitionTime: since };
  return present === undefined ? [...list, next] : list.map((each) => (each === present ? next : each));
}

export function hasCondition(
  conditions: readonly Condition[] | undefined,
  type: string,
  status: Condition["status"] = "True",
): boolean {
  return (conditions ?? []).some((each) => each.type === type && each.status === status);
}
