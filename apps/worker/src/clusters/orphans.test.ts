import { LeaseEnded } from "@berth/db";
import { type ClusterState, idFromUuid, LABELS, namespaceOf } from "@berth/domain";
import { type KubernetesKind, PortError } from "@berth/ports";
import { expect, it } from "vitest";
import { liveLease } from "../testing/live-lease.ts";
import { type NamespaceSweepDeps, sweepNamespaces } from "./orphans.ts";

const NOW = new Date("2026-11-28T12:00:00Z");
const cluster = (n: number) => idFromUuid("cluster", n.toString(16).padStart(32, "0"));
const guard = { name: "namespace_without_cluster", subject: "cl-x", since: "2026-11-01T00:00:00.000Z", hint: "…" };

interface Kube {
  /** States of the rows; undefined where there is none. Each has an empty namespace. */
  readonly rows?: readonly (ClusterState | undefined)[];
  readonly away?: boolean;
  readonly refuses?: string;
}

/** One sweep of the kubes, and what came of it: deletes and records, `kube: names`. */
async function sweep(kubes: Readonly<Record<string, Kube>>, lease = liveLease()) {
  const deletes: string[] = [];
  const records: string[] = [];
  const numbered = Object.entries(kubes).flatMap(([kube, { rows = [] }]) => rows.map((state) => ({ kube, state })));
  const own = numbered.map(({ kube, state }, n) => ({ kube, state, id: cluster(n), name: namespaceOf(cluster(n)) }));
  const toObject = ({ id, name }: (typeof own)[number]) => ({
    metadata: { name, uid: id, labels: { [LABELS.cluster]: id }, creationTimestamp: "2026-11-28T11:00:00Z" },
  });
  const deps = {
    leases: { withLease: (_name: string, work: (held: typeof lease) => Promise<unknown>) => work(lease) },
    store: {
      listKubes: async () => Object.keys(kubes).map((id) => ({ id, guards: [guard] })),
      clusterStates: async () => new Map(own.flatMap(({ id, state }) => (state === undefined ? [] : [[id, state]]))),
      recordOrphans: async (_lease: unknown, id: string, guards: readonly { name: string }[]) =>
        void records.push(`${id}: ${guards.map(({ name }) => name).join(" ")}`),
    },
    kubes: {
      get: async (kube: string) => {
        if (kubes[kube]?.away) throw new PortError("unavailable", "no answer");
        const inside = own.filter((one) => one.kube === kube);
        return {
          list: async (kind: KubernetesKind) => (kind === "Namespace" ? inside.map(toObject) : []),
          read: async (kind: KubernetesKind, key: { name: string }) =>
            kind === "Namespace" ? inside.filter(({ name }) => name === key.name).map(toObject)[0] : undefined,
          delete: async (kind: KubernetesKind, key: { name: string }) => {
            if (key.name === kubes[kube]?.refuses) throw new PortError("denied", "an admission rule");
            deletes.push(`${kind} ${key.name}`);
          },
        };
      },
    },
    clock: { now: () => NOW },
    effects: { reached: () => {} },
    environment: "test",
    onOrphans: () => {},
  };
  const failure = await sweepNamespaces(deps as unknown as NamespaceSweepDeps).catch((error: unknown) => error);
  return { deletes, records, failure };
}

it("deletes what is left over, tells of it, and goes on past a namespace that cannot be deleted", async () => {
  const refuses = namespaceOf(cluster(0));
  const { deletes, records, failure } = await sweep({ one: { rows: ["deleted", "deleted", "running"], refuses } });
  expect(deletes).toEqual([`Namespace ${namespaceOf(cluster(1))}`]);
  expect(records).toEqual(["one: namespace_left_over namespace_left_over"]);
  expect(failure).toMatchObject({ kind: "denied" });
});

it("leaves what was told of a kube that cannot be asked, and comes to the next one", async () => {
  const { deletes, records, failure } = await sweep({ lost: { away: true }, well: { rows: ["deleted"] } });
  expect(deletes).toHaveLength(1);
  expect(records).toEqual(["well: namespace_left_over"]);
  expect(failure).toMatchObject({ kind: "unavailable" });
});

it("deletes nothing by an emptied table, and tells of every namespace as far as there is room", async () => {
  const few = await sweep({ one: { rows: [undefined, undefined] } });
  expect(few).toEqual({ deletes: [], records: ["one: orphans_withheld orphans_withheld"], failure: undefined });
  const many = await sweep({ one: { rows: Array(50).fill(undefined) } });
  expect(many.deletes).toEqual([]);
  expect(many.records[0]?.split(" ")).toHaveLength(21);
});

it("forgets what is not so any more", async () => {
  expect((await sweep({ one: { rows: ["running"] } })).records).toEqual(["one: "]);
});

it("deletes nothing once its lease is over", async () => {
  const lease = liveLease("sweep/namespaces");
  lease.end();
  const { deletes, failure } = await sweep({ one: { rows: ["deleted"] } }, lease);
  expect(deletes).toEqual([]);
  expect(failure).toBeInstanceOf(LeaseEnded);
});
