import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createInvitationTokens } from "./token.ts";

const tokens = createInvitationTokens(randomBytes(32));

test("a token is found by its hash, under its own pepper alone", () => {
  const { text, hash } = tokens.make();
  expect(text).toMatch(/^berth_invite_[0-9A-Za-z]{49}$/);
  expect(tokens.hashOf(text)).toEqual(hash);
  expect(createInvitationTokens(randomBytes(32)).hashOf(text)).not.toEqual(hash);
  expect(tokens.make().text).not.toBe(text);
});

test("a token with one character changed, or any other text, is known for none", () => {
  const { text } = tokens.make();
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.constantFrom(..."aZ09_ \n"), (at, other) => {
      fc.pre(text[at] !== other);
      expect(tokens.hashOf(text.slice(0, at) + other + text.slice(at + 1))).toBeUndefined();
    }),
  );
  fc.assert(fc.property(fc.string(), (other) => tokens.hashOf(other) === undefined));
});
