import type { Allocatable } from "@berth/domain";
import type { InstanceRequest } from "../types.ts";
import { conflictBetween } from "./node-table.ts";
import type { Size } from "./room-value.ts";

/**
 * What one zone waits for, by classes of one size each, the largest first.
 *
 * Layout: `cpuMilli[c]`, `memoryMib[c]`, `volumes[c]` and `worth[c]` are of one instance of class c; `requests[c]` are its
 * instances in the order in which they are placed, and before `heads[c]` none waits any more. `cursors` is scratch.
 */
export interface WaitingZone {
  readonly cpuMilli: number[];
  readonly memoryMib: number[];
  readonly volumes: number[];
  readonly worth: number[];
  readonly requests: InstanceRequest[][];
  readonly heads: number[];
  readonly cursors: number[];
  /** What all of it was worth at first. */
  allWorth: number;
}

/** What would go onto a new machine, the instance that it is opened for first. */
export interface MachineFill {
  readonly worth: number;
  readonly requests: readonly InstanceRequest[];
  /** What they leave of the machine. */
  readonly left: Size;
}

export interface FillRules {
  isWaiting(request: InstanceRequest): boolean;
  /** How many of an organization one machine may hold. */
  tenantLimit(organizationId: string): number;
}

export function emptyZone(): WaitingZone {
  return {
    cpuMilli: [],
    memoryMib: [],
    volumes: [],
    worth: [],
    requests: [],
    heads: [],
    cursors: [],
    allWorth: 0,
  };
}

/** Gives the class's number. Classes are to come in the order of their size. */
export function addClass(zone: WaitingZone, size: InstanceRequest, worth: number): number {
  zone.cpuMilli.push(size.cpuMilli);
  zone.memoryMib.push(size.memoryMib);
  zone.volumes.push(size.volumes);
  zone.worth.push(worth);
  zone.heads.push(0);
  zone.cursors.push(0);
  return zone.requests.push([]) - 1;
}

/** Moves the heads past what waits no more. O(classes), and once for each instance. */
export function advanceHeads({ heads, requests }: WaitingZone, isWaiting: FillRules["isWaiting"]): void {
  for (let index = 0; index < heads.length; index++) {
    const ofClass = requests[index] as InstanceRequest[];
    let head = heads[index] as number;
    while (head < ofClass.length && !isWaiting(ofClass[head] as InstanceRequest)) head += 1;
    heads[index] = head;
  }
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
  if (zone.worth.length < 2 || largest.worth >= zone.allWorth) return largest;
  const aligned = fillBy(allocatable, first, firstWorth, zone, rules, false);
  return aligned.worth > largest.worth ? aligned : largest;
}

function fillBy(
  allocatable: Allocatable,
  first: InstanceRequest,
  firstWorth: number,
  zone: WaitingZone,
  rules: FillRules,
  largestFirst: boolean,
): MachineFill {
  const { cpuMilli, memoryMib, volumes, requests, cursors } = zone;
  const classes = cpuMilli.length;
  const cpuScale = 1 / Math.max(1, allocatable.cpuMilli) ** 2;
  const memoryScale = 1 / Math.max(1, allocatable.memoryMib) ** 2;
  const volumeScale = 1 / Math.max(1, allocatable.volumes) ** 2;
  let cpu = allocatable.cpuMilli - first.cpuMilli;
  let memory = allocatable.memoryMib - first.memoryMib;
  let volume = allocatable.volumes - first.volumes;
  const taken = [first];
  let worth = firstWorth;
  for (let index = 0; index < classes; index++) cursors[index] = zone.heads[index] as number;
  // Largest first: what did not fit does not fit later.
  let from = 0;
  while (taken.length < allocatable.pods) {
    let chosen = -1;
    let chosenFit = Number.NEGATIVE_INFINITY;
    const cpuWeight = cpu * cpuScale;
    const memoryWeight = memory * memoryScale;
    const volumeWeight = volume * volumeScale;
    for (let index = from; index < classes; index++) {
      const oneCpu = cpuMilli[index] as number;
      const oneMemory = memoryMib[index] as number;
      const oneVolume = volumes[index] as number;
      if (oneMemory > memory || oneCpu > cpu || oneVolume > volume) continue;
      if ((cursors[index] as number) >= (requests[index] as InstanceRequest[]).length) continue;
      if (largestFirst) {
        chosen = index;
        from = index;
        break;
      }
      const fit = oneCpu * cpuWeight + oneMemory * memoryWeight + oneVolume * volumeWeight;
      if (fit > chosenFit) {
        chosen = index;
        chosenFit = fit;
      }
    }
    if (chosen < 0) break;
    const next = nextOf(requests[chosen] as InstanceRequest[], cursors, chosen, taken, rules);
    if (next === undefined) continue; // The class has nobody else for this machine.
    cpu -= cpuMilli[chosen] as number;
    memory -= memoryMib[chosen] as number;
    volume -= volumes[chosen] as number;
    worth += zone.worth[chosen] as number;
    taken.push(next);
  }
  return { worth, requests: taken, left: { cpuMilli: cpu, memoryMib: memory, volumes: volume } };
}

/** The next of the class that may stand beside what was taken; moves the class's cursor past it. */
function nextOf(
  requests: readonly InstanceRequest[],
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
