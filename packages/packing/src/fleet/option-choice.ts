import { emptyLoad, shortage } from "../fit.ts";
import type { InstanceRequest, LaunchOption } from "../types.ts";
import { candidateOf, NO_OPTIONS, type OptionLook } from "./explain.ts";
import { advanceHeads, type FillRules, fillMachine, type MachineFill, type WaitingZone } from "./machine-fill.ts";
import { POSSIBLE, type RefusalCode, type Refusals, shortOf } from "./refusals.ts";
import { type RoomValue, sizeValue, valueOfRoom } from "./room-value.ts";

/** The machine to open, with what goes there, and what an explanation says of the zone's options. */
export interface OptionChoice {
  readonly best: { readonly option: LaunchOption; readonly fill: MachineFill } | undefined;
  readonly look: OptionLook;
}

export interface OptionChooser {
  /** Of a zone, cheapest first. */
  optionsOf(zone: string): readonly LaunchOption[];
  /** How much more an hour the pool may cost. */
  spendRoomOf(poolId: string): number;
  /** A pool has so many machines more of this price, or fewer. */
  count(poolId: string, priceMicroUsdPerHour: number, machines: 1 | -1): void;
  /**
   * The option with the lowest price for what it would hold: of what waits in the zone, and of what is expected there, which
   * is worth `expectedWorth`. Options that cannot have the lowest are not filled: one whose price would be too high even if
   * it held as much as it can, and one beside which the pool has a better; they score what they would cost then.
   *
   * O(options x slots x classes) at worst.
   */
  choose(
    request: InstanceRequest,
    zone: WaitingZone,
    expectedWorth: number,
    isWaiting: FillRules["isWaiting"],
  ): OptionChoice;
}

interface PoolRoom {
  machines: number;
  spendMicroUsdPerHour: number;
}

/** A zone's options by price, and of each: the place of one that offers no less for no more, and what its room is worth. */
interface ZoneOptions {
  readonly options: LaunchOption[];
  /** What candidates call them. */
  readonly names: string[];
  /** -1: there is none. */
  readonly better: number[];
  readonly brim: number[];
  readonly usable: number[];
  /** Of the request that is looked at: why the option is refused, its score, and below what that cannot be if it is filled. */
  readonly codes: Uint16Array;
  readonly scores: Float64Array;
  readonly bounds: Float64Array;
}

const NO_LOAD = emptyLoad();
/** What is expected counts for less than what waits. */
const EXPECTED_WORTH = 0.9;
/** Micro-dollars: where room was given no price at all, the cheapest machine is taken. */
const A_TRIFLE = 1e-6;
/** So that a score, of dollars paid for a dollar's worth, stands beside others in micro-dollars. */
const SCORE_SCALE = 1_000_000;

/** O(options² of a zone). */
export function optionChooser(
  options: readonly LaunchOption[],
  value: RoomValue,
  priceOf: (option: LaunchOption) => number,
  refusals: Pick<Refusals, "tenantLimit" | "closedCode" | "closure">,
  explains: boolean,
): OptionChooser {
  const zones = new Map<string, ZoneOptions>();
  const pools = new Map<string, PoolRoom>();
  for (const option of [...options].sort((a, b) => priceOf(a) - priceOf(b) || byOption(a, b))) {
    const zone = zones.get(option.zone) ?? emptyOptions(options.length);
    zones.set(option.zone, zone);
    const { cpuMilli, memoryMib, volumes, pods } = option.allocatable;
    // In the order of price: what is there already costs no more.
    zone.better.push(zone.options.findIndex((other) => offersNoLess(other, option)));
    zone.brim.push(sizeValue(value.prices, { cpuMilli, memoryMib, volumes }, pods));
    zone.usable.push(valueOfRoom(value, cpuMilli, memoryMib, volumes, pods));
    zone.options.push(option);
    zone.names.push(`new ${option.machineType}`);
    const { poolId, poolRoom, poolSpendRoomMicroUsdPerHour: spend } = option;
    const known = pools.get(poolId);
    pools.set(poolId, {
      machines: Math.min(known?.machines ?? poolRoom, poolRoom),
      spendMicroUsdPerHour: Math.min(known?.spendMicroUsdPerHour ?? Infinity, spend ?? Infinity),
    });
  }

  const poolFull = refusals.closedCode("pool_full");
  const spendCap = refusals.closedCode("spend_cap");

  function codeOf({ cpuMilli, memoryMib, volumes }: InstanceRequest, option: LaunchOption): RefusalCode {
    const room = pools.get(option.poolId);
    if (option.closed !== undefined) return refusals.closedCode(option.closed);
    if (room === undefined || room.machines < 1) return poolFull;
    if (room.spendMicroUsdPerHour < option.priceMicroUsdPerHour) return spendCap;
    const { allocatable } = option;
    return shortOf(
      allocatable.memoryMib - memoryMib,
      allocatable.cpuMilli - cpuMilli,
      allocatable.volumes - volumes,
      allocatable.pods - 1,
    );
  }

  function look(request: InstanceRequest, { options: ofZone, names, codes, scores }: ZoneOptions): OptionLook {
    const candidates = ofZone.map((option, place) => {
      const code = codes[place] as RefusalCode;
      if (code === POSSIBLE) {
        return candidateOf(names[place] as string, option, undefined, (scores[place] as number) * SCORE_SCALE);
      }
      const rejection = refusals.closure(code) ?? shortage(request, option.allocatable, NO_LOAD);
      return candidateOf(names[place] as string, option, rejection, undefined);
    });
    // A copy: what is refused may be explained after others were looked at.
    return { candidates, codes: ofZone.map((_, place) => codes[place] as RefusalCode) };
  }

  /** What an option costs for what it would hold, now and of what is expected. */
  function priceFor(option: LaunchOption, { requests, left }: MachineFill, expectedWorth: number): number {
    const { cpuMilli, memoryMib, volumes, pods } = option.allocatable;
    const rest = valueOfRoom(value, left.cpuMilli, left.memoryMib, left.volumes, pods - requests.length);
    const load = {
      cpuMilli: cpuMilli - left.cpuMilli,
      memoryMib: memoryMib - left.memoryMib,
      volumes: volumes - left.volumes,
    };
    const worth = sizeValue(value.prices, load, requests.length) + Math.min(rest * EXPECTED_WORTH, expectedWorth);
    return priceOf(option) / (worth + A_TRIFLE);
  }

  return {
    optionsOf: (zone) => zones.get(zone)?.options ?? [],
    spendRoomOf: (poolId) => pools.get(poolId)?.spendMicroUsdPerHour ?? 0,
    count(poolId, priceMicroUsdPerHour, machines) {
      const room = pools.get(poolId);
      if (room === undefined) return;
      room.machines -= machines;
      room.spendMicroUsdPerHour -= machines * priceMicroUsdPerHour;
    },
    choose(request, waiting, expectedWorth, isWaiting) {
      const zone = zones.get(request.zone);
      if (zone === undefined) return { best: undefined, look: NO_OPTIONS };
      advanceHeads(waiting, isWaiting);
      const { options: ofZone, better, brim, usable, codes, scores, bounds } = zone;
      const worth = sizeValue(value.prices, request, 1);
      const launchClosed = request.launchClosed === undefined ? POSSIBLE : refusals.closedCode(request.launchClosed);
      for (let place = 0; place < ofZone.length; place++) {
        const option = ofZone[place] as LaunchOption;
        const code = launchClosed === POSSIBLE ? codeOf(request, option) : launchClosed;
        codes[place] = code;
        bounds[place] = Number.POSITIVE_INFINITY;
        if (code !== POSSIBLE) continue;
        const most = Math.min((usable[place] as number) * EXPECTED_WORTH, expectedWorth) + waiting.allWorth;
        const bound = priceOf(option) / (Math.min(brim[place] as number, most) + A_TRIFLE);
        scores[place] = bound;
        const instead = better[place] as number;
        if (instead < 0 || codes[instead] !== POSSIBLE) bounds[place] = bound;
      }
      const limitsOf = new Map<string, FillRules>();
      let best: OptionChoice["best"];
      let bestPlace = 0;
      let bestScore = Number.POSITIVE_INFINITY;
      for (;;) {
        const place = lowest(bounds, ofZone.length, bestScore);
        if (place < 0) break;
        bounds[place] = Number.POSITIVE_INFINITY;
        const option = ofZone[place] as LaunchOption;
        const rules = limitsOf.get(option.poolId) ?? fillRules(option.poolId, isWaiting);
        limitsOf.set(option.poolId, rules);
        const fill = fillMachine(option.allocatable, request, worth, waiting, rules);
        const score = priceFor(option, fill, expectedWorth);
        scores[place] = score;
        if (best === undefined || score < bestScore || (score === bestScore && place < bestPlace)) {
          best = { option, fill };
          bestPlace = place;
          bestScore = score;
        }
      }
      return { best, look: explains ? look(request, zone) : NO_OPTIONS };
    },
  };

  function fillRules(poolId: string, isWaiting: FillRules["isWaiting"]): FillRules {
    const limits = new Map<string, number>();
    return {
      isWaiting,
      tenantLimit(organizationId) {
        let limit = limits.get(organizationId);
        if (limit === undefined) {
          limit = refusals.tenantLimit(poolId, organizationId);
          limits.set(organizationId, limit);
        }
        return limit;
      },
    };
  }
}

/** The first place with the lowest finite bound, where that is not above `most`; -1 where there is none. */
function lowest(bounds: Float64Array, length: number, most: number): number {
  let at = -1;
  let least = Number.POSITIVE_INFINITY;
  for (let place = 0; place < length; place++) {
    const bound = bounds[place] as number;
    if (bound < least && bound <= most) {
      at = place;
      least = bound;
    }
  }
  return at;
}

function emptyOptions(most: number): ZoneOptions {
  const scratch = { codes: new Uint16Array(most), scores: new Float64Array(most), bounds: new Float64Array(most) };
  return { options: [], names: [], better: [], brim: [], usable: [], ...scratch };
}

function offersNoLess(a: LaunchOption, b: LaunchOption): boolean {
  return (
    a.poolId === b.poolId &&
    a.allocatable.cpuMilli >= b.allocatable.cpuMilli &&
    a.allocatable.memoryMib >= b.allocatable.memoryMib &&
    a.allocatable.volumes >= b.allocatable.volumes &&
    a.allocatable.pods >= b.allocatable.pods
  );
}

function byOption(a: LaunchOption, b: LaunchOption): number {
  return (
    a.priceMicroUsdPerHour - b.priceMicroUsdPerHour ||
    compare(a.machineType, b.machineType) ||
    compare(a.zone, b.zone) ||
    compare(a.poolId, b.poolId)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
