import { emptyLoad, type Load, loadOf, shortage } from "../fit.ts";
import type { Candidate, InstanceRequest, LaunchOption, RejectionReason } from "../types.ts";
import { candidateOf } from "./explain.ts";
import { advanceHeads, type FillRules, fillMachine, type MachineFill, type WaitingZone } from "./machine-fill.ts";
import { type RoomValue, sizeValue, valueOfRoom } from "./room-value.ts";

/** The machine to open, with what goes there, and every option of the zone as a candidate. */
export interface OptionChoice {
  readonly best: { readonly option: LaunchOption; readonly fill: MachineFill } | undefined;
  readonly candidates: readonly Candidate[];
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
  /** -1: there is none. */
  readonly better: number[];
  readonly brim: number[];
  readonly usable: number[];
}

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
  tenantLimit: (poolId: string, organizationId: string) => number,
  explains: boolean,
): OptionChooser {
  const zones = new Map<string, ZoneOptions>();
  const pools = new Map<string, PoolRoom>();
  for (const option of [...options].sort((a, b) => priceOf(a) - priceOf(b) || byOption(a, b))) {
    const zone = zones.get(option.zone) ?? { options: [], better: [], brim: [], usable: [] };
    zones.set(option.zone, zone);
    const { cpuMilli, memoryMib, volumes, pods } = option.allocatable;
    // In the order of price: what is there already costs no more.
    zone.better.push(zone.options.findIndex((other) => offersNoLess(other, option)));
    zone.brim.push(sizeValue(value.prices, { cpuMilli, memoryMib, volumes }, pods));
    zone.usable.push(valueOfRoom(value, cpuMilli, memoryMib, volumes, pods));
    zone.options.push(option);
    const { poolId, poolRoom, poolSpendRoomMicroUsdPerHour: spend } = option;
    const known = pools.get(poolId);
    pools.set(poolId, {
      machines: Math.min(known?.machines ?? poolRoom, poolRoom),
      spendMicroUsdPerHour: Math.min(known?.spendMicroUsdPerHour ?? Infinity, spend ?? Infinity),
    });
  }

  function rejectionOf(request: InstanceRequest, option: LaunchOption): RejectionReason | undefined {
    const room = pools.get(option.poolId);
    const closed = request.launchClosed ?? option.closed;
    if (closed !== undefined) return { kind: "closed", because: closed };
    if (room === undefined || room.machines < 1) return { kind: "closed", because: "pool_full" };
    if (room.spendMicroUsdPerHour < option.priceMicroUsdPerHour) return { kind: "closed", because: "spend_cap" };
    return shortage(request, option.allocatable, emptyLoad());
  }

  /** What an option costs for what it would hold, now and of what is expected. */
  function priceFor(option: LaunchOption, load: Load, expectedWorth: number): number {
    const { cpuMilli, memoryMib, volumes, pods } = option.allocatable;
    const rest = valueOfRoom(
      value,
      cpuMilli - load.cpuMilli,
      memoryMib - load.memoryMib,
      volumes - load.volumes,
      pods - load.pods,
    );
    const worth = sizeValue(value.prices, load, load.pods) + Math.min(rest * EXPECTED_WORTH, expectedWorth);
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
      if (zone === undefined) return { best: undefined, candidates: [] };
      advanceHeads(waiting, isWaiting);
      const { options: ofZone, better, brim, usable } = zone;
      const worth = sizeValue(value.prices, request, 1);
      const rejections = ofZone.map((option) => rejectionOf(request, option));
      const scores = ofZone.map((option, place) => {
        const most = Math.min((usable[place] as number) * EXPECTED_WORTH, expectedWorth) + waiting.allWorth;
        return priceOf(option) / (Math.min(brim[place] as number, most) + A_TRIFLE);
      });
      const possible: number[] = [];
      for (let place = 0; place < ofZone.length; place++) if (rejections[place] === undefined) possible.push(place);
      possible.sort((a, b) => (scores[a] as number) - (scores[b] as number) || a - b);
      const limitsOf = new Map<string, FillRules>();
      let best: OptionChoice["best"];
      let bestPlace = 0;
      let bestScore = Number.POSITIVE_INFINITY;
      for (const place of possible) {
        if ((scores[place] as number) > bestScore) break;
        const instead = better[place] as number;
        if (instead >= 0 && rejections[instead] === undefined) continue;
        const option = ofZone[place] as LaunchOption;
        const rules = limitsOf.get(option.poolId) ?? fillRules(option.poolId, isWaiting);
        limitsOf.set(option.poolId, rules);
        const fill = fillMachine(option.allocatable, request, worth, waiting, rules);
        const score = priceFor(option, loadOf(fill.requests), expectedWorth);
        scores[place] = score;
        if (best === undefined || score < bestScore || (score === bestScore && place < bestPlace)) {
          best = { option, fill };
          bestPlace = place;
          bestScore = score;
        }
      }
      const candidates = (explains ? ofZone : []).map((option, place) => {
        const rejection = rejections[place];
        const score = rejection === undefined ? (scores[place] as number) * SCORE_SCALE : undefined;
        return candidateOf(`new ${option.machineType}`, option, rejection, score);
      });
      return { best, candidates };
    },
  };

  function fillRules(poolId: string, isWaiting: FillRules["isWaiting"]): FillRules {
    const limits = new Map<string, number>();
    return {
      isWaiting,
      tenantLimit(organizationId) {
        let limit = limits.get(organizationId);
        if (limit === undefined) {
          limit = tenantLimit(poolId, organizationId);
          limits.set(organizationId, limit);
        }
        return limit;
      },
    };
  }
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
