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
  /** Micro-dollars an hour, by machine type: those that held so far. */
  readonly last: ReadonlyMap<string, number>;
  /** Types that machines are of, or that a pool may launch. */
  readonly inUse: readonly string[];
}

/** $2,000 an hour: the dearest machine of AWS's list of May 2026 costs 361. */
const HIGHEST_MICRO_USD = 2_000_000_000;
/** So many times as much, or as little, is another unit, not another price. */
const JUMP = 1000;

/**
 * Reads a price list, a machine type and its price in dollars an hour on each line: micro-dollars by type, in its order.
 *
 * Everything would be bought by these, so the list is taken as a whole or not at all: one price that cannot be meant says
 * that the rest was not looked at either. Every fault is given, in the order of the lines, what is missing last.
 */
export function readPriceList(text: string, known: KnownPrices): Result<ReadonlyMap<string, number>, PriceFault[]> {
  const prices = new Map<string, number>();
  const named = new Set<string>();
  const faults: PriceFault[] = [];
  for (const line of text.split("\n")) {
    const words = line.trim().split(/\s+/);
    const [machineType = "", amount = ""] = words;
    if (machineType === "") continue;
    const faulty = (rule: PriceFault["rule"], detail: string) => faults.push({ machineType, rule, detail });
    if (words.length !== 2 || !/^[a-z0-9][a-z0-9.-]{0,62}$/.test(machineType)) {
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
    if (price === 0 || /^-\d/.test(amount)) faulty("price_not_positive", "A machine costs something.");
    else if (price === undefined)
      faulty("not_a_price", "Not a decimal number of dollars of at most six decimals, as 0.1008.");
    else if (price > HIGHEST_MICRO_USD) faulty("price_too_high", "More than $2000 an hour is no machine's price.");
    else if (last !== undefined && (price >= last * JUMP || price * JUMP <= last))
      faulty(
        "price_jumped",
        `${price} micro-dollars after ${last}: a thousand times as much, or as little, is another unit.`,
      );
    else prices.set(machineType, price);
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
