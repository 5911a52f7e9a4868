import { addCopies, type CellTable, type Copies, copiesThatFit, isExact, passesOf, type Shape } from "./cell-table.ts";
import type { ClaimedClass, ClaimedOffer, RelaxedProof, Unit } from "./read-certificate.ts";

export interface RelaxedOffer extends ClaimedOffer {
  readonly proof: RelaxedProof;
}

export type Relaxation = bigint | "amounts_too_large" | "proof_too_long";

/** A table of 256 MiB. */
const MOST_CELLS = 2 ** 25;
/** Some 10 seconds. */
const MOST_STEPS = 2 ** 33;

/**
 * The relaxation of each offer, in the order given: what its capacities are worth at the multipliers, and the most of a
 * knapsack of the classes at their duals less what their sizes are worth. All are offers of one zone, `classes` those that
 * may go there. No set that fits is worth more: its worth is that of the capacity it takes plus what its members are worth
 * beyond, and floor(a) + floor(b) <= floor(a + b), so that what fits the offer fits the knapsack.
 *
 * One table serves all offers with the same multipliers and units.
 */
export function relaxationsOf(
  offers: readonly RelaxedOffer[],
  classes: readonly ClaimedClass[],
): readonly Relaxation[] {
  const together = new Map<string, RelaxedOffer[]>();
  for (const offer of offers) {
    const key = tableKey(offer.proof);
    const group = together.get(key);
    if (group === undefined) together.set(key, [offer]);
    else group.push(offer);
  }
  const values = new Map<RelaxedOffer, Relaxation>();
  for (const group of together.values()) {
    const mostOf = tableFor(group, classes);
    for (const offer of group) {
      values.set(offer, typeof mostOf === "string" ? mostOf : worthOfCapacity(offer) + mostOf(offer));
    }
  }
  return offers.map((offer) => values.get(offer) ?? "proof_too_long");
}

function tableKey({ multipliers, cpuUnitMilli, memoryUnitMib }: RelaxedProof): string {
  const { cpuMilli, memoryMib, volumes, instances } = multipliers;
  const units = [cpuUnitMilli, memoryUnitMib].map((unit) => unit && [unit.numerator, unit.denominator]);
  return JSON.stringify([[cpuMilli, memoryMib, volumes, instances].map(String), units]);
}

/** The knapsack's most for each of some offers with equal multipliers and units, or why there is no table of it. */
function tableFor(
  group: readonly RelaxedOffer[],
  classes: readonly ClaimedClass[],
): ((offer: RelaxedOffer) => bigint) | "amounts_too_large" | "proof_too_long" {
  const rowOf = ({ cpuMilli, proof }: RelaxedOffer) => inUnits(cpuMilli, proof.cpuUnitMilli);
  const columnOf = ({ memoryMib, proof }: RelaxedOffer) => inUnits(memoryMib, proof.memoryUnitMib);
  const lastRow = largest(group.map(rowOf));
  const lastColumn = largest(group.map(columnOf));
  const things = group
    .slice(0, 1)
    .flatMap(({ proof }) => thingsOf(classes, proof))
    .filter(({ rows, columns }) => rows <= lastRow && columns <= lastColumn);
  if (things.some(({ value }) => value > Number.MAX_SAFE_INTEGER)) return "amounts_too_large";

  const rowStep = greatestCommonDivisor(things.map(({ rows }) => rows));
  const columnStep = greatestCommonDivisor(things.map(({ columns }) => columns));
  const cells = (lastRow / rowStep + 1n) * (lastColumn / columnStep + 1n);
  if (cells > MOST_CELLS) return "proof_too_long";
  const shape = { rows: Number(lastRow / rowStep + 1n), slots: 1, columns: Number(lastColumn / columnStep + 1n) };
  const inSteps = things.map(({ rows, columns, value, copies }) => ({
    rows: Number(rows / rowStep),
    slots: 0,
    columns: Number(columns / columnStep),
    value: Number(value),
    copies,
  }));
  const kept = dropUseless(inSteps, shape);
  if (!isExact(kept)) return "amounts_too_large";
  const passes = kept.reduce((sum, thing) => sum + passesOf(shape, thing), 0);
  if (passes * Number(cells) > MOST_STEPS) return "proof_too_long";

  const table: CellTable = { ...shape, most: new Float64Array(Number(cells)) };
  for (const thing of kept) addCopies(table, thing);
  return (offer) => {
    const row = Number(rowOf(offer) / rowStep);
    const column = Number(columnOf(offer) / columnStep);
    return BigInt(table.most[row * table.columns + column] as number);
  };
}

function worthOfCapacity({ cpuMilli, memoryMib, volumes, instances, proof: { multipliers } }: RelaxedOffer): bigint {
  return (
    multipliers.cpuMilli * BigInt(cpuMilli) +
    multipliers.memoryMib * BigInt(memoryMib) +
    multipliers.volumes * BigInt(volumes) +
    multipliers.instances * BigInt(instances)
  );
}

/** Sizes in units, and what an instance is worth beyond its sizes; classes that are worth nothing beyond are left out. */
function thingsOf(classes: readonly ClaimedClass[], { multipliers, cpuUnitMilli, memoryUnitMib }: RelaxedProof) {
  return classes
    .map(({ cpuMilli, memoryMib, volumes, demand, dual }) => ({
      rows: inUnits(cpuMilli, cpuUnitMilli),
      columns: inUnits(memoryMib, memoryUnitMib),
      value:
        dual -
        multipliers.cpuMilli * BigInt(cpuMilli) -
        multipliers.memoryMib * BigInt(memoryMib) -
        multipliers.volumes * BigInt(volumes) -
        multipliers.instances,
      copies: demand,
    }))
    .filter(({ value }) => value > 0n);
}

/** Of things of equal sizes the dearest go first, and no more are kept in all than the table holds. */
function dropUseless(things: readonly Copies[], shape: Shape): readonly Copies[] {
  const left = new Map<string, number>();
  return [...things]
    .sort((a, b) => b.value - a.value)
    .flatMap((thing) => {
      const key = `${thing.rows}/${thing.columns}`;
      const room = left.get(key) ?? copiesThatFit(shape, thing);
      const copies = Math.min(thing.copies, room);
      left.set(key, room - copies);
      return copies > 0 ? [{ ...thing, copies }] : [];
    });
}

/** floor(amount / unit); nothing where the dimension is left out. */
function inUnits(amount: number, unit: Unit | undefined): bigint {
  return unit === undefined ? 0n : (BigInt(amount) * BigInt(unit.denominator)) / BigInt(unit.numerator);
}

function largest(values: readonly bigint[]): bigint {
  let most = 0n;
  for (const value of values) if (value > most) most = value;
  return most;
}

/** 1 for none or zeros alone. Sums of multiples are multiples: a table needs no cells between. */
function greatestCommonDivisor(values: readonly bigint[]): bigint {
  let divisor = 0n;
  for (const value of values) {
    for (let rest = value; rest > 0n; ) [divisor, rest] = [rest, divisor % rest];
  }
  return divisor === 0n ? 1n : divisor;
}
