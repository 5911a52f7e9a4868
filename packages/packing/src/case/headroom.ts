import { type CaseFault, CaseFaults, err, ok, type Result, readList } from "@berth/domain";
import type { CaseInstance, PackingCase } from "./packing-case.ts";
import { readZone } from "./zone-fields.ts";

/** Room that a zone keeps for what is to come: so many instances of a size. */
export interface CaseHeadroom {
  readonly name: string;
  readonly zone: string;
  readonly instances: number;
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly volumes: number;
}

const MOST_ENTRIES = 10_000;
const MOST_INSTANCES = 100_000;
const MOST_AMOUNT = 1_000_000_000;
const MOST_VOLUMES = 1_000_000;

/** Headroom from its file, parsed as JSON: `[{name, zone, instances, cpuMilli, memoryMib, volumes}]`. */
export function readHeadroom(headroom: unknown, { types }: PackingCase): Result<readonly CaseHeadroom[], CaseFault[]> {
  const faults = new CaseFaults();
  const zones = new Set(types.flatMap((type) => type.zones));
  const read = readList(
    headroom,
    "headroom",
    MOST_ENTRIES,
    (fields): CaseHeadroom => ({
      name: fields.name("name"),
      zone: readZone(fields, zones)[0] ?? "",
      instances: fields.whole("instances", 0, MOST_INSTANCES),
      cpuMilli: fields.whole("cpuMilli", 0, MOST_AMOUNT),
      memoryMib: fields.whole("memoryMib", 0, MOST_AMOUNT),
      volumes: fields.whole("volumes", 0, MOST_VOLUMES),
    }),
    faults,
    "name",
  );
  return faults.any ? err(faults.list()) : ok(read);
}

/**
 * Phantom instances, of no cluster and no tenant, that keep the room: part of what is planned and of what the bound counts
 * alike. A name that an instance of the case has cannot come up, as theirs have a slash and a number at the end.
 */
export function phantomsOf(headroom: readonly CaseHeadroom[]): CaseInstance[] {
  return headroom.flatMap(({ name, zone, instances, cpuMilli, memoryMib, volumes }) =>
    Array.from({ length: instances }, (_, index) => ({
      name: `headroom/${name}/${index}`,
      cluster: undefined,
      tenant: undefined,
      cpuMilli,
      memoryMib,
      volumes,
      zones: [zone],
    })),
  );
}
