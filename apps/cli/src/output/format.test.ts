import { expect, test } from "vitest";
import { formatAge, formatBytes, formatCpuMillis, formatDuration, formatMoney } from "./format.ts";

test.each([
  [0, "0B"],
  [1023, "1023B"],
  [8 * 1024 ** 3, "8GiB"],
  [1.5 * 1024 ** 4, "1.5TiB"],
])("%d bytes are %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));

test.each([
  [250, "0.25"],
  [1500, "1.5"],
  [12_000, "12"],
])("%d millicores are %s cores", (millis, text) => expect(formatCpuMillis(millis)).toBe(text));

test.each([
  ["0.528000000000", "$0.528"],
  ["12.000000000000", "$12.00"],
  ["0.000012340000", "~$0.00"],
  ["123456789012345.120000000000", "$123456789012345.12"],
])("%s is shown as %s", (amount, text) => expect(formatMoney({ amount, currency: "USD" })).toBe(text));

test.each([
  [-5, "0s"],
  [400, "0.4s"],
  [45_000, "45s"],
  [200_000, "3m20s"],
  [3_600_000, "60m"],
  [18_000_000, "5h"],
  [12 * 86_400_000, "12d"],
])("%d ms are %s", (durationMs, text) => expect(formatDuration(durationMs)).toBe(text));

test("the age of something that never was is unknown", () => {
  expect(formatAge(null, 0)).toBeUndefined();
  expect(formatAge("1970-01-01T00:00:00Z", 45_000)).toBe("45s");
});
