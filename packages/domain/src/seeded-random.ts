/** Numbers that look like chance and are the same for the same seed. */
export interface SeededRandom {
  /** At least 0 and below 1. */
  fraction(): number;
  /** At least 0 and below `below`. */
  integer(below: number): number;
  chance(percent: number): boolean;
  pick<T>(of: readonly T[]): T;
}

/** A Weyl sequence of 32 bits, scrambled by two multiplications. */
export function seededRandom(seed: number): SeededRandom {
  let state = seed | 0;
  const next = () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
  const fraction = () => next() / 2 ** 32;
  const integer = (below: number) => Math.floor(fraction() * below);
  return {
    fraction,
    integer,
    chance: (percent) => integer(100) < percent,
    pick: (of) => {
      const one = of[integer(of.length)];
      if (one === undefined) throw new Error("there is nothing to pick from");
      return one;
    },
  };
}
