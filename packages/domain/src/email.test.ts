import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { isEmailAddress } from "./email.ts";

describe("an e-mail address", () => {
  it.each(["ada@example.com", "a@b.co", "first.last+tag@sub.example.org", "o'neil@example.com", "x_1@a-b.example"])(
    "is %s",
    (text) => expect(isEmailAddress(text)).toBe(true),
  );

  it.each([
    "",
    "ada",
    "ada@",
    "@example.com",
    "ada@example",
    "ada@@example.com",
    "a b@example.com",
    ".ada@example.com",
    "ada.@example.com",
    "a..b@example.com",
    "ada@-example.com",
    "ada@example-.com",
    "ada@example..com",
    "ada@example.com.",
    "ada@example.com\n",
    "ada\u0000@example.com",
    "\u212aada@example.com",
    '"ada"@example.com',
    "ada@[127.0.0.1]",
    "<ada@example.com>",
    `${"a".repeat(65)}@example.com`,
    `ada@${"a".repeat(64)}.com`,
    `ada@${"a.".repeat(126)}com`,
  ])("is not %j", (text) => expect(isEmailAddress(text)).toBe(false));

  test("stays one in lower case, and has no upper case then", () => {
    const word = fc.stringMatching(/^[A-Za-z0-9]{1,10}$/);
    fc.assert(
      fc.property(word, word, word, (name, host, top) => {
        const address = `${name}@${host}.${top}`;
        expect(isEmailAddress(address)).toBe(true);
        expect(isEmailAddress(address.toLowerCase())).toBe(true);
      }),
    );
  });

  test("is told from any text in linear time", () => {
    const startedAt = performance.now();
    for (const text of [`${"a.".repeat(127)}@`, `a@${"a-".repeat(120)}`, "@".repeat(250)]) isEmailAddress(text);
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });
});
