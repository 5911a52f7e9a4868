import { describe, expect, it } from "vitest";
import { isPrintable } from "./printable.ts";

describe("a text that shows as it is", () => {
  it.each(["Ada", "José Álvarez", "李小龍", "O'Neil-Smith, Jr."])("is %s", (text) =>
    expect(isPrintable(text)).toBe(true),
  );

  it.each(["a\u0000", "a\nb", "\u202eada", "\ud800", "a\u2028b"])("is not %j", (text) =>
    expect(isPrintable(text)).toBe(false),
  );
});
