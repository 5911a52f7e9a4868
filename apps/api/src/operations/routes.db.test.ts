import { ROUTES } from "@berth/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { playWorker } from "../testing/play-worker.ts";
import { aCluster, startTestApi, type TestApi } from "../testing/test-api.ts";

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

const get = (path: string, headers: Record<string, string> = {}) =>
  api.ask("GET", path, { key: api.customer.key, headers });
async function newOperation(): Promise<{ clusterId: string; id: string }> {
  const answer = await api.ask("POST", "/v1/clusters", { key: api.customer.key, body: aCluster({ instances: 1 }) });
  return { clusterId: answer.json().id, id: answer.json().current_operation.id };
}

describe("GET /v1/operations/{operation_id}", () => {
  it("200: every step, the one that runs, and how far it is", async () => {
    const { id, clusterId } = await newOperation();
    const before = (await get(`/v1/operations/${id}`)).json();
    expect(before).toMatchObject({
      kind: "cluster.create",
      state: "pending",
      target: { type: "cluster", id: clusterId, generation: 1 },
      progress: { percent: 0, step: null },
      error: null,
      requested_by: expect.stringMatching(/^key_/),
      started_at: null,
    });
    expect(before.progress.steps.map(({ name }: { name: string }) => name)).toEqual([
      "objects",
      "placement",
      "machines",
      "pods",
      "formation",
      "users",
      "health",
    ]);
    await playWorker(api, clusterId, {
      steps: [
        { name: "objects", state: "succeeded", message: "applied" },
        { name: "placement", state: "running", message: "1 of 1" },
      ],
    });
    const under = (await get(`/v1/operations/${id}`)).json();
    expect(under).toMatchObject({ state: "running", progress: { percent: 14, step: "placement" } });
    expect(under.progress.steps[0]).toMatchObject({ message: "applied", finished_at: expect.any(String) });
    await playWorker(api, clusterId, { ended: "succeeded" });
    const after = (await get(`/v1/operations/${id}`)).json();
    expect(after).toMatchObject({ state: "succeeded", progress: { percent: 100 } });
    expect(after.finished_at).not.toBeNull();
  });
});

describe("GET /v1/operations", () => {
  it("200: newest first, by cluster, state and kind", async () => {
    const one = await newOperation();
    const other = await newOperation();
    const ids = async (query: string) =>
      (await get(`/v1/operations?${query}`)).json().data.map(({ id }: { id: string }) => id);
    expect((await ids("limit=2")).slice(0, 2)).toEqual([other.id, one.id]);
    expect(await ids(`cluster_id=${one.clusterId}`)).toEqual([one.id]);
    expect(await ids(`cluster_id=${one.clusterId}&state=succeeded`)).toEqual([]);
    expect(await ids(`cluster_id=${one.clusterId}&kind=cluster.delete`)).toEqual([]);
    const first = (await get("/v1/operations?limit=1")).json();
    const second = (await get(`/v1/operations?limit=1&page_token=${first.next_page_token}`)).json();
    expect([first.data[0].id, second.data[0].id]).toEqual([other.id, one.id]);
  });
});

describe("GET /v1/operations/{operation_id}/wait", () => {
  it("200 when it ends, soon after it does", async () => {
    const { id, clusterId } = await newOperation();
    const waiting = get(`/v1/operations/${id}/wait?timeout=60`);
    await playWorker(api, clusterId, { steps: [{ name: "objects", state: "running", message: "" }] });
    await playWorker(api, clusterId, { ended: "succeeded" });
    const endedAt = performance.now();
    expect((await waiting).json().state).toBe("succeeded");
    expect(performance.now() - endedAt).toBeLessThan(2000);
  });

  it("200 at once when it has ended, and as it is when the time is over", async () => {
    const { id, clusterId } = await newOperation();
    expect((await get(`/v1/operations/${id}/wait?timeout=0`)).json().state).toBe("pending");
    await playWorker(api, clusterId, { ended: "succeeded" });
    expect((await get(`/v1/operations/${id}/wait`)).json().state).toBe("succeeded");
  });

  it("lets a hundred wait without a query while nothing happens", async () => {
    const { id, clusterId } = await newOperation();
    const waiting = Promise.all(Array.from({ length: 100 }, () => get(`/v1/operations/${id}/wait`)));
    const queries = async () => {
      const [row] = await api.owner.query<{ n: number }>(
        "select xact_commit::int as n from pg_stat_database where datname = current_database()",
      );
      return row?.n ?? 0;
    };
    await newOperation(); // Somebody else's: nobody who waits may look because of it.
    await api.owner.query("select pg_stat_force_next_flush()");
    const before = await queries();
    await newOperation();
    await api.owner.query("select pg_stat_force_next_flush()");
    expect((await queries()) - before).toBeLessThan(60);
    await playWorker(api, clusterId, { ended: "succeeded" });
    expect(new Set((await waiting).map((answer) => answer.json().state))).toEqual(new Set(["succeeded"]));
  });
});

describe("GET /v1/operations/{operation_id}/events", () => {
  it("200: the operation's own, oldest first, in pages", async () => {
    const { id, clusterId } = await newOperation();
    await playWorker(api, clusterId, { steps: [{ name: "objects", state: "succeeded", message: "applied" }] });
    await playWorker(api, clusterId, { ended: "succeeded" });
    const events = (await get(`/v1/operations/${id}/events`)).json().data;
    expect(events.map(({ type }: { type: string }) => type)).toEqual([
      "cluster.create.started",
      "cluster.create.step",
      "cluster.create.succeeded",
    ]);
    expect(events[1]).toMatchObject({ operation_id: id, data: { name: "objects", message: "applied" } });
    const first = (await get(`/v1/operations/${id}/events?limit=2`)).json();
    const second = (await get(`/v1/operations/${id}/events?limit=2&page_token=${first.next_page_token}`)).json();
    expect([...first.data, ...second.data]).toEqual(events);
    expect((await get(`/v1/operations/${id}/events?after=${events[1].id}`)).json().data).toEqual([events[2]]);
  });

  it("stream: from the beginning, as they happen, and to the end", async () => {
    const { id, clusterId } = await newOperation();
    const streaming = get(`/v1/operations/${id}/events`, { accept: "text/event-stream" });
    await playWorker(api, clusterId, { steps: [{ name: "objects", state: "succeeded", message: "applied" }] });
    await playWorker(api, clusterId, { ended: "succeeded" });
    const { body, headers } = await streaming;
    expect(headers["content-type"]).toContain("text/event-stream");
    const types = [...body.matchAll(/^event: (.*)$/gm)].map((match) => match[1]);
    expect(types).toEqual(["cluster.create.started", "cluster.create.step", "cluster.create.succeeded", "end"]);
  });

  it("stream: after the event that Last-Event-ID names", async () => {
    const { id, clusterId } = await newOperation();
    await playWorker(api, clusterId, { ended: "succeeded" });
    const [first] = (await get(`/v1/operations/${id}/events`)).json().data;
    const stream = { accept: "text/event-stream", "last-event-id": first.id };
    const types = [...(await get(`/v1/operations/${id}/events`, stream)).body.matchAll(/^event: (.*)$/gm)].map(
      (one) => one[1],
    );
    expect(types).toEqual(["cluster.create.succeeded", "end"]);
  });

  it("400 for a Last-Event-ID of another organization, 422 for such an `after`", async () => {
    const { id } = await newOperation();
    const stranger = await api.ask("POST", "/v1/clusters", { key: api.stranger.key, body: aCluster({ instances: 1 }) });
    const path = `/v1/operations/${stranger.json().current_operation.id}/events`;
    const [theirs] = (await api.ask("GET", path, { key: api.stranger.key })).json().data;
    const header = await get(`/v1/operations/${id}/events`, {
      accept: "text/event-stream",
      "last-event-id": theirs.id,
    });
    expect(header.json().code).toBe("invalid_header");
    expect((await get(`/v1/operations/${id}/events?after=${theirs.id}`)).json().errors[0].pointer).toBe("?after");
  });
});

describe("every answer that the contract lists", () => {
  it("was seen", () => {
    const wanted = [ROUTES.getOperation, ROUTES.waitForOperation, ROUTES.listOperations, ROUTES.listOperationEvents];
    for (const { operationId } of wanted) expect([...api.seen]).toContain(`${operationId} 200`);
  });
});
