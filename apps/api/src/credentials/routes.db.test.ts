import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { playWorker } from "../testing/play-worker.ts";
import { aCluster, startTestApi, type TestApi } from "../testing/test-api.ts";

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

async function runningCluster(): Promise<string> {
  const created = await api.ask("POST", "/v1/clusters", { key: api.customer.key, body: aCluster({ instances: 1 }) });
  await playWorker(api, created.json().id, { state: "running", health: "green", ended: "succeeded" });
  return created.json().id;
}
const post = (id: string, body: object, over: object = {}) =>
  api.ask("POST", `/v1/clusters/${id}/credentials`, { key: api.customer.key, body, ...over });
const list = async (id: string) =>
  (await api.ask("GET", `/v1/clusters/${id}/credentials`, { key: api.customer.key })).json().data;

describe("POST /v1/clusters/{cluster_id}/credentials", () => {
  it("202: the password this once, also to a repetition with the same key", async () => {
    const id = await runningCluster();
    const idempotencyKey = randomUUID();
    const answer = await post(id, { username: "reporting", role: "read" }, { idempotencyKey });
    expect(answer.statusCode).toBe(202);
    const credential = answer.json();
    expect(credential).toMatchObject({
      username: "reporting",
      role: "read",
      state: "pending",
      hint: credential.password.slice(-4),
      current_operation: { kind: "credential.create", state: "pending" },
    });
    expect((await post(id, { username: "reporting", role: "read" }, { idempotencyKey })).body).toBe(answer.body);
    expect(JSON.stringify(await list(id))).not.toContain(credential.password);
    const secrets = await api.owner.query("select name from secret_value where owner = $1", [
      `credential/${credential.id}`,
    ]);
    expect(secrets).toEqual([{ name: "password" }]);
  });

  it("202: makes a name up", async () => {
    expect((await post(await runningCluster(), {})).json()).toMatchObject({
      username: expect.stringMatching(/^user-/),
      role: "admin",
    });
  });

  it("409: another operation is under way, a name that is taken, a cluster that goes", async () => {
    const created = await api.ask("POST", "/v1/clusters", { key: api.customer.key, body: aCluster({ instances: 1 }) });
    const { id, current_operation } = created.json();
    const early = await post(id, {});
    expect(early.statusCode).toBe(409);
    expect(early.json()).toMatchObject({
      code: "operation_in_progress",
      operation_id: current_operation.id,
      retryable: true,
    });

    await playWorker(api, id, { state: "running", ended: "succeeded" });
    const taken = await post(id, { username: "admin" });
    expect(taken.json()).toMatchObject({ code: "name_taken", errors: [{ pointer: "/username" }] });
    expect((await post(id, {})).statusCode).toBe(202); // The refused one left no operation behind.

    await api.ask("DELETE", `/v1/clusters/${id}`, { key: api.customer.key });
    expect((await post(id, {})).json().code).toBe("invalid_state");
  });

  it("422: names that the engine keeps for itself or cannot have, and more than a hundred", async () => {
    const id = await runningCluster();
    for (const username of [
      "elastic",
      "kibana_system",
      "berth",
      "UPPER",
      "a",
      "-a-a",
      "a b",
      "x".repeat(41),
      "a\u0000b",
      "_x_",
    ]) {
      const answer = await post(id, { username });
      expect(answer.statusCode, username).toBe(422);
      expect(answer.json().errors[0].pointer).toBe("/username");
    }
    await api.owner.query(
      `insert into credential (id, organization_id, cluster_id, username, role, hint)
       select 'crd_' || n, organization_id, id, 'u' || n, 'customer_read', 'xxxx' from cluster, generate_series(2, 100) n where id = $1`,
      [id],
    );
    expect((await post(id, {})).json()).toMatchObject({ code: "quota_exceeded", limit: 100, used: 100 });
  });
});

describe("DELETE /v1/clusters/{cluster_id}/credentials/{credential_id}", () => {
  const remove = (id: string, credentialId: string) =>
    api.ask("DELETE", `/v1/clusters/${id}/credentials/${credentialId}`, { key: api.customer.key });

  it("202: deleting, and asked again the same operation", async () => {
    const id = await runningCluster();
    const [credential] = await list(id);
    const first = await remove(id, credential.id);
    expect(first.json()).toMatchObject({ state: "deleting", current_operation: { kind: "credential.delete" } });
    const second = await remove(id, credential.id);
    expect(second.headers["operation-location"]).toBe(first.headers["operation-location"]);
    await api.owner.query("update credential set state = 'deleted' where id = $1", [credential.id]);
    expect((await remove(id, credential.id)).statusCode).toBe(404);
    expect(await list(id)).toEqual([]);
  });

  it("409: another operation is under way, or the cluster goes with it", async () => {
    const id = await runningCluster();
    const [credential] = await list(id);
    await post(id, {});
    expect((await remove(id, credential.id)).json().code).toBe("operation_in_progress");
    await api.ask("DELETE", `/v1/clusters/${id}`, { key: api.customer.key });
    expect((await remove(id, credential.id)).json().code).toBe("invalid_state");
  });

  it("404: in a cluster that it is not of", async () => {
    const [one, other] = [await runningCluster(), await runningCluster()];
    const [credential] = await list(one);
    expect((await remove(other, credential.id)).statusCode).toBe(404);
  });
});
