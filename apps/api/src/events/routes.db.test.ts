import { createClient } from "@berth/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { playWorker } from "../testing/play-worker.ts";
import { aCluster, MANY, startTestApi, type TestApi } from "../testing/test-api.ts";

let api: TestApi;
let baseUrl: string;
beforeAll(async () => {
  api = await startTestApi({ heartbeatMs: 50 });
  baseUrl = await api.app.listen({ port: 0, host: "127.0.0.1" });
});
afterAll(() => api.close());

const create = async (key: string) =>
  (await api.ask("POST", "/v1/clusters", { key, body: aCluster({ instances: 1 }) })).json();
const clientOf = (apiKey: string) => createClient({ baseUrl, apiKey });

describe("GET /v1/events", () => {
  it("200: what happened in the organization, and in no other", async () => {
    const { key } = await api.newTenant();
    const ours = await create(key);
    await create(api.stranger.key);
    await playWorker(api, ours.id, { state: "running", health: "green", ended: "succeeded" });
    const { data } = (await api.ask("GET", "/v1/events", { key })).json();
    expect(data.map(({ type, target }: { type: string; target: { id: string } }) => [type, target.id])).toEqual([
      ["cluster.create.started", ours.id],
      ["cluster.create.succeeded", ours.id],
    ]);
  });

  it("200: of one target, operation or type", async () => {
    const { key } = await api.newTenant();
    const [one, other] = [await create(key), await create(key)];
    const ids = async (query: string) =>
      (await api.ask("GET", `/v1/events?${query}`, { key }))
        .json()
        .data.map((event: { target: { id: string } }) => event.target.id);
    expect(await ids(`target_id=${one.id}`)).toEqual([one.id]);
    expect(await ids(`operation_id=${other.current_operation.id}`)).toEqual([other.id]);
    expect(await ids(`type=cluster.create.started&target_id=${one.id}`)).toEqual([one.id]);
    expect(await ids("type=cluster.deleted")).toEqual([]);
  });

  it("stream: what comes once the answer's headers are here, to everybody who follows", async () => {
    const { key } = await api.newTenant();
    await create(key);
    const abort = new AbortController();
    const url = `${baseUrl}/v1/events`;
    const headers = { authorization: `Bearer ${key}`, accept: "text/event-stream" };
    const follow = async () => (await fetch(url, { headers, signal: abort.signal })).body?.getReader();
    const followers = await Promise.all(Array.from({ length: 20 }, follow));
    const cluster = await create(key);
    for (const follower of followers) {
      let text = "";
      while (!text.includes("\ndata:")) text += new TextDecoder().decode((await follower?.read())?.value);
      expect(text).toContain(cluster.id);
    }
    abort.abort();
  });

  it("stream: nothing is lost and nothing comes twice over a broken connection, with many writing at once", async () => {
    const { key } = await api.newTenant(MANY);
    const start = await create(key);
    const abort = new AbortController();
    const [first] = (await api.ask("GET", "/v1/events", { key })).json().data;
    const seen: string[] = [];
    const reading = (async () => {
      const query = { after: first.id };
      for await (const event of clientOf(key).follow.listEvents({ query, signal: abort.signal })) {
        seen.push(event.id);
        if (seen.length % 7 === 0) api.app.server.closeAllConnections();
        if (seen.length === 60) abort.abort();
      }
    })();
    // Six at a time: sixty would wait for a connection for longer than one may, on a machine that does much else.
    const writer = async () => {
      for (let n = 0; n < 10; n++) await create(key);
    };
    await Promise.all(Array.from({ length: 6 }, writer));
    await reading;
    const all = (await api.ask("GET", "/v1/events?limit=200", { key })).json().data.map(({ id }: { id: string }) => id);
    expect(all[0]).toBe(first.id);
    expect(seen).toEqual(all.slice(1));
    expect(start.id).toBeDefined();
  }, 60_000);
});

describe("the typed client against the server", () => {
  it("creates, waits and follows", async () => {
    const client = clientOf(api.customer.key);
    const created = await client.createCluster({ body: aCluster({ instances: 1 }) });
    if (created.status !== 202) throw new Error("a create without dry_run is accepted");
    const operation_id = created.body.current_operation?.id ?? "";
    const following = (async () => {
      const types: string[] = [];
      for await (const event of client.follow.listOperationEvents({ params: { operation_id } })) types.push(event.type);
      return types;
    })();
    const waiting = client.waitForOperation({ params: { operation_id }, query: { timeout: 30 } });
    await playWorker(api, created.body.id, { state: "running", health: "green", ended: "succeeded" });
    expect((await waiting).body.state).toBe("succeeded");
    expect(await following).toEqual(["cluster.create.started", "cluster.create.succeeded"]);
  });
});
