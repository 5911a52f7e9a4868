import { type CaseFault, CaseFaults, err, Fields, ok, type Result, readList } from "@berth/domain";
import type { CaseType, PlanNode } from "./packing-case.ts";

/**
 * Units that are paid for already, whether in use or not: of reserved instances of a family normalised units, of a savings plan
 * micro-dollars an hour, or whatever the file counts in. A machine of one of its types takes so many while there are any, and
 * then costs the price of those in use instead of its own. In part too: half the units are half the machine.
 */
export interface Commitment {
  readonly name: string;
  readonly units: number;
  /** For a unit in use: 0 for what is paid for whole. */
  readonly unitPriceMicroUsdPerHour: number;
  /** What is paid for all units, used or not; it changes no plan. */
  readonly sunkMicroUsdPerHour: number;
  /** By type, the units of one machine. A type is in one commitment at most. */
  readonly unitsOf: ReadonlyMap<string, number>;
}

/** A commitment with what one more unit of it would be worth: whole micro-dollars an hour. */
export interface ValuedCommitment extends Commitment {
  readonly valueMicroUsdPerHour: number;
}

const MOST_COMMITMENTS = 10_000;
const MOST_UNITS = 1_000_000_000;
const MOST_UNIT_PRICE = 1_000_000_000;
const MOST_SUNK = 1_000_000_000_000;

/** Commitments from their file, parsed as JSON: `[{name, units, unitPriceMicroUsdPerHour, sunkMicroUsdPerHour, types: [{type, units}]}]`. */
export function readCommitments(
  commitments: unknown,
  types: readonly CaseType[],
): Result<readonly Commitment[], CaseFault[]> {
  const faults = new CaseFaults();
  const known = new Set(types.map(({ name }) => name));
  const takenBy = new Map<string, string>();
  const read = readList(
    commitments,
    "commitments",
    MOST_COMMITMENTS,
    (fields): Commitment => {
      const name = fields.name("name");
      return {
        name,
        units: fields.whole("units", 0, MOST_UNITS),
        unitPriceMicroUsdPerHour: fields.wholeOrZero("unitPriceMicroUsdPerHour", MOST_UNIT_PRICE),
        sunkMicroUsdPerHour: fields.wholeOrZero("sunkMicroUsdPerHour", MOST_SUNK),
        unitsOf: readTakers(fields, name, known, takenBy, faults),
      };
    },
    faults,
    "name",
  );
  return faults.any ? err(faults.list()) : ok(read);
}

function readTakers(
  fields: Fields,
  commitment: string,
  known: ReadonlySet<string>,
  takenBy: Map<string, string>,
  faults: CaseFaults,
): ReadonlyMap<string, number> {
  const unitsOf = new Map<string, number>();
  for (const [index, entry] of fields.list("types").entries()) {
    const path = `${fields.path}.types[${index}]`;
    if (typeof entry !== "object" || entry === null) {
      faults.add(path, "must be an object");
      continue;
    }
    const taker = new Fields(path, entry as Readonly<Record<string, unknown>>, faults);
    const type = taker.name("type");
    const units = taker.whole("units", 1, MOST_UNITS);
    const by = takenBy.get(type);
    if (type !== "" && !known.has(type)) taker.fault("type", `must be a type of the case, not ${JSON.stringify(type)}`);
    if (by !== undefined) taker.fault("type", `must be in one commitment: ${JSON.stringify(by)} has it`);
    takenBy.set(type, commitment);
    unitsOf.set(type, units);
  }
  return unitsOf;
}

/** The lower of a type's two prices: its own, and what its units cost in use and are worth. Whole micro-dollars an hour. */
export function lowerPrice(type: CaseType, commitments: readonly ValuedCommitment[]): number {
  const by = commitments.find(({ unitsOf }) => unitsOf.has(type.name));
  if (by === undefined) return type.priceMicroUsdPerHour;
  const unit = by.unitPriceMicroUsdPerHour + by.valueMicroUsdPerHour;
  return Math.min(type.priceMicroUsdPerHour, unit * (by.unitsOf.get(type.name) as number));
}

/** What a fleet costs an hour where some of it is paid for. */
export interface CommittedCost {
  /** Without any commitment. */
  readonly listMicroUsdPerHour: number;
  /** Beyond what is paid for already. */
  readonly marginalMicroUsdPerHour: number;
  readonly sunkMicroUsdPerHour: number;
  /** In the order of the commitments. */
  readonly unitsUsed: readonly number[];
}

/** Units go where they save most; rounded so that the cost is never told too low. O(types x log types). */
export function costWithCommitments(
  plan: readonly Pick<PlanNode, "type" | "priceMicroUsdPerHour">[],
  commitments: readonly Commitment[],
): CommittedCost {
  const machines = new Map<string, { count: number; price: number }>();
  for (const { type, priceMicroUsdPerHour: price } of plan) {
    const known = machines.get(type);
    if (known === undefined) machines.set(type, { count: 1, price });
    else known.count += 1;
  }
  let list = 0;
  for (const { count, price } of machines.values()) list += count * price;
  let saved = 0;
  const unitsUsed = commitments.map(({ units, unitPriceMicroUsdPerHour, unitsOf }) => {
    const takers = [...unitsOf]
      .map(([type, each]) => ({ each, ...(machines.get(type) ?? { count: 0, price: 0 }) }))
      .map((taker) => ({ ...taker, saving: taker.price / taker.each - unitPriceMicroUsdPerHour }))
      .filter(({ count, saving }) => count > 0 && saving > 0)
      .sort((a, b) => b.saving - a.saving);
    let left = units;
    for (const { each, count, price } of takers) {
      const used = Math.min(left, each * count);
      saved += Math.floor((used * price) / each) - used * unitPriceMicroUsdPerHour;
      left -= used;
    }
    return units - left;
  });
  return {
    listMicroUsdPerHour: list,
    marginalMicroUsdPerHour: list - saved,
    sunkMicroUsdPerHour: commitments.reduce((sum, { sunkMicroUsdPerHour }) => sum + sunkMicroUsdPerHour, 0),
    unitsUsed,
  };
}
