/**
 * Normalization factors in quarter units, so that all are whole numbers: nano 1, micro 2, small 4, medium 8, large 16,
 * xlarge 32, and 32 for each x beyond (EC2 user guide, instance size flexibility; data/aws/normalization-factors.json).
 */
const QUARTER_UNITS_OF_SIZE: Readonly<Record<string, number>> = {
  nano: 1,
  micro: 2,
  small: 4,
  medium: 8,
  large: 16,
  xlarge: 32,
};
const QUARTER_UNITS_OF_X = 32;

/** A metal size counts as the largest virtual size of its family; where that is not in its name, it is listed here. */
const QUARTER_UNITS_OF_METAL: Readonly<Record<string, number>> = {
  a1: 128,
  m5zn: 384,
  z1d: 384,
  c6g: 512,
  c6gd: 512,
  i3: 512,
  m6g: 512,
  m6gd: 512,
  r6g: 512,
  r6gd: 512,
  x2gd: 512,
  c5n: 576,
  c5: 768,
  c5d: 768,
  i3en: 768,
  m5: 768,
  m5d: 768,
  m5dn: 768,
  m5n: 768,
  r5: 768,
  r5b: 768,
  r5d: 768,
  r5dn: 768,
  r5n: 768,
};
const QUARTER_UNITS_OF_U_METAL = 3_584;

/** Reserved instances of these families cover their own size alone (EC2 user guide, limitations of size flexibility). */
export const FAMILIES_OF_FIXED_SIZE: ReadonlySet<string> = new Set(["g4ad", "g4dn", "g5", "g5g", "inf1"]);

export interface TypeName {
  readonly family: string;
  readonly size: string;
}

/** `m7i.2xlarge` as its family and size; undefined for what is no machine type. */
export function familyAndSize(machineType: string): TypeName | undefined {
  const match = /^([a-z][a-z0-9-]*)\.([a-z0-9-]+)$/.exec(machineType);
  return match === null ? undefined : { family: match[1] as string, size: match[2] as string };
}

/** Quarter units of one machine, or undefined for a size that has no factor. */
export function quarterUnits(machineType: string): number | undefined {
  const name = familyAndSize(machineType);
  if (name === undefined) return undefined;
  const { family, size } = name;
  if (size === "metal") return family.startsWith("u-") ? QUARTER_UNITS_OF_U_METAL : QUARTER_UNITS_OF_METAL[family];
  const virtual = size.startsWith("metal-") ? size.slice("metal-".length).replace(/xl$/, "xlarge") : size;
  const times = /^([1-9]\d{0,2})xlarge$/.exec(virtual);
  return times === null ? QUARTER_UNITS_OF_SIZE[virtual] : Number(times[1]) * QUARTER_UNITS_OF_X;
}
