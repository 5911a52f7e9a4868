import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { changesOf } from "./changes.ts";
import { REDACTED, redact, redactText } from "./redact.ts";

/** One of each shape of secret. None may be found in what is kept, wherever it was put. */
const CANARIES = {
  "an API key": `berth_live_${"a1B2c3D4e5"}_${"canary".repeat(6)}12`,
  "an invitation's token": `berth_invite_${"canary7".repeat(5)}`,
  "a webhook's secret": `whsec_${"canary".repeat(5)}`,
  "a private key": `-----BEGIN EC PRIVATE KEY-----\ncanary+canary\n-----END EC PRIVATE KEY-----`,
  "a private key that was cut": `-----BEGIN PRIVATE KEY-----\ncanary+canary`,
  "a web token": `eyJhbGciOiJI.eyJjYW5hcnki.${"canary".repeat(4)}`,
  "an AWS key": "AKIACANARYCANARYCANA",
  "a bearer token": `Bearer ${"canary".repeat(4)}`,
  "a password in a URL": "https://somebody:canary-canary@example.com/path",
} as const;

const SECRET_NAMES = [
  "password",
  "initialPassword",
  "new_password",
  "kubeconfig",
  "secret",
  "clientSecret",
  "secretHash",
  "token",
  "bootstrapToken",
  "token_hash",
  "privateKey",
  "private-key",
  "access_key",
  "Authorization",
  "cookie",
  "pepper",
];

describe("what is kept for good", () => {
  it.each(Object.entries(CANARIES))("has %s taken out, whatever stands around it", (_, secret) => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        const kept = redactText(`${before} ${secret} ${after}`);
        expect(kept).not.toMatch(/canary|CANARY/);
        expect(kept).toContain(REDACTED);
      }),
    );
  });

  it.each(Object.entries(CANARIES))("has %s taken out of any depth, and of the names of fields", (_, secret) => {
    const data = { name: "demo", list: [{ deep: { [`x ${secret} x`]: 1, note: `see ${secret}` } }] };
    expect(JSON.stringify(changesOf(data))).not.toMatch(/canary|CANARY/);
    expect(JSON.stringify(changesOf({ before: {}, after: data }))).not.toMatch(/canary|CANARY/);
  });

  it.each(SECRET_NAMES)("does not show what is called %s", (name) => {
    for (const value of ["canary", { inside: "canary" }, ["canary"], 4711, new Uint8Array([1, 2, 3])]) {
      expect(redact({ [name]: value })).toEqual({ [name]: REDACTED });
    }
  });

  it("shows what only tells of a secret", () => {
    const facts = {
      token_id: "tok_1",
      secretCreatedAt: "2026-01-01",
      has_password: true,
      password: null,
      hint: "ab12",
    };
    expect(redact(facts)).toEqual(facts);
    expect(redactText("api key key_01jd0v6m3pf8tb2k7n5xq4w9ze of berth_api")).toBe(
      "api key key_01jd0v6m3pf8tb2k7n5xq4w9ze of berth_api",
    );
  });

  it("is JSON: dates as instants, big integers as text, bytes not at all, broken text mended", () => {
    const odd = {
      at: new Date(0),
      cap: 12n,
      bytes: new Uint8Array([1]),
      gone: undefined,
      infinite: Number.POSITIVE_INFINITY,
      broken: "a\ud800b\u0000c",
      long: "x".repeat(5000),
    };
    expect(redact(odd)).toEqual({
      at: "1970-01-01T00:00:00.000Z",
      cap: "12",
      bytes: REDACTED,
      infinite: null,
      broken: "a\ufffdb\ufffdc",
      long: "[5000 characters]",
    });
  });

  it("is found quickly in text that was made to take long", () => {
    const startedAt = performance.now();
    for (const piece of ["eyJ", "-----BEGIN ", "://a:", "berth_live_", "bearer "]) {
      redactText(piece.repeat(Math.floor(4096 / piece.length)));
    }
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });
});

describe("changes", () => {
  it("of an update are the fields that differ, under the API's names", () => {
    const before = { name: "a", maxClusters: 1, labels: { teamName: "x", env: "dev" }, zones: ["a"], gone: 1 };
    const after = { name: "a", maxClusters: 2, labels: { teamName: "y", env: "dev", new: "1" }, zones: ["a", "b"] };
    expect(changesOf({ before, after })).toEqual({
      before: { max_clusters: 1, labels: { teamName: "x" }, zones: ["a"], gone: 1 },
      after: { max_clusters: 2, labels: { teamName: "y", new: "1" }, zones: ["a", "b"] },
    });
  });

  it("of anything else are its facts; of nothing said, nothing", () => {
    const spec = { components: [{ storageMib: 1 }] };
    const subnetIds = { "us-east-1a": "subnet-1", zoneB: "subnet-2" };
    expect(changesOf({ purgeAt: new Date(0), spec, subnetIds })).toEqual({
      before: null,
      after: {
        purge_at: "1970-01-01T00:00:00.000Z",
        spec: { components: [{ storage_mib: 1 }] },
        subnet_ids: subnetIds,
      },
    });
    expect(changesOf(undefined)).toEqual({ before: null, after: null });
  });

  it("do not show which of two secrets it was", () => {
    expect(changesOf({ before: { password: "canary" }, after: { password: "other" } })).toEqual({
      before: {},
      after: {},
    });
  });
});
