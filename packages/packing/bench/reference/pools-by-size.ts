import type { CaseType } from "../../src/index.ts";

/**
 * A node pool a size, the smallest first: how an experienced operator sets Karpenter up, since a claim that cannot grow stays
 * cheap. By names of types, and as the sizes that peers' harnesses take: `xlarge;2xlarge`.
 */
export function poolsBySize(types: readonly CaseType[]): { names: readonly (readonly string[])[]; sizes: string } {
  const leastCpu = new Map<string, number>();
  for (const type of types) {
    const size = sizeOf(type);
    leastCpu.set(size, Math.min(type.cpuMilli, leastCpu.get(size) ?? Number.POSITIVE_INFINITY));
  }
  const sizes = [...leastCpu].sort(([, a], [, b]) => a - b).map(([size]) => size);
  const names = sizes.map((size) => types.filter((type) => sizeOf(type) === size).map((type) => type.name));
  return { names, sizes: sizes.join(";") };
}

const sizeOf = ({ name }: CaseType): string => name.slice(name.indexOf(".") + 1);
