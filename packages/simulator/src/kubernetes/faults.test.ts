import { describe, expect, it } from "vitest";
import { NAMESPACE, testCluster } from "./testing.ts";

const MAPS = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
const map = (name: string): object => ({ metadata: { name } });
interface List {
  readonly items: readonly unknown[];
  readonly metadata: { readonly resourceVersion: string };
}

describe("the fault switches", () => {
  it("refuse the next requests that match, before any effect", () => {
    const cluster = testCluster();
    cluster.model.faults.refuse({
      code: 429,
      times: 2,
      match: { verbs: ["create"], resources: ["configmaps"] },
      retryAfterSeconds: 3,
    });
    const refused = cluster.call("POST", MAPS, map("a"));
    expect([refused.status, refused.headers["Retry-After"]]).toEqual([429, "3"]);
    expect(cluster.call("GET", MAPS).status).toBe(200);
    expect(cluster.call("POST", MAPS, map("a")).status).toBe(429);
    expect(cluster.call("POST", MAPS, map("a")).status).toBe(201);
  });

  it.each([409, 500, 503] as const)("answer %d", (code) => {
    const cluster = testCluster();
    cluster.model.faults.refuse({ code, times: 1 });
    expect(cluster.call("POST", MAPS, map("a")).status).toBe(code);
  });

  it("by chance give the same history for the same seed", () => {
    const run = (seed: number): number[] => {
      const cluster = testCluster({ seed });
      cluster.model.faults.refuse({ code: 500, probability: 0.5 });
      return Array.from({ length: 30 }, () => cluster.call("GET", MAPS).status);
    };
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
    expect(new Set(run(1))).toEqual(new Set([200, 500]));
  });

  it("lose an answer after its effect", () => {
    const cluster = testCluster();
    cluster.model.faults.loseAnswers({ verbs: ["create"] });
    expect(cluster.call("POST", MAPS, map("a")).dropped).toBe(true);
    expect(cluster.call("GET", `${MAPS}/a`)).toMatchObject({ status: 200, dropped: false });
  });

  it("show lists as they were, or empty, while single reads stay fresh", () => {
    const cluster = testCluster();
    const before = cluster.must<List>("GET", MAPS);
    cluster.model.faults.freezeLists();
    cluster.must("POST", MAPS, map("a"));
    expect(cluster.must<List>("GET", MAPS)).toEqual(before);
    expect(cluster.call("GET", `${MAPS}/a`).status).toBe(200);
    cluster.model.faults.thawLists();
    cluster.model.faults.emptyLists({ resources: ["configmaps"] });
    expect(cluster.must<List>("GET", MAPS).items).toEqual([]);
    expect(cluster.must<List>("GET", MAPS).items).toHaveLength(2);
  });

  it("hold answers back", () => {
    const cluster = testCluster();
    cluster.model.faults.setLatency([100, 100]);
    expect(cluster.call("GET", MAPS).delayMs).toBe(100);
    cluster.model.faults.clear();
    expect(cluster.call("GET", MAPS).delayMs).toBe(0);
  });

  it("do not meet the controllers: they are inside", () => {
    const cluster = testCluster({ nodes: 1 });
    cluster.must("POST", MAPS.replace("configmaps", "pods"), {
      metadata: { name: "p" },
      spec: { containers: [{ name: "a", image: "x:1" }] },
    });
    cluster.model.faults.refuse({ code: 500 });
    cluster.clock.advance(3_000);
    expect(cluster.pod("p").status.phase).toBe("Running");
  });
});
