import { BlockList } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatNetwork, isNetworkWithin, type Network, parseNetwork } from "./networks.ts";

const network = (text: string): Network => {
  const parsed = parseNetwork(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.error.detail}`);
  return parsed.value;
};

describe("a network", () => {
  it.each([
    ["10.0.0.0/8", "10.0.0.0/8"],
    ["10.1.2.3", "10.1.2.3/32"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["::ffff:10.0.0.0/104", "10.0.0.0/8"],
    ["::FFFF:0a01:0203", "10.1.2.3/32"],
    ["::/0", "::/0"],
    ["::1", "::1/128"],
    ["2001:DB8:0:0:0:0:0:0/32", "2001:db8::/32"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1/128"],
    ["1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7/128"],
    ["64:ff9b::192.0.2.0/120", "64:ff9b::c000:200/120"],
  ])("%s is written %s", (text, written) => {
    expect(formatNetwork(network(text))).toBe(written);
    expect(network(written)).toEqual(network(text));
  });

  it.each([
    "",
    "/8",
    "10.0.0.0/",
    "10.0.0.0/33",
    "10.0.0.0/08",
    "10.0.0.0/8/8",
    "10.0.0/8",
    "010.0.0.0/8",
    "256.0.0.0/8",
    "10.0.0.0/-1",
    "10.0.0.0 /8",
    "1::2::3/16",
    "1:2:3:4:5:6:7/112",
    "1:2:3:4:5:6:7:8::/128",
    ":1:2:3:4:5:6:7:8",
    "12345::/16",
    "fe80::1%eth0",
    "::/129",
    "::1.2.3.4.5",
    "1.2.3.4::/16",
    "localhost",
  ])("%j is none", (text) => {
    expect(parseNetwork(text).ok).toBe(false);
  });

  it("with bits beyond its prefix is refused, and told what could have been meant", () => {
    const parsed = parseNetwork("10.1.2.3/8");
    expect(parsed).toMatchObject({ ok: false, error: { detail: expect.stringContaining("10.0.0.0/8 or 10.1.2.3") } });
  });
});

const v4 = fc.tuple(...[0, 1, 2, 3].map(() => fc.constantFrom(0, 10, 127, 255))).map((parts) => parts.join("."));
const v6 = fc
  .array(fc.constantFrom("0", "1", "ffff", "a00"), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.join(":"));
const mapped = v4.map((address) => `::ffff:${address}`);
const address = fc.oneof(v4, v6, mapped);
/** A network around an address, as Node takes it and as we do. */
const around = fc.oneof(
  fc.tuple(v4, fc.nat(32), fc.constant(32)),
  fc.tuple(fc.oneof(v6, mapped), fc.nat(128), fc.constant(128)),
);
/** Clears what is beyond the prefix, by our own parser's hint. */
const cleared = (text: string, prefix: number): string => {
  const parsed = parseNetwork(`${text}/${prefix}`);
  return parsed.ok ? formatNetwork(parsed.value) : (/prefix: (\S+)/.exec(parsed.error.detail)?.[1] ?? "");
};

describe("what is within a network", () => {
  it("is what Node's BlockList finds in it", () => {
    fc.assert(
      fc.property(around, address, ([base, prefix, bits], one) => {
        const list = new BlockList();
        list.addSubnet(base, prefix, bits === 32 ? "ipv4" : "ipv6");
        const held = list.check(one, one.includes(":") ? "ipv6" : "ipv4");
        expect(isNetworkWithin(network(one), network(cleared(base, prefix)))).toBe(held);
      }),
      { numRuns: 1000 },
    );
  });

  it("is within whatever that is within", () => {
    fc.assert(
      fc.property(around, around, address, ([one, onePrefix], [other, otherPrefix], base) => {
        const [inner, outer] = [network(cleared(one, onePrefix)), network(cleared(other, otherPrefix))];
        if (isNetworkWithin(inner, outer) && isNetworkWithin(network(base), inner)) {
          expect(isNetworkWithin(network(base), outer)).toBe(true);
        }
        expect(isNetworkWithin(inner, inner)).toBe(true);
      }),
    );
  });
});
