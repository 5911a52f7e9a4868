import type { CaseFaults } from "@berth/domain";
import type { CaseInstance, CaseType } from "./packing-case.ts";

const DIMENSIONS = [
  ["cpuMilli", "mCPU"],
  ["memoryMib", "MiB of memory"],
  ["volumes", "volumes"],
] as const;

/** Names each instance that no type holds in any zone where it may go, and what it lacks there. */
export function fitFaults(types: readonly CaseType[], instances: readonly CaseInstance[], faults: CaseFaults): void {
  const lacks = new Map<string, string | undefined>();
  for (const [index, instance] of instances.entries()) {
    const { cpuMilli, memoryMib, volumes, zones } = instance;
    const key = JSON.stringify([cpuMilli, memoryMib, volumes, zones]);
    if (!lacks.has(key)) lacks.set(key, lackOf(types, instance));
    const lack = lacks.get(key);
    if (lack !== undefined) {
      faults.add(
        `instances[${index}]`,
        `(${JSON.stringify(instance.name)}) must fit a type in one of its zones: ${lack}`,
      );
    }
  }
}

/** Of the types that are sold in a zone of the instance; undefined when one of them holds it. */
function lackOf(types: readonly CaseType[], instance: CaseInstance): string | undefined {
  const sold = types.filter((type) => type.zones.some((zone) => instance.zones.includes(zone)));
  if (sold.some((type) => DIMENSIONS.every(([dimension]) => instance[dimension] <= type[dimension]))) return;
  const beyondAll = DIMENSIONS.flatMap(([dimension, unit]) => {
    const most = sold.reduce((largest, type) => Math.max(largest, type[dimension]), 0);
    return instance[dimension] > most ? [`it wants ${instance[dimension]} ${unit}, the largest has ${most}`] : [];
  });
  const wants = DIMENSIONS.map(([dimension, unit]) => `${instance[dimension]} ${unit}`).join(", ");
  return beyondAll.length > 0 ? beyondAll.join("; ") : `none has ${wants} at once`;
}
