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

/**
 * A metal size counts as the virtual size of its family that is as large, which is the largest one; where that is not in its name,
 * it is listed here: AWS's own list (EC2 user guide of 2026), and after it what follows from that rule and from the two
 * sizes' equal prices.
 */
const QUARTER_UNITS_OF_METAL: Readonly<Record<string, number>> = {
  a1: 128,
  m5zn: 384,
  x2iezn: 384,
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
  c6i: 1_024,
  c6id: 1_024,
  m6i: 1_024,
  m6id: 1_024,
  r6id: 1_024,
  "u-18tb1": 1_792,
  "u-24tb1": 1_792,
  "u-6tb1": 3_584,
  "u-9tb1": 3_584,
  "u-12tb1": 3_584,

  c6gn: 512,
  c7g: 512,
  c7gd: 512,
  c7gn: 512,
  g5g: 512,
  m7g: 512,
  m7gd: 512,
  r7g: 512,
  r7gd: 512,
  g4dn: 768,
  c6in: 1_024,
  i4i: 1_024,
  m6idn: 1_024,
  m6in: 1_024,
  r6i: 1_024,
  r6idn: 1_024,
  r6in: 1_024,
  x2idn: 1_024,
  x2iedn: 1_024,
  c6a: 1_536,
  m6a: 1_536,
  r6a: 1_536,
};

/** Reserved instances of these families cover their own size alone (EC2 user guide of 2026, limitations of size flexibility). */
export const FAMILIES_OF_FIXED_SIZE: ReadonlySet<string> = new Set([
  "g4ad",
  "g4dn",
  "g5",
  "g5g",
  "g6",
  "g6e",
  "g6f",
  "gr6",
  "gr6f",
  "hpc7a",
  "inf1",
  "inf2",
  "p5",
  "u7i-6tb",
  "u7i-8tb",
]);

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
  if (size === "metal") return ownOf(QUARTER_UNITS_OF_METAL, family);
  const virtual = size.startsWith("metal-") ? size.slice("metal-".length).replace(/xl$/, "xlarge") : size;
  const times = /^([1-9]\d{0,2})xlarge$/.exec(virtual);
  return times === null ? ownOf(QUARTER_UNITS_OF_SIZE, virtual) : Number(times[1]) * QUARTER_UNITS_OF_X;
}

/** `constructor` is a legal size: what every object has is none of ours. */
function ownOf(factors: Readonly<Record<string, number>>, name: string): number | undefined {
  return Object.hasOwn(factors, name) ? factors[name] : undefined;
}
