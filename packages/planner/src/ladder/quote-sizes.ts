import type { PlanFamily } from "./planning-case.ts";

/** Units of a family in as few instances as its sizes allow, as the quota of purchases counts instances: the largest first. */
export function quoteSizes(
  { sizes }: PlanFamily,
  units: number,
): readonly { readonly machineType: string; readonly instances: number }[] {
  let left = units;
  return sizes.flatMap(({ machineType, units: each }) => {
    const instances = Math.floor(left / each);
    left -= instances * each;
    return instances === 0 ? [] : [{ machineType, instances }];
  });
}
