import { CLUSTER_STATES, type ClusterState } from "@berth/domain";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decideOrphan, findOrphanedNamespaces } from "./decide.ts";
import type { NamespaceContents, OwnNamespace } from "./types.ts";

const NOW = 1_800_000_000_000;
const namespace = (n: number, ageMs = 3_600_000): OwnNamespace => ({
  name: `cl-${n}`,
  uid: `uid-${n}`,
  clusterId: `cl_${n}`,
  createdAt: NOW - ageMs,
});
const states = (...known: readonly (ClusterState | undefined)[]) =>
  new Map(known.flatMap((state, n) => (state === undefined ? [] : [[`cl_${n}`, state] as const])));
const fleet = (size: number) => Array.from({ length: size }, (_, n) => namespace(n));

describe("findOrphanedNamespaces", () => {
  it("finds those whose row says deleted or is missing, unless they are too young to tell", () => {
    const all = [namespace(0), namespace(1), namespace(2), namespace(3, 119_999)];
    expect(findOrphanedNamespaces(all, states("running", "deleted", undefined, "deleted"), NOW)).toEqual({
      orphans: [
        { name: "cl-1", uid: "uid-1", row: "deleted" },
        { name: "cl-2", uid: "uid-2", row: "missing" },
      ],
      withheld: [],
    });
  });

  it("takes a cluster in every other state for alive: also one whose volumes are kept", () => {
    for (const state of CLUSTER_STATES.filter((one) => one !== "deleted"))
      expect(findOrphanedNamespaces([namespace(0)], states(state), NOW).orphans).toEqual([]);
  });

  it("condemns nothing by an emptied table, however few there are", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), (size) => {
        const { orphans, withheld } = findOrphanedNamespaces(fleet(size), states(), NOW);
        expect(withheld.map(({ subject }) => subject)).toEqual(orphans.map(({ name }) => name));
        expect(withheld).toHaveLength(size);
      }),
    );
  });

  it("condemns nothing when more than a tenth, and more than three, seem orphaned", () => {
    const row = fc.constantFrom(...CLUSTER_STATES, undefined);
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 60 }), (rows) => {
        const { orphans, withheld } = findOrphanedNamespaces(fleet(rows.length), states(...rows), NOW);
        const many = orphans.length > 3 && orphans.length * 10 > rows.length;
        if (many) expect(withheld).toHaveLength(orphans.length);
        else if (rows.some((one) => one !== undefined)) expect(withheld).toEqual([]);
      }),
    );
  });
});

describe("decideOrphan", () => {
  const claim = { name: "data-data-0", uid: "claim", terminating: false };
  const full: NamespaceContents = {
    terminating: false,
    anchor: { uid: "anchor", terminating: false },
    pods: 3,
    claims: [claim, { ...claim, name: "data-data-1", uid: "other", terminating: true }],
  };
  const empty: NamespaceContents = { terminating: false, anchor: undefined, pods: 0, claims: [] };
  const deleted = { name: "cl-1", uid: "uid-1", row: "deleted" } as const;
  const missing = { ...deleted, row: "missing" } as const;

  it("takes what is left of a deleted cluster down as any other: workloads, volumes, the namespace", () => {
    const steps = [
      full,
      { ...full, anchor: { uid: "anchor", terminating: true } },
      { ...full, anchor: undefined },
      { ...full, anchor: undefined, pods: 0 },
      empty,
      { ...empty, terminating: true },
    ];
    expect(steps.map((contents) => decideOrphan(deleted, contents).actions)).toEqual([
      [{ kind: "delete_anchor", uid: "anchor" }],
      [],
      [],
      [{ kind: "delete_claim", name: "data-data-0", uid: "claim" }],
      [{ kind: "delete_namespace", uid: "uid-1" }],
      [],
    ]);
  });

  it("touches nothing of a namespace that has claims and whose row is missing, and tells of it", () => {
    const anchor = fc.option(fc.record({ uid: fc.string(), terminating: fc.boolean() }), { nil: undefined });
    const claims = fc.array(fc.record({ name: fc.string(), uid: fc.string(), terminating: fc.boolean() }), {
      minLength: 1,
    });
    fc.assert(
      fc.property(fc.record({ terminating: fc.boolean(), anchor, pods: fc.nat(), claims }), (contents) => {
        expect(decideOrphan(missing, contents)).toMatchObject({
          verdict: "kept",
          actions: [],
          guard: { name: "namespace_without_cluster", subject: "cl-1" },
        });
      }),
    );
  });

  it("removes one without data whose row is missing, as long as it stays without", () => {
    expect(decideOrphan(missing, { ...full, claims: [] }).actions).toEqual([{ kind: "delete_anchor", uid: "anchor" }]);
    expect(decideOrphan(missing, empty).actions).toEqual([{ kind: "delete_namespace", uid: "uid-1" }]);
  });
});
