import { type At, countOf, FormatError, field, has, itemsOf, stringOf, wholeOf } from "./fields.ts";
import type { ReadType } from "./read-case.ts";
import { readJson } from "./read-json.ts";

/** Units that are paid for already: while there are any left, a machine of a type costs `unitPrice` for each that it takes. */
export interface ReadCommitment {
  readonly name: string;
  readonly units: number;
  /** Micro-dollars an hour for a unit in use. */
  readonly unitPriceMicroUsdPerHour: number;
  /** By type, the units that one machine takes. */
  readonly unitsOf: ReadonlyMap<string, number>;
}

/** Reads commitments.json. A type is in one of them at most. Throws FormatError or JsonError. */
export function readCommitments(text: string, types: readonly ReadType[]): readonly ReadCommitment[] {
  const known = new Set(types.map(({ name }) => name));
  const seen = new Set<string>();
  const names = new Set<string>();
  return itemsOf({ value: readJson(text), place: "commitments.json " }).map((row) => {
    const name = stringOf(field(row, "name"));
    if (names.has(name)) throw new FormatError(`${row.place}.name is there twice: ${name}`);
    names.add(name);
    const unitsOf = new Map(itemsOf(field(row, "types")).map((at) => readTaker(at, known, seen)));
    return {
      name,
      units: countOf(field(row, "units")),
      unitPriceMicroUsdPerHour: has(row, "unitPriceMicroUsdPerHour")
        ? wholeOf(field(row, "unitPriceMicroUsdPerHour"))
        : 0,
      unitsOf,
    };
  });
}

function readTaker(at: At, known: ReadonlySet<string>, seen: Set<string>): readonly [string, number] {
  const type = stringOf(field(at, "type"));
  if (!known.has(type)) throw new FormatError(`${at.place}.type is no type of types.json: ${type}`);
  if (seen.has(type)) throw new FormatError(`${at.place}.type is in a commitment already: ${type}`);
  seen.add(type);
  const units = countOf(field(at, "units"));
  if (units === 0) throw new FormatError(`${at.place}.units is 0`);
  return [type, units];
}
