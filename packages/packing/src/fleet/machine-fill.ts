import type { Allocatable } from "@berth/domain";
import type { InstanceRequest } from "../types.ts";
import { conflictBetween } from "./node-table.ts";
import type { Size } from "./room-value.ts";

/** Instances of one size that wait in one zone, in the order in which they are placed. */
export interface WaitingClass {
  readonly size: Size;
  /** What one is worth. */
  readonly worth: number;
  readonly requests: InstanceRequest[];
  /** Of `requests`: before it, none waits any more. */
  head: number;
}

/** What one zone waits for, the largest sizes first. */
export interface WaitingZone {
  readonly classes: WaitingClass[];
  /** What all of it is worth. */
  worth: number;
}

/** What would go onto a new machine, the instance that it is opened for first. */
export interface MachineFill {
  readonly worth: number;
  readonly requests: readonly InstanceRequest[];
}

export interface FillRules {
  isWaiting(request: InstanceRequest): boolean;
  /** How many of an organization one machine may hold. */
  tenantLimit(organizationId: string): number;
}

/**
 * Fills an empty machine with what waits, by two rules, and gives the fill that is worth more: the largest first; and
 * always the one that lies best in what is left, so that CPU and memory end together.
 *
 * O(slots x classes) and what is skipped for conflicts. Throws nothing; the first instance must fit.
 */
export function fillMachine(
  allocatable: Allocatable,
  first: InstanceRequest,
  firstWorth: number,
  zone: WaitingZone,
  rules: FillRules,
): MachineFill {
  const largest = fillBy(allocatable, first, firstWorth, zone, rules, true);
  // A single size leaves nothing to choose.
  if (zone.classes.length < 2 || largest.worth >= zone.worth) return largest;
  const aligned = fillBy(allocatable, first, firstWorth, zone, rules, false);
  return aligned.worth > largest.worth ? aligned : largest;
}

function fillBy(
  allocatable: Allocatable,
  first: InstanceRequest,
  firstWorth: number,
  { classes }: WaitingZone,
  rules: FillRules,
  largestFirst: boolean,
): MachineFill {
  const cpuScale = 1 / Math.max(1, allocatable.cpuMilli) ** 2;
  const memoryScale = 1 / Math.max(1, allocatable.memoryMib) ** 2;
  const volumeScale = 1 / Math.max(1, allocatable.volumes) ** 2;
  let cpu = allocatable.cpuMilli - first.cpuMilli;
  let memory = allocatable.memoryMib - first.memoryMib;
  let volume = allocatable.volumes - first.volumes;
  const taken = [first];
  let worth = firstWorth;
  const cursors = classes.map(({ head }) => head);
  while (taken.length < allocatable.pods) {
    let chosen = -1;
    let chosenFit = Number.NEGATIVE_INFINITY;
    for (let index = 0; index < classes.length; index++) {
      const { size, requests } = classes[index] as WaitingClass;
      if ((cursors[index] as number) >= requests.length) continue;
      if (size.memoryMib > memory || size.cpuMilli > cpu || size.volumes > volume) continue;
      if (largestFirst) {
        chosen = index;
        break;
      }
      const fit =
        size.cpuMilli * cpu * cpuScale + size.memoryMib * memory * memoryScale + size.volumes * volume * volumeScale;
      if (fit > chosenFit) {
        chosen = index;
        chosenFit = fit;
      }
    }
    if (chosen < 0) break;
    const next = nextOf(classes[chosen] as WaitingClass, cursors, chosen, taken, rules);
    if (next === undefined) continue; // The class has nobody else for this machine.
    const { size, worth: one } = classes[chosen] as WaitingClass;
    cpu -= size.cpuMilli;
    memory -= size.memoryMib;
    volume -= size.volumes;
    worth += one;
    taken.push(next);
  }
  return { worth, requests: taken };
}

/** The next of the class that may stand beside what was taken; moves the class's cursor past it. */
function nextOf(
  { requests }: WaitingClass,
  cursors: number[],
  index: number,
  taken: readonly InstanceRequest[],
  rules: FillRules,
): InstanceRequest | undefined {
  for (let cursor = cursors[index] as number; cursor < requests.length; cursor++) {
    const request = requests[cursor] as InstanceRequest;
    cursors[index] = cursor + 1;
    if (rules.isWaiting(request) && mayJoin(request, taken, rules)) return request;
  }
  return undefined;
}

function mayJoin(request: InstanceRequest, taken: readonly InstanceRequest[], rules: FillRules): boolean {
  let ofTenant = 0;
  for (const one of taken) {
    if (one === request || conflictBetween(one, request)) return false;
    if (one.organizationId === request.organizationId) ofTenant += 1;
  }
  return ofTenant === 0 || ofTenant < rules.tenantLimit(request.organizationId);
}
