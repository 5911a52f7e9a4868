import { expect, test } from "vitest";
import { caseOf, randomCase } from "../testing/random-case.ts";
import { phantomsOf, readHeadroom } from "./headroom.ts";

const packingCase = caseOf(randomCase(1));
const zone = packingCase.types[0]?.zones[0];
const spare = { name: "spare", zone, instances: 2, cpuMilli: 500, memoryMib: 1_024, volumes: 1 };

test("headroom is so many phantom instances of its zone, of no cluster and no tenant", () => {
  const read = readHeadroom([spare], packingCase);
  expect(read.ok && phantomsOf(read.value)).toEqual(
    [0, 1].map((index) => ({
      name: `headroom/spare/${index}`,
      cluster: undefined,
      tenant: undefined,
      cpuMilli: 500,
      memoryMib: 1_024,
      volumes: 1,
      zones: [zone],
    })),
  );
});

test("headroom is refused with the field's name: a zone that no type has, a count below 0", () => {
  const read = readHeadroom([{ ...spare, zone: "nowhere", instances: -1 }], packingCase);
  expect(read.ok ? [] : read.error.map(({ field }) => field)).toEqual(["headroom[0].zone", "headroom[0].instances"]);
});
