import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "./canonical-json.ts";
import { type ChainFault, type ChainHead, checkChain, GENESIS_HASH, hashOfRecord, headText } from "./chain.ts";
import { type AuditDraft, type AuditRecord, draftPieces } from "./record.ts";

const sha256 = (text: string) => createHash("sha256").update(text, "utf8").digest("hex");

const LENGTH = 200;
const OURS = "org_ours";
const THEIRS = "org_theirs";

function draftOf(organizationId: string, number: number): AuditDraft {
  return {
    id: `aud_${organizationId}_${number}`,
    organization_id: organizationId,
    actor: { type: "api_key", id: `key_${number % 7}`, name: number % 3 === 0 ? null : "ci" },
    on_behalf_of: number % 5 === 0 ? `mem_${number % 4}` : null,
    action: ["cluster.create", "cluster.update", "credential.create"][number % 3] ?? "",
    target: { type: "cluster", id: `cl_${number % 11}` },
    request_id: `req_${number}`,
    ip: "203.0.113.9",
    user_agent: "berth-cli/0.1.0",
    outcome: "succeeded",
    changes: { before: { labels: { n: String(number) } }, after: { labels: { n: String(number + 1) }, size: 0.1 } },
  };
}

/** A chain as the database makes it: the pieces of the draft, and the place between them. */
function makeChain(organizationId: string, length: number): AuditRecord[] {
  const chain: AuditRecord[] = [];
  for (let number = 1; number <= length; number++) {
    const previous = chain.at(-1)?.hash ?? GENESIS_HASH;
    const at = new Date(1.8e12 + number * 1000).toISOString();
    const [one, two, three, four] = draftPieces(draftOf(organizationId, number));
    const text = `{${one},"created_at":"${at}",${two},"number":${number},${three},"previous_hash":"${previous}",${four}}`;
    expect(text).toBe(canonicalJson(JSON.parse(text)));
    chain.push({ ...JSON.parse(text), hash: sha256(text) });
  }
  return chain;
}

const ours = makeChain(OURS, LENGTH);
const theirs = makeChain(THEIRS, LENGTH);
const head = ours.at(-1) as ChainHead;

function faultsOf(records: readonly unknown[], { whole = true, seen = [head] as readonly ChainHead[] } = {}) {
  const check = checkChain({ sha256, organizationId: OURS, whole, seen });
  return [...records.flatMap((record) => check.add(record)), ...check.end()];
}
const told = (faults: readonly ChainFault[]) => faults.map(({ number, kind }) => `${number} ${kind}`);

const isUntouched = (chain: readonly AuditRecord[]) =>
  chain.length === ours.length &&
  chain.every((record, at) => record === ours[at] || canonicalJson(record) === canonicalJson(ours[at]));

type Change = { readonly how: string; readonly at: number; readonly change: (chain: AuditRecord[]) => void };

/** Gives the records from `index` on the hashes and numbers that they would have had. */
function rewrite(chain: AuditRecord[], index: number): void {
  for (let at = index; at < chain.length; at++) {
    const placed = { ...chain[at], number: at + 1, previous_hash: chain[at - 1]?.hash ?? GENESIS_HASH };
    chain[at] = { ...placed, hash: hashOfRecord(placed, sha256) } as AuditRecord;
  }
}

type Loose = Record<string, unknown>;
const LEAVES: readonly ((record: Loose) => readonly [Loose, string])[] = [
  ...Object.keys(ours[0] ?? {}).map((name) => (record: Loose) => [record, name] as const),
  ...["type", "id", "name"].map((name) => (record: Loose) => [record.actor as Loose, name] as const),
  ...["type", "id"].map((name) => (record: Loose) => [record.target as Loose, name] as const),
  (record) => [(record.changes as Loose).after as Loose, "size"],
  (record) => [((record.changes as Loose).before as Loose).labels as Loose, "n"],
  (record) => [record, "added"],
];

const changed = (value: unknown, how: number): unknown => {
  if (typeof value === "string" && value !== "") {
    const at = how % value.length;
    return value.slice(0, at) + (value[at] === "0" ? "1" : "0") + value.slice(at + 1);
  }
  return typeof value === "number" ? value + 1 + (how % 3) : `was ${canonicalJson(value ?? null)}`;
};

const tampering: fc.Arbitrary<Change> = fc
  .record({ at: fc.nat(LENGTH - 1), other: fc.nat(LENGTH - 1), pick: fc.nat(10_000), rehash: fc.boolean() })
  .chain(({ at, other, pick, rehash }) => {
    const field = (chain: AuditRecord[]) => {
      const copy = structuredClone(chain[at]) as unknown as Loose;
      const [owner, name] = (LEAVES[pick % LEAVES.length] ?? LEAVES[0])?.(copy) ?? [copy, "id"];
      owner[name] = changed(owner[name], pick);
      chain[at] = copy as unknown as AuditRecord;
    };
    const another = other === at ? (at + 1) % LENGTH : other;
    return fc.constantFrom<Change>(
      { how: "a field is changed", at, change: field },
      {
        how: "a field is changed and the record hashed anew",
        at,
        change: (chain) => {
          field(chain);
          const record = { ...(chain[at] as AuditRecord), action: `forged.${pick}` };
          chain[at] = { ...record, hash: hashOfRecord(record, sha256) };
        },
      },
      { how: "a record is taken out", at, change: (chain) => void chain.splice(at, 1) },
      { how: "the end is cut off", at, change: (chain) => void chain.splice(Math.max(1, at)) },
      {
        how: "a record is put in",
        at,
        change: (chain) => {
          const forged = { ...(chain[at] as AuditRecord), id: "aud_forged" };
          chain.splice(at, 0, rehash ? { ...forged, hash: hashOfRecord(forged, sha256) } : forged);
        },
      },
      { how: "a record is there twice", at, change: (chain) => void chain.splice(at, 0, chain[at] as AuditRecord) },
      {
        how: "two records are exchanged",
        at,
        change: (chain) => {
          [chain[at], chain[another]] = [chain[another] as AuditRecord, chain[at] as AuditRecord];
        },
      },
      {
        how: "another organization's record takes its place",
        at,
        change: (chain) => {
          const foreign = theirs[at] as AuditRecord;
          chain[at] = rehash ? { ...foreign, organization_id: OURS } : foreign;
        },
      },
      {
        how: "the end is another organization's",
        at,
        change: (chain) => void chain.splice(at, LENGTH, ...theirs.slice(at)),
      },
      {
        how: "the end is written anew, with hashes that fit",
        at,
        change: (chain) => {
          chain[at] = { ...(chain[at] as AuditRecord), action: `forged.${pick}` };
          rewrite(chain, at);
        },
      },
      {
        how: "a record is taken out and the rest written anew",
        at,
        change: (chain) => {
          chain.splice(at, 1);
          rewrite(chain, at);
        },
      },
      {
        how: "a record is taken out, one put in at the end, and the rest written anew",
        at,
        change: (chain) => {
          chain.splice(at, 1);
          chain.push({ ...(ours[0] as AuditRecord), id: "aud_forged" });
          rewrite(chain, at);
        },
      },
    );
  });

describe("a chain", () => {
  it("that nobody touched has no fault, as a whole, in part, and after its head was seen", () => {
    expect(faultsOf(ours)).toEqual([]);
    expect(faultsOf(ours, { seen: [] })).toEqual([]);
    expect(faultsOf(ours.slice(100), { whole: false })).toEqual([]);
    expect(faultsOf(ours, { seen: [ours[10], ours[150]] as ChainHead[] })).toEqual([]);
    expect(faultsOf([], { seen: [] })).toEqual([]);
  });

  it("1,000 of 1,000 changes to it are found by whoever knows its head", () => {
    const found: Record<string, number> = {};
    const missed: string[] = [];
    fc.assert(
      fc.property(tampering, ({ how, at, change }) => {
        const chain = [...ours];
        change(chain);
        if (isUntouched(chain)) return false;
        if (faultsOf(chain).length === 0) missed.push(`${how} at ${at + 1}`);
        found[how] = (found[how] ?? 0) + 1;
        return true;
      }),
      { numRuns: 1000, seed: 20261124 },
    );
    expect(missed).toEqual([]);
    expect(Object.values(found).reduce((sum, count) => sum + count, 0)).toBe(1000);
    expect(Object.keys(found)).toHaveLength(12);
  }, 120_000);

  it("whose end is gone or written anew passes with whoever has seen no head: that is what the head is for", () => {
    expect(faultsOf(ours.slice(0, 150), { seen: [] })).toEqual([]);
    const chain = [...ours];
    chain[120] = { ...(chain[120] as AuditRecord), action: "forged" };
    rewrite(chain, 120);
    expect(faultsOf(chain, { seen: [] })).toEqual([]);
    expect(told(faultsOf(chain))).toEqual(["200 not_as_seen"]);
  });
});

describe("a fault", () => {
  const without = (at: number) => [...ours.slice(0, at), ...ours.slice(at + 1)];

  it("names the number and what is wrong there, and does not spread over what follows", () => {
    const chain = [...ours];
    chain[41] = { ...(chain[41] as AuditRecord), action: "cluster.nothing" };
    expect(faultsOf(chain)).toEqual([
      { number: 42, kind: "wrong_hash", detail: expect.stringContaining("Its content was changed") },
    ]);
    expect(told(faultsOf(without(41)))).toEqual(["43 wrong_number"]);
    expect(told(faultsOf([...ours.slice(0, 42), ...ours.slice(41)]))).toEqual(["42 wrong_number"]);
    expect(told(faultsOf([...ours.slice(0, 41), theirs[41], ...ours.slice(42)]))).toEqual([
      "42 wrong_organization",
      "42 wrong_previous_hash",
      "43 wrong_previous_hash",
    ]);
    expect(told(faultsOf([...ours.slice(0, 41), { nonsense: true }, ...ours.slice(42)]))).toEqual(["42 unreadable"]);
    expect(faultsOf(ours.slice(0, 150))).toEqual([
      {
        number: 151,
        kind: "missing",
        detail: "The chain ends with number 150; it was seen to reach number 200.",
      },
    ]);
    expect(told(faultsOf([]))).toEqual(["1 missing"]);
    expect(told(faultsOf(ours.slice(1)))).toEqual(["2 wrong_number"]);
  });

  it("is told for each change", () => {
    const chain = without(100).map((record) => (record.number === 42 ? { ...record, ip: null } : record));
    expect(told(faultsOf(chain))).toEqual(["42 wrong_hash", "102 wrong_number"]);
  });

  it("is found in what is hardly a record", () => {
    for (const junk of [null, "text", 1, [], {}, { ...ours[0], number: "1" }, { ...ours[0], hash: "" }]) {
      expect(told(faultsOf([junk], { seen: [] }))).toEqual(["1 unreadable"]);
    }
    expect(told(faultsOf([{ ...ours[0], ip: "\ud800" }], { seen: [] }))).toEqual(["1 wrong_hash"]);
  });
});

it("a head is signed with its organization, place and time, and for that purpose alone", () => {
  const { number, hash } = head;
  const signed = { organization_id: OURS, number, hash, signed_at: "2026-11-28T00:00:00.000Z" };
  expect(JSON.parse(headText({ ...signed, extra: 1 } as typeof signed))).toEqual({
    ...signed,
    purpose: "berth audit head",
  });
});
