import { seededRandom } from "@berth/domain";
import type { PackingCase } from "../case/packing-case.ts";
import { readCase } from "../case/read-case.ts";

const ZONES = ["a", "b", "c"];

/** Types and instances of a random small fleet, as the files have them. */
export function randomCase(seed: number): { types: unknown[]; instances: unknown[] } {
  const random = seededRandom(seed);
  const zones = ZONES.slice(0, 1 + random.integer(3));
  const anySize = random.fraction() < 0.3;
  const types = Array.from({ length: 2 + random.integer(6) }, (_, index) => {
    const scale = 1 + random.integer(8);
    return {
      name: `t${index}`,
      priceMicroUsdPerHour: 40_000 * scale + random.integer(9_000),
      cpuMilli: 2_000 * scale,
      memoryMib: 4_096 * (1 + random.integer(3)) * scale,
      volumes: 3 + random.integer(25),
      instances: 4 + random.integer(12),
      zones: index === 0 || random.fraction() < 0.7 ? zones : [zones[random.integer(zones.length)] as string],
    };
  });
  // Whatever an instance wants, one type holds it everywhere.
  types.push({
    name: "largest",
    priceMicroUsdPerHour: 900_000,
    cpuMilli: 32_000,
    memoryMib: 131_072,
    volumes: 27,
    instances: 16,
    zones,
  });
  const instances: unknown[] = [];
  for (let cluster = 0; cluster < 4 + random.integer(20); cluster++) {
    const memoryMib = anySize ? 100 + random.integer(20_000) : 1_024 * 2 ** random.integer(5);
    const cpuMilli = anySize ? 50 + random.integer(3_000) : Math.ceil(memoryMib / (2 + random.integer(5)));
    const volumes = 1 + random.integer(3);
    const chooses = random.fraction() < 0.3;
    const size = 1 + random.integer(4);
    for (let ordinal = 0; ordinal < size; ordinal++) {
      instances.push({
        name: `c${cluster}-${ordinal}`,
        cluster: `c${cluster}`,
        tenant: `o${random.integer(5)}`,
        cpuMilli,
        memoryMib,
        volumes,
        ...(chooses ? { zones } : { zone: zones[ordinal % zones.length] }),
      });
    }
  }
  return { types, instances };
}

export function caseOf(files: { types: unknown; instances: unknown }): PackingCase {
  const read = readCase(files.types, files.instances);
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  return read.value;
}
