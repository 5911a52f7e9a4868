import type { StoredApiKey } from "@berth/db";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hashApiKey, makeApiKey, publicIdOf } from "./api-key.ts";
import { createAuthenticator } from "./authenticate.ts";

const pepper = Buffer.from("a pepper of the server, 32 bytes");

describe("an API key", () => {
  it("has a public part, a secret and a checksum", () => {
    const key = makeApiKey(pepper);
    expect(key.text).toMatch(/^berth_live_[0-9A-Za-z]{10}_[0-9A-Za-z]{38}$/);
    expect(publicIdOf(key.text)).toBe(key.publicId);
    expect(Buffer.from(key.secretHash)).toEqual(Buffer.from(hashApiKey(key.text, pepper)));
  });

  it("is known as mistyped by its checksum, whichever character it was", () => {
    const { text } = makeApiKey(pepper);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: text.length - 1 }), fc.constantFrom(..."aZ09_-"), (at, letter) => {
        const typed = text.slice(0, at) + letter + text.slice(at + 1);
        expect(publicIdOf(typed) === undefined).toBe(typed !== text);
      }),
    );
  });
});

const NOW = new Date("2026-11-01T00:00:00Z");

describe("authentication", () => {
  const key = makeApiKey(pepper);
  const stored = {
    apiKeyId: "key_1",
    secretHash: key.secretHash,
    revokedAt: null,
    expiresAt: null,
    scopes: ["clusters:read"],
    memberId: null,
    role: null,
    removedAt: null,
    organizationKind: "customer",
    organizationState: "active",
    projectIds: [],
    clusterIds: [],
    cidrs: [],
  } as unknown as StoredApiKey;
  function authenticator(rows: Record<string, StoredApiKey>) {
    let lookups = 0;
    const check = createAuthenticator({
      pepper,
      clock: { now: () => NOW },
      findApiKey: async (publicId) => {
        lookups += 1;
        return rows[publicId];
      },
    });
    const codeOf = async (authorization: string | undefined, address = "127.0.0.1") => {
      const answer = await check({ authorization, address });
      return answer.ok ? "ok" : answer.error.code;
    };
    return { codeOf, lookups: () => lookups };
  }

  it("takes the key of a row", async () => {
    const { codeOf } = authenticator({ [key.publicId]: stored });
    expect(await codeOf(`Bearer ${key.text}`)).toBe("ok");
    expect(await codeOf(`bearer ${key.text}`)).toBe("ok");
  });

  it("refuses another secret with the same public part", async () => {
    const { codeOf } = authenticator({ [key.publicId]: { ...stored, secretHash: makeApiKey(pepper).secretHash } });
    expect(await codeOf(`Bearer ${key.text}`)).toBe("invalid_credentials");
  });

  it("refuses unknown, revoked and expired keys, and no key", async () => {
    expect(await authenticator({}).codeOf(`Bearer ${key.text}`)).toBe("invalid_credentials");
    const revoked = { ...stored, revokedAt: new Date(0) };
    expect(await authenticator({ [key.publicId]: revoked }).codeOf(`Bearer ${key.text}`)).toBe("invalid_credentials");
    const expired = { ...stored, expiresAt: NOW };
    expect(await authenticator({ [key.publicId]: expired }).codeOf(`Bearer ${key.text}`)).toBe("expired_credentials");
    for (const header of [undefined, "", "Basic abc", "Bearer", "Bearer a b"]) {
      expect(await authenticator({}).codeOf(header)).toBe("missing_credentials");
    }
  });

  it("refuses the key of a member who left, and any key of a suspended organization", async () => {
    const left = { ...stored, memberId: "mem_1", role: "admin", removedAt: new Date(0) } as unknown as StoredApiKey;
    expect(await authenticator({ [key.publicId]: left }).codeOf(`Bearer ${key.text}`)).toBe("invalid_credentials");
    const suspended = { ...stored, organizationState: "suspended" } as const;
    expect(await authenticator({ [key.publicId]: suspended }).codeOf(`Bearer ${key.text}`)).toBe(
      "organization_suspended",
    );
  });

  it.each([
    ["10.1.2.3", "ok"],
    ["::ffff:10.1.2.3", "ok"],
    ["2001:DB8::1", "ok"],
    ["2001:db9::1", "ip_not_allowed"],
    ["11.0.0.0", "ip_not_allowed"],
    ["", "ip_not_allowed"],
    ["10.1.2.3, 11.0.0.0", "ip_not_allowed"],
    ["localhost", "ip_not_allowed"],
  ])("from %j to a key that is limited to networks: %s", async (address, code) => {
    const limited = { ...stored, cidrs: ["10.0.0.0/8", "2001:db8::/32"] };
    expect(await authenticator({ [key.publicId]: limited }).codeOf(`Bearer ${key.text}`, address)).toBe(code);
  });

  it("lets a key that is limited to what is no network in from nowhere", async () => {
    const limited = { ...stored, cidrs: ["everywhere", "10.0.0.0/8"] };
    const { codeOf } = authenticator({ [key.publicId]: limited });
    expect(await codeOf(`Bearer ${key.text}`, "192.0.2.1")).toBe("ip_not_allowed");
  });

  it("asks the database nothing for junk", async () => {
    const { codeOf, lookups } = authenticator({});
    expect(await codeOf("Bearer berth_live_nonsense")).toBe("invalid_credentials");
    expect(lookups()).toBe(0);
  });
});
