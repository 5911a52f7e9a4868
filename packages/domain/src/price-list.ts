import { microUsdFromAmount } from "./money.ts";
import { err, ok, type Result } from "./result.ts";

/** A price that cannot be meant, or that is missed: which type, which rule, and a sentence. */
export interface PriceFault {
  readonly machineType: string;
  readonly rule:
    | "no_prices"
    | "malformed_line"
    | "duplicate_type"
    | "not_a_price"
    | "price_not_positive"
    | "price_too_high"
    | "price_jumped"
    | "price_missing";
  readonly detail: string;
}

/** What is known before a list of prices is read. */
export interface KnownPrices {
  /** Micro-dollars an hour, by machine type: the last that held, also of types that later lists left out. */
  readonly last: ReadonlyMap<string, number>;
  /** The least and the most that types cost in other regions. */
  readonly elsewhere: ReadonlyMap<string, Range>;
  /** Types that machines are of, or that a pool may launch. */
  readonly inUse: readonly string[];
}

/** $2,000 an hour: the dearest machine of AWS's list of May 2026 costs 361. */
const HIGHEST_MICRO_USD = 2_000_000_000;
/** So many times as much, or as little, is another unit, not another price. A family's largest size costs 223 times its smallest (2026). */
const JUMP = 1000;
/** The same beside other regions, of which a type's dearest costs two and a half times its cheapest (2026). */
const JUMP_ELSEWHERE = 100;

type Range = readonly [least: number, most: number];

const isOff = (price: number, [least, most]: Range, jump: number) => price >= most * jump || price * jump <= least;

/** Whether other regions say that the last price was the slip, and this one is none. */
const isCorrection = (price: number, last: number, range: Range | undefined) =>
  range !== undefined && isOff(last, range, JUMP_ELSEWHERE) && !isOff(price, range, JUMP_ELSEWHERE);

/** A family and a size, as m7i.large. */
export const MACHINE_TYPE = /^[a-z0-9][a-z0-9-]{0,30}\.[a-z0-9][a-z0-9-]{0,30}$/;

/**
 * Reads a price list, a machine type and its price in dollars an hour on each line: micro-dollars by type, in its order.
 *
 * Everything would be bought by these, so the list is taken as a whole or not at all: one price that cannot be meant says
 * that the rest was not looked at either. Every fault is given, in the order of the lines, what is missing last.
 */
export function readPriceList(text: string, known: KnownPrices): Result<ReadonlyMap<string, number>, PriceFault[]> {
  const prices = new Map<string, number>();
  const named = new Set<string>();
  /** Of each family. */
  const cheapest = new Map<string, { readonly machineType: string; readonly price: number }>();
  const faults: PriceFault[] = [];
  for (const line of text.split("\n")) {
    const words = line.trim().split(/\s+/);
    const [machineType = "", amount = ""] = words;
    if (machineType === "") continue;
    const faulty = (rule: PriceFault["rule"], detail: string) => faults.push({ machineType, rule, detail });
    if (words.length !== 2 || !MACHINE_TYPE.test(machineType)) {
      faults.push({
        machineType: machineType.slice(0, 63),
        rule: "malformed_line",
        detail: "A line is a machine type and its price in dollars an hour, as m7i.large 0.1008.",
      });
      continue;
    }
    if (named.has(machineType)) {
      faulty("duplicate_type", "The type is in the list already.");
      continue;
    }
    named.add(machineType);
    const price = microUsdFromAmount(amount);
    const last = known.last.get(machineType);
    const range = known.elsewhere.get(machineType);
    if (price === 0 || /^-\d/.test(amount)) faulty("price_not_positive", "A machine costs something.");
    else if (price === undefined)
      faulty("not_a_price", "Not a decimal number of dollars of at most six decimals, as 0.1008.");
    else if (price > HIGHEST_MICRO_USD) faulty("price_too_high", "More than $2000 an hour is no machine's price.");
    else if (last !== undefined && isOff(price, [last, last], JUMP) && !isCorrection(price, last, range))
      faulty(
        "price_jumped",
        `${price} micro-dollars after ${last}: a thousand times as much, or as little, is another unit. Was the last one the slip? Then import one between them first.`,
      );
    else if (last === undefined && range !== undefined && isOff(price, range, JUMP_ELSEWHERE))
      faulty(
        "price_jumped",
        `${price} micro-dollars, and ${range[0]} to ${range[1]} in other regions: a hundred times as much, or as little, is another unit.`,
      );
    else {
      prices.set(machineType, price);
      const family = familyOf(machineType);
      if (price < (cheapest.get(family)?.price ?? Number.POSITIVE_INFINITY))
        cheapest.set(family, { machineType, price });
    }
  }
  for (const [machineType, price] of prices) {
    const smallest = cheapest.get(familyOf(machineType));
    if (smallest !== undefined && price >= smallest.price * JUMP)
      faults.push({
        machineType,
        rule: "price_jumped",
        detail: `${price} micro-dollars, and ${smallest.price} of ${smallest.machineType}: a thousand times as much is another unit.`,
      });
  }
  if (named.size === 0 && faults.length === 0) {
    faults.push({
      machineType: "the list",
      rule: "no_prices",
      detail:
        "is empty, and would price nothing. A line is a machine type and its price in dollars an hour, as m7i.large 0.1008.",
    });
  }
  for (const machineType of new Set(known.inUse)) {
    if (!named.has(machineType))
      faults.push({ machineType, rule: "price_missing", detail: "A type that is in use, and it is not in the list." });
  }
  return faults.length === 0 ? ok(prices) : err(faults);
}

const familyOf = (machineType: string) => machineType.split(".")[0] ?? machineType;
