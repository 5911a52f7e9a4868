import { expect, test } from "vitest";
import { byteCount, commaList, durationMs, instant, keyValue, priceOrNone, wholeNumber } from "./parse.ts";

test.each([
  ["3", 3],
  ["9007199254740991", Number.MAX_SAFE_INTEGER],
])("%s is a whole number", (text, value) => expect(wholeNumber(text)).toBe(value));
test.each(["", "-1", "1.5", "0x10", "1e3", "9007199254740993", " 3"])("%j is refused as a whole number", (text) => {
  expect(() => wholeNumber(text)).toThrow();
});

test.each([
  ["1024", 1024],
  ["8g", 8 * 2 ** 30],
  ["1.5T", 1.5 * 2 ** 40],
  ["500GiB", 500 * 2 ** 30],
  ["30 MB", 30 * 2 ** 20],
])("%s is a size", (text, value) => expect(byteCount(text)).toBe(value));
test.each(["", "g", "8x", "-8g", "0.3k", "9999999999t"])("%j is refused as a size", (text) => {
  expect(() => byteCount(text)).toThrow();
});

test.each([
  ["90", 90_000],
  ["500ms", 500],
  ["1.5m", 90_000],
  ["2h", 7_200_000],
  ["90d", 7_776_000_000],
])("%s is a time", (text, value) => expect(durationMs(text)).toBe(value));
test.each(["", "m", "5y", "-3s"])("%j is refused as a time", (text) => expect(() => durationMs(text)).toThrow());

test("lists have no empty parts, and labels add up", () => {
  expect(commaList("a, b")).toEqual(["a", "b"]);
  expect(() => commaList("a,,b")).toThrow();
  expect(keyValue("b=c=d", keyValue("a="))).toEqual({ a: "", b: "c=d" });
  expect(() => keyValue("=x")).toThrow();
});

test("a price stays the text that was written, and none is no price", () => {
  expect(priceOrNone("12.50")).toEqual({ price: { amount: "12.50", currency: "USD" } });
  expect(priceOrNone("999999999.999999").price?.amount).toBe("999999999.999999");
  expect(priceOrNone("none")).toEqual({ price: null });
});
test.each(["", "-1", "$5", "1e3", "1,5", ".", "1234567890", "1.0000001", "1."])("%j is refused as a price", (text) => {
  expect(() => priceOrNone(text)).toThrow();
});

test("instants are times of a calendar, or so long ago", () => {
  expect(instant("2026-11-28")).toBe("2026-11-28T00:00:00.000Z");
  expect(instant("2026-11-28T10:00:00+01:00")).toBe("2026-11-28T09:00:00.000Z");
  expect(Date.now() - Date.parse(instant("24h"))).toBeGreaterThanOrEqual(86_400_000);
});
test.each(["", "yesterday", "28.11.2026", "2026-11-28T10:00:00", "2026-13-01", "1", "h"])(
  "%j is refused as an instant",
  (text) => {
    expect(() => instant(text)).toThrow();
  },
);
