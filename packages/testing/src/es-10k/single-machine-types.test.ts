import { expect, test } from "vitest";
import { es10k } from "./es-10k.ts";
import { caseTypes, singleMachineTypes } from "./single-machine-types.ts";

const pool = es10k(1, { instances: 1 }).types;
const names = (types: readonly { name: string }[]) => types.map((type) => type.name);

test("with the cap of the reference case the overheads are those of its generator, to the MiB and the micro-dollar", () => {
  const [{ instances: cap, zones }] = pool as [(typeof pool)[number]];
  expect(caseTypes(names(pool), { cap, zones })).toEqual(pool);
});

test("one machine each may be any type of the pool or a smaller size of a family of it, and no other", () => {
  const larges = ["m5", "m6i", "m6a", "m7i", "r6i", "r6a", "r7i", "c6i", "c6a", "c7i"].map(
    (family) => `${family}.large`,
  );
  expect(names(singleMachineTypes(pool)).sort()).toEqual([...names(pool), ...larges].sort());
});

test("burstable types come on top, but for those with less memory than the system takes", () => {
  const without = new Set(names(singleMachineTypes(pool)));
  const added = names(singleMachineTypes(pool, { burstable: true })).filter((name) => !without.has(name));
  const sizes = ["small", "medium", "large", "xlarge", "2xlarge"];
  expect(added.sort()).toEqual(["t3", "t3a"].flatMap((family) => sizes.map((size) => `${family}.${size}`)).sort());
});

test("a machine for one instance has 7 pods: m5.large leaves 1,630 mCPU and 6,545 MiB", () => {
  expect(singleMachineTypes(pool).find((type) => type.name === "m5.large")).toMatchObject({
    priceMicroUsdPerHour: 96_000,
    cpuMilli: 2000 - 60 - 10 - 300,
    memoryMib: 8192 - 615 - 255 - 77 - 100 - 600,
    volumes: 25,
    instances: 1,
    zones: ["us-east-1a", "us-east-1b", "us-east-1c"],
  });
});
