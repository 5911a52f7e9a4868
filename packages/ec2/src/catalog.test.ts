import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadCatalog, microUsdOf } from "./catalog.ts";

const folder = fileURLToPath(new URL("../../../data/aws/", import.meta.url));

describe("microUsdOf", () => {
  it("keeps every digit", () => {
    const price = fc.tuple(fc.integer({ min: 0, max: 999 }), fc.integer({ min: 0, max: 999_999 }));
    fc.assert(
      fc.property(price, ([dollars, micros]) => {
        const text = `${dollars}.${String(micros).padStart(6, "0")}`;
        expect(microUsdOf(text)).toBe(dollars * 1_000_000 + micros);
        // Through a JSON number and back, as the catalogue is read.
        expect(microUsdOf(String(Number(text)))).toBe(dollars * 1_000_000 + micros);
      }),
    );
  });

  it.each([
    ["0.0042", 4200],
    ["0.192", 192_000],
    ["12", 12_000_000],
    ["1e-6", 1],
    ["1.5e3", 1_500_000_000],
    ["0.12345600", 123_456],
  ])("reads %s as %i", (text, micro) => expect(microUsdOf(text)).toBe(micro));

  it.each(["0.0000001", "-1", "", "1.2.3", "NaN", "99999999999999999999"])("refuses %j", (text) => {
    expect(() => microUsdOf(text)).toThrow(RangeError);
  });
});

describe("the catalogue of AWS", () => {
  it("has the rows asked for, in that order, and names what is missing", async () => {
    const catalog = await loadCatalog(folder);
    expect(catalog.rows("us-east-1", ["m7i.2xlarge", "m5.large", "m9z.large"])).toEqual({
      rows: [
        {
          machineType: "m7i.2xlarge",
          vcpu: 8,
          memoryMib: 32_768,
          ebsVolumeLimit: 32,
          ebsVolumeLimitType: "dedicated",
          architecture: "x86_64",
          priceMicroUsdPerHour: 403_200,
        },
        {
          machineType: "m5.large",
          vcpu: 2,
          memoryMib: 8192,
          ebsVolumeLimit: 27,
          ebsVolumeLimitType: "shared",
          architecture: "x86_64",
          priceMicroUsdPerHour: 96_000,
        },
      ],
      missing: ["m9z.large"],
    });
  });

  it("prices every row of every region exactly", async () => {
    const catalog = await loadCatalog(folder);
    const counts = catalog.regions().map((region) => catalog.rows(region).rows.length);
    expect(counts.length).toBeGreaterThan(30);
    expect(Math.min(...counts)).toBeGreaterThan(50);
  });

  it("knows nothing of a region that is not there", async () => {
    expect((await loadCatalog(folder)).rows("mars-1", ["m5.large"])).toEqual({ rows: [], missing: ["m5.large"] });
  });
});
