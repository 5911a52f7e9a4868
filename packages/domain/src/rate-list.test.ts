import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { microUsdFromAmount } from "./money.ts";
import { readRateList } from "./rate-list.ts";

const PRICES = new Map([["m7i.large", 100_800]]);
const reserved = (line: string) => readRateList(line, "reserved_instances", PRICES);
const plan = (line: string) => readRateList(line, "compute_savings_plan", PRICES);

describe("a list of rates", () => {
  it("of reserved instances has what is paid at the start and an hour, in the list's order", () => {
    expect(
      reserved("m7i.large 1y standard no_upfront 0 0.06668\n\nm7i.large 3y convertible all_upfront 1200 0\n"),
    ).toEqual({
      ok: true,
      value: [
        {
          machineType: "m7i.large",
          term: "1y",
          offeringClass: "standard",
          paymentOption: "no_upfront",
          upfrontMicroUsd: 0,
          hourlyMicroUsd: 66_680,
        },
        {
          machineType: "m7i.large",
          term: "3y",
          offeringClass: "convertible",
          paymentOption: "all_upfront",
          upfrontMicroUsd: 1_200_000_000,
          hourlyMicroUsd: 0,
        },
      ],
    });
  });

  it("of a savings plan has a rate, whatever is paid at the start", () => {
    expect(plan("m7i.large 3y all_upfront 0.05")).toMatchObject({
      ok: true,
      value: [{ offeringClass: null, paymentOption: "all_upfront", upfrontMicroUsd: 0, hourlyMicroUsd: 50_000 }],
    });
  });

  it("says of a rate that it is an estimate, where the last word is that", () => {
    const read = (line: string) => {
      const { ok, value } = { value: [], ...reserved(line) };
      return ok && value.map(({ isEstimate }) => isEstimate);
    };
    expect(
      read("m7i.large 1y standard no_upfront 0 0.06668 estimate\nm7i.large 3y standard no_upfront 0 0.05"),
    ).toEqual([true, undefined]);
    expect(plan("m7i.large 1y no_upfront 0.0726 estimate")).toMatchObject({ value: [{ isEstimate: true }] });
    for (const line of ["m7i.large 1y standard no_upfront 0 0.06 real", "m7i.large 1y standard no_upfront 0 estimate"])
      expect(reserved(line)).toMatchObject({ error: [{ rule: "malformed_line" }] });
  });

  it.each([
    ["m7i.large", "malformed_line"],
    ["m7i.large 2y standard no_upfront 0 0.06", "malformed_line"],
    ["m7i.large 1y light no_upfront 0 0.06", "malformed_line"],
    ["m7i.large 1y standard monthly 0 0.06", "malformed_line"],
    ["m7i.large 1y standard no_upfront 0", "malformed_line"],
    ["M7I.large 1y standard no_upfront 0 0.06", "malformed_line"],
    ["m7i.large 1y standard no_upfront 0 0.0666885", "not_a_price"],
    ["m7i.large 1y standard no_upfront 0 NaN", "not_a_price"],
    ["m7i.large 1y standard no_upfront Infinity 0.06", "not_a_price"],
    ["m7i.large 1y standard no_upfront 0 -0.06", "price_not_positive"],
    ["m7i.large 1y standard no_upfront 0 0", "price_not_positive"],
    ["m7i.large 1y standard no_upfront 5 0.06", "payment_mismatch"],
    ["m7i.large 1y standard all_upfront 500 0.01", "payment_mismatch"],
    ["m7i.large 1y standard partial_upfront 0 0.06", "payment_mismatch"],
    ["m7i.large 1y standard partial_upfront 0.292 0.0333", "payment_mismatch"],
    ["m7i.large 1y standard partial_upfront 292 0.000033", "payment_mismatch"],
    ["m9z.large 1y standard no_upfront 0 0.06", "price_unknown"],
    ["m7i.large 1y standard no_upfront 0 66.68", "rate_above_price"],
    ["m7i.large 1y standard all_upfront 0.58 0", "rate_too_low"],
    ["m7i.large 1y standard no_upfront 0 0.06\nm7i.large 1y standard no_upfront 0 0.06", "duplicate_rate"],
  ])("with %j is refused: %s", (lines, rule) => {
    expect(reserved(`${lines}\nm7i.large 3y standard no_upfront 0 0.05`)).toMatchObject({
      ok: false,
      error: [{ rule }],
    });
  });

  it.each([
    ["m7i.large 1y standard no_upfront 0.07", "malformed_line"],
    ["m7i.large 1y no_upfront 0", "price_not_positive"],
    ["m7i.large 1y no_upfront 0.1009", "rate_above_price"],
    ["m7i.large 1y no_upfront 0.0000726", "not_a_price"],
    ["m7i.large 1y no_upfront 0.000072", "rate_too_low"],
  ])("of a savings plan with %j is refused: %s", (line, rule) => {
    expect(plan(line)).toMatchObject({ ok: false, error: [{ machineType: "m7i.large", rule }] });
  });

  it("without any is refused: nothing would be offered from then on", () => {
    expect(reserved(" \n")).toMatchObject({ ok: false, error: [{ rule: "no_rates" }] });
  });

  it("tells every fault, in the order of the lines", () => {
    const read = reserved("m7i.large 1y standard no_upfront 0 x\nz 1y\n");
    expect(read).toMatchObject({ error: [{ rule: "not_a_price" }, { machineType: "z", rule: "malformed_line" }] });
  });
});

type ByType<T> = Record<string, Record<string, T>>;
const file = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../data/aws/${name}`, import.meta.url), "utf8")).regions;
const WORDS: Record<string, string> = { no: "no_upfront", partial: "partial_upfront", all: "all_upfront" };

describe("AWS's own rates", () => {
  const onDemand = file("prices-ondemand.json") as Record<string, Record<string, number>>;
  const pricesOf = (region: string) =>
    new Map(Object.entries(onDemand[region] ?? {}).map(([type, usd]) => [type, microUsdFromAmount(String(usd)) ?? 0]));

  it("of reserved instances are taken whole, in all 34 regions", () => {
    let rates = 0;
    const regions = Object.entries(file("prices-reserved.json") as Record<string, ByType<ByType<[number, number]>>>);
    for (const [region, byType] of regions) {
      const lines = Object.entries(byType).flatMap(([type, byTerm]) =>
        Object.entries(byTerm).flatMap(([term, byClass]) =>
          Object.entries(byClass).flatMap(([offeringClass, byPayment]) =>
            Object.entries(byPayment).map(
              ([payment, [upfront, hourly]]) =>
                `${type} ${term} ${offeringClass} ${WORDS[payment]} ${upfront} ${hourly}`,
            ),
          ),
        ),
      );
      const read = readRateList(lines.join("\n"), "reserved_instances", pricesOf(region));
      if (!read.ok) expect.fail(`${region}: ${JSON.stringify(read.error.slice(0, 3))}`);
      rates += read.value.length;
    }
    expect([regions.length, rates]).toEqual([34, 72_458]);
  });

  it("of Compute Savings Plans are taken whole", () => {
    const lines = Object.entries(
      file("prices-savings-plans.json")["us-east-1"] as ByType<Record<string, number>>,
    ).flatMap(([type, byTerm]) =>
      Object.entries(byTerm).flatMap(([term, byPayment]) =>
        Object.entries(byPayment).map(([payment, rate]) => `${type} ${term} ${WORDS[payment]} ${rate}`),
      ),
    );
    const read = readRateList(lines.join("\n"), "compute_savings_plan", pricesOf("us-east-1"));
    expect(read).toMatchObject({ ok: true });
    expect(read.ok && read.value.length).toBe(lines.length);
  });
});
