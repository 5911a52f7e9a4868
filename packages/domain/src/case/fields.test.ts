import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CaseFaults } from "./case-fault.ts";
import { Fields, readList } from "./fields.ts";

function read<T>(record: Record<string, unknown>, of: (fields: Fields) => T) {
  const faults = new CaseFaults();
  const value = of(new Fields("a", record, faults));
  return { value, faults: faults.list().map(({ field, rule }) => `${field} ${rule}`) };
}

const decimal = (value: unknown) => read({ b: value }, (fields) => fields.decimal("b", 12, "0", "5000000"));

describe("fields of a case", () => {
  it.each([
    [0.1, 100_000_000_000n],
    [0.00001275, 12_750_000n],
    [1.275e-5, 12_750_000n],
    [1e-12, 1n],
    [5_000_000, 5_000_000_000_000_000_000n],
    [0, 0n],
    [-0, 0n],
  ])("are exact decimals: %d", (value, scaled) => {
    expect(decimal(value)).toEqual({ value: scaled, faults: [] });
  });

  it("of up to twelve places are what their digits say", () => {
    fc.assert(
      fc.property(fc.nat(4_999), fc.nat(999_999_999), (whole, nano) => {
        const text = `${whole}.${String(nano).padStart(9, "0")}`;
        expect(decimal(Number(text)).value).toBe(BigInt(whole) * 10n ** 12n + BigInt(nano) * 1_000n);
      }),
    );
  });

  it.each([
    [-1, "a.b must be a number from 0 to 5000000, not -1"],
    [5_000_001, "a.b must be a number from 0 to 5000000, not 5000001"],
    [Number("1e999"), "a.b must be a number from 0 to 5000000, not Infinity"],
    [1e-13, "a.b must have at most 12 decimal places, not 1e-13"],
    ["1", 'a.b must be a number from 0 to 5000000, not "1"'],
    [null, "a.b must be a number from 0 to 5000000, not null"],
    [undefined, "a.b must be a number from 0 to 5000000, not undefined"],
  ])("refuse %s as a decimal, and name what stands there", (value, fault) => {
    expect(decimal(value).faults).toEqual([fault]);
  });

  it("that nobody asked for are faults, with those that there are", () => {
    expect(read({ b: 1, c: 2, toString: 3 }, (fields) => fields.only(["b"])).faults).toEqual([
      "a.c is no field here: there are b",
      "a.toString is no field here: there are b",
    ]);
  });

  it("that are one of some texts are told them", () => {
    expect(read({ b: "y" }, (fields) => fields.oneOf("b", ["x", "y"]))).toEqual({ value: "y", faults: [] });
    expect(read({ b: "z" }, (fields) => fields.oneOf("b", ["x", "y"])).faults).toEqual([
      'a.b must be one of x, y, not "z"',
    ]);
    expect(read({}, (fields) => fields.oneOf("b", ["x", "y"])).faults).toEqual([
      "a.b must be one of x, y and is missing",
    ]);
  });

  it("may repeat a text unless it is the one that tells entries apart", () => {
    const list = [{ id: "x" }, { id: "x" }];
    const faultsWith = (unique?: "id") => {
      const faults = new CaseFaults();
      readList(list, "l", 9, (fields) => ({ id: fields.name("id") }), faults, unique);
      return faults.list();
    };
    expect(faultsWith()).toEqual([]);
    expect(faultsWith("id")).toEqual([{ field: "l[1].id", rule: 'must be unique: l[0] is "x" too' }]);
  });
});
