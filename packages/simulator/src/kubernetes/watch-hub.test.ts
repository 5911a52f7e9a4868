import { describe, expect, it } from "vitest";
import type { KubeObject } from "./objects.ts";
import { NAMESPACE, type TestCluster, testCluster } from "./testing.ts";
import type { WatchEvent } from "./watch-hub.ts";

const MAPS = `/api/v1/namespaces/${NAMESPACE}/configmaps`;

interface Watch {
  readonly seen: string[];
  readonly ended: ("end" | "cut")[];
}

const tell = ({ type, object }: WatchEvent): string => {
  const { metadata, code } = object as Partial<KubeObject> & { code?: number };
  if (type === "ERROR") return `ERROR ${code}`;
  return `${type} ${type === "BOOKMARK" ? metadata?.resourceVersion : metadata?.name}`;
};

function watch(cluster: TestCluster, query: Record<string, string>, path = MAPS): Watch {
  const answer = cluster.call("GET", path, undefined, { query: { watch: "true", ...query } });
  const [seen, ended]: [string[], Watch["ended"]] = [[], []];
  answer.watch?.open({ event: (event) => seen.push(tell(event)), end: (cut) => ended.push(cut ? "cut" : "end") });
  return { seen, ended };
}

const make = (cluster: TestCluster, name: string, labels = {}): string =>
  cluster.must("POST", MAPS, { metadata: { name, labels } }).metadata.resourceVersion ?? "";
const now = (cluster: TestCluster): string =>
  cluster.must<{ metadata: { resourceVersion: string } }>("GET", MAPS).metadata.resourceVersion;

describe("a watch", () => {
  it("without a version begins with what there is", () => {
    const cluster = testCluster();
    make(cluster, "a");
    const { seen } = watch(cluster, {});
    make(cluster, "b");
    cluster.clock.advance(100);
    expect(seen).toEqual(["ADDED a", "ADDED kube-root-ca.crt", "ADDED b"]);
  });

  it("from a version replays what came after it, and nothing twice", () => {
    const cluster = testCluster();
    const version = make(cluster, "a");
    make(cluster, "b");
    const { seen } = watch(cluster, { resourceVersion: version });
    cluster.must("DELETE", `${MAPS}/a`);
    cluster.clock.advance(100);
    expect(seen).toEqual(["ADDED b", "DELETED a"]);
  });

  it("sees an object come and go with its selector", () => {
    const cluster = testCluster();
    const { seen } = watch(cluster, { resourceVersion: now(cluster), labelSelector: "team=a" });
    const label = (team: string): void => {
      cluster.must("PATCH", `${MAPS}/m`, { metadata: { labels: { team } } }, { type: "application/merge-patch+json" });
    };
    make(cluster, "m", { team: "a" });
    label("b");
    label("a");
    cluster.must("DELETE", `${MAPS}/m`);
    cluster.clock.advance(100);
    expect(seen).toEqual(["ADDED m", "DELETED m", "ADDED m", "DELETED m"]);
  });

  it("gets bookmarks when the kind moved without it, and a last one before its end", () => {
    const cluster = testCluster();
    const query = {
      resourceVersion: now(cluster),
      labelSelector: "no=such",
      allowWatchBookmarks: "true",
      timeoutSeconds: "10",
    };
    const { seen, ended } = watch(cluster, query);
    const version = make(cluster, "m");
    cluster.clock.advance(9_000);
    expect(seen).toEqual([`BOOKMARK ${version}`]);
    cluster.clock.advance(2_000);
    expect(ended).toEqual(["end"]);
  });

  it("from a version that is forgotten is 410, at once or in the stream", () => {
    const cluster = testCluster({ deps: { options: { historyMs: 60_000 } } });
    const version = now(cluster);
    make(cluster, "a");
    cluster.clock.advance(120_000);
    make(cluster, "b");
    const refused = cluster.refused("GET", MAPS, undefined, { query: { watch: "true", resourceVersion: version } });
    expect(refused).toMatchObject({ code: 410, reason: "Expired" });
    const { seen, ended } = watch(cluster, { resourceVersion: now(cluster) });
    cluster.model.faults.expireWatches();
    expect([seen, ended]).toEqual([["ERROR 410"], ["end"]]);
  });

  it("that was silenced says nothing any more, while a new one works", () => {
    const cluster = testCluster();
    const query = { resourceVersion: now(cluster), allowWatchBookmarks: "true", timeoutSeconds: "10" };
    const silent = watch(cluster, query);
    cluster.model.faults.silenceWatches();
    const fresh = watch(cluster, query);
    make(cluster, "m");
    cluster.clock.advance(60_000);
    expect(silent).toEqual({ seen: [], ended: [] });
    expect(fresh.seen).toContain("ADDED m");
  });

  it("that was cut has lost nothing when it goes on from its last version", () => {
    const cluster = testCluster();
    const version = make(cluster, "a");
    const first = watch(cluster, { resourceVersion: version });
    cluster.model.faults.cutWatches();
    make(cluster, "b");
    cluster.clock.advance(100);
    expect(first).toEqual({ seen: [], ended: ["cut"] });
    expect(watch(cluster, { resourceVersion: version }).seen).toEqual(["ADDED b"]);
  });

  it("can be slow, and is then still in order", () => {
    const cluster = testCluster();
    cluster.model.faults.setWatchDelay(5_000);
    const { seen } = watch(cluster, { resourceVersion: now(cluster) });
    make(cluster, "a");
    make(cluster, "b");
    cluster.clock.advance(4_000);
    expect(seen).toEqual([]);
    cluster.clock.advance(2_000);
    expect(seen).toEqual(["ADDED a", "ADDED b"]);
  });
});
