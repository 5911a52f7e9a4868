import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aCluster, startTestApi, type Tenant, type TestApi } from "../testing/test-api.ts";

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

const ask = (tenant: Tenant, method: string, path: string, more: object = {}) =>
  api.ask(method, path, { key: tenant.key, ...more });
const make = (tenant: Tenant, name: string, more: object = {}) =>
  ask(tenant, "POST", "/v1/projects", { body: { name }, ...more });
const namesOf = async (tenant: Tenant) =>
  (await ask(tenant, "GET", "/v1/projects")).json().data.map(({ name }: { name: string }) => name);
const auditOf = (id: string) =>
  api.owner.query(
    "select action, content::json -> 'changes' as changes from audit_event where target_id = $1 order by number",
    [id],
  );

describe("POST /v1/projects", () => {
  it("201: made, once for its Idempotency-Key, with one audit row and one event", async () => {
    const tenant = await api.newTenant();
    const idempotencyKey = randomUUID();
    const answer = await make(tenant, "search", { idempotencyKey });
    expect(answer.statusCode).toBe(201);
    const project = answer.json();
    expect(project).toEqual({
      id: expect.stringMatching(/^prj_/),
      organization_id: tenant.organizationId,
      name: "search",
      generation: 1,
      created_at: expect.any(String),
    });
    expect(answer.headers.location).toBe(`/v1/projects/${project.id}`);
    expect((await make(tenant, "search", { idempotencyKey })).body).toBe(answer.body);
    expect(await namesOf(tenant)).toEqual(["default", "search"]);
    expect(await auditOf(project.id)).toEqual([
      { action: "project.create", changes: { before: null, after: { name: "search" } } },
    ]);
    const events = (await ask(tenant, "GET", `/v1/events?target_id=${project.id}`)).json().data;
    expect(events).toMatchObject([{ type: "project.created", target: { type: "project", id: project.id } }]);
  });

  it("409: a live project of the organization has the name; one of another's does not count", async () => {
    const [one, other] = [await api.newTenant(), await api.newTenant()];
    await make(one, "search");
    const taken = await make(one, "search");
    expect(taken.json()).toMatchObject({ code: "name_taken", errors: [{ pointer: "/name" }] });
    expect((await make(other, "search")).statusCode).toBe(201);
  });

  it.each(["", " x", "x\n", "a".repeat(64), "a\u0000b", 1, null])("422: %j is no name", async (name) => {
    const answer = await make(api.customer, name as string);
    expect(answer.statusCode).toBe(422);
    expect(answer.json().errors[0].pointer).toBe("/name");
  });

  it("422: of twenty at once at a quota with room for one, one is made", async () => {
    const tenant = await api.newTenant();
    await api.owner.query("update organization set max_projects = 2 where id = $1", [tenant.organizationId]);
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => make(tenant, `p${index}`)));
    const made = answers.filter(({ statusCode }) => statusCode === 201);
    const refused = answers.filter(({ statusCode }) => statusCode === 422);
    expect([made.length, refused.length]).toEqual([1, 19]);
    expect(refused[0]?.json()).toMatchObject({ code: "quota_exceeded", limit: 2, used: 2, requested: 1 });
  });
});

describe("GET /v1/projects", () => {
  it("200: oldest first, in pages, and by name", async () => {
    const tenant = await api.newTenant();
    for (const name of ["b", "a"]) await make(tenant, name);
    const first = (await ask(tenant, "GET", "/v1/projects?limit=2")).json();
    const second = (await ask(tenant, "GET", `/v1/projects?limit=2&page_token=${first.next_page_token}`)).json();
    const names = [...first.data, ...second.data].map(({ name }: { name: string }) => name);
    expect(names).toEqual(["default", "b", "a"]);
    expect(second.next_page_token).toBeNull();
    const found = (await ask(tenant, "GET", "/v1/projects?name=a")).json();
    expect(found.data).toMatchObject([{ name: "a" }]);
    const stolen = await ask(api.stranger, "GET", `/v1/projects?limit=2&page_token=${first.next_page_token}`);
    expect(stolen.json().code).toBe("invalid_page_token");
  });
});

describe("GET /v1/projects/{project_id}", () => {
  it("200, then 304 with its ETag; 404 once it is gone", async () => {
    const tenant = await api.newTenant();
    const { id } = (await make(tenant, "search")).json();
    const seen = await ask(tenant, "GET", `/v1/projects/${id}`);
    const headers = { "if-none-match": String(seen.headers.etag) };
    expect((await ask(tenant, "GET", `/v1/projects/${id}`, { headers })).statusCode).toBe(304);
    await ask(tenant, "PATCH", `/v1/projects/${id}`, { body: { name: "other" } });
    expect((await ask(tenant, "GET", `/v1/projects/${id}`, { headers })).json()).toMatchObject({ name: "other" });
    await ask(tenant, "DELETE", `/v1/projects/${id}`);
    expect((await ask(tenant, "GET", `/v1/projects/${id}`)).statusCode).toBe(404);
  });
});

describe("PATCH /v1/projects/{project_id}", () => {
  it("200: renamed, with what was and what is in the audit row; a change of nothing is none", async () => {
    const tenant = await api.newTenant();
    const { id } = (await make(tenant, "search")).json();
    const renamed = await ask(tenant, "PATCH", `/v1/projects/${id}`, { body: { name: "logs" } });
    expect(renamed.json()).toMatchObject({ name: "logs", generation: 2 });
    for (const body of [{}, { name: "logs" }]) {
      expect((await ask(tenant, "PATCH", `/v1/projects/${id}`, { body })).json()).toEqual(renamed.json());
    }
    expect((await auditOf(id)).slice(1)).toEqual([
      { action: "project.update", changes: { before: { name: "search" }, after: { name: "logs" } } },
    ]);
  });

  it("409: the name is another's; it may become one that is deleted", async () => {
    const tenant = await api.newTenant();
    const [one, other] = [(await make(tenant, "one")).json(), (await make(tenant, "other")).json()];
    const body = { name: "other" };
    expect((await ask(tenant, "PATCH", `/v1/projects/${one.id}`, { body })).json().code).toBe("name_taken");
    await ask(tenant, "DELETE", `/v1/projects/${other.id}`);
    expect((await ask(tenant, "PATCH", `/v1/projects/${one.id}`, { body })).statusCode).toBe(200);
  });

  it("412: somebody else was quicker; of ten at once with the same If-Match one passes", async () => {
    const tenant = await api.newTenant();
    const created = await make(tenant, "search");
    const headers = { "if-match": String(created.headers.etag) };
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        ask(tenant, "PATCH", `/v1/projects/${created.json().id}`, { headers, body: { name: `n${index}` } }),
      ),
    );
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, ...Array(9).fill(412)]);
  });
});

describe("DELETE /v1/projects/{project_id}", () => {
  it("204: gone, its name free, its row kept; asked again 404", async () => {
    const tenant = await api.newTenant();
    const { id } = (await make(tenant, "search")).json();
    expect((await ask(tenant, "DELETE", `/v1/projects/${id}`)).statusCode).toBe(204);
    expect((await ask(tenant, "DELETE", `/v1/projects/${id}`)).statusCode).toBe(404);
    expect((await make(tenant, "search")).statusCode).toBe(201);
    expect((await auditOf(id)).slice(1)).toEqual([
      { action: "project.delete", changes: { before: null, after: { name: "search" } } },
    ]);
    expect(await api.owner.query("select deleted_at is not null as gone from project where id = $1", [id])).toEqual([
      { gone: true },
    ]);
  });

  it("409: it has clusters, also ones that go; a new one in it is refused once it is gone", async () => {
    const tenant = await api.newTenant();
    const { id } = (await make(tenant, "search")).json();
    const body = aCluster({ project_id: id, instances: 1 });
    const cluster = (await ask(tenant, "POST", "/v1/clusters", { body })).json();
    const refused = await ask(tenant, "DELETE", `/v1/projects/${id}`);
    expect(refused.json()).toMatchObject({ code: "invalid_state", detail: expect.stringContaining("1 cluster") });
    await ask(tenant, "DELETE", `/v1/clusters/${cluster.id}`);
    expect((await ask(tenant, "DELETE", `/v1/projects/${id}`)).statusCode).toBe(409);
    await api.owner.query("update cluster set state = 'deleted', deleted_at = now() where id = $1", [cluster.id]);
    expect((await ask(tenant, "DELETE", `/v1/projects/${id}`)).statusCode).toBe(204);
    const late = await ask(tenant, "POST", "/v1/clusters", { body: aCluster({ project_id: id }) });
    expect(late.json().errors).toMatchObject([{ pointer: "/project_id", code: "unknown_project" }]);
  });

  it("409: the last one stays, also when two go at once", async () => {
    const tenant = await api.newTenant();
    const other = (await make(tenant, "search")).json().id;
    const answers = await Promise.all(
      [tenant.projectId, other].map((id) => ask(tenant, "DELETE", `/v1/projects/${id}`)),
    );
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([204, 409]);
    expect(await namesOf(tenant)).toHaveLength(1);
  });

  it("never leaves a cluster in a project that is gone, when both are asked for at once", async () => {
    const tenant = await api.newTenant();
    const rounds = await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        const { id } = (await make(tenant, `p${index}`)).json();
        const body = aCluster({ project_id: id, instances: 1, size: "1g" });
        const [created, deleted] = await Promise.all([
          ask(tenant, "POST", "/v1/clusters", { body }),
          ask(tenant, "DELETE", `/v1/projects/${id}`),
        ]);
        return [created.statusCode, deleted.statusCode].join();
      }),
    );
    for (const round of rounds) expect(["202,409", "422,204"]).toContain(round);
    const orphans = await api.owner.query(
      "select c.id from cluster c join project p on p.id = c.project_id where p.deleted_at is not null and c.state <> 'deleted'",
    );
    expect(orphans).toEqual([]);
  });

  it("a create that waits while its project is deleted is refused", async () => {
    const tenant = await api.newTenant();
    const { id } = (await make(tenant, "search")).json();
    const held = await api.owner.pool.connect();
    await held.query("begin");
    await held.query("select 1 from organization where id = $1 for update", [tenant.organizationId]);
    const created = ask(tenant, "POST", "/v1/clusters", { body: aCluster({ project_id: id }) });
    const waiting =
      "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%organization%'";
    while ((await api.owner.query(waiting)).length === 0) await new Promise(setImmediate);
    await held.query("update project set deleted_at = now() where id = $1", [id]);
    await held.query("commit");
    held.release();
    expect((await created).json().errors).toMatchObject([{ pointer: "/project_id", code: "unknown_project" }]);
  });

  it("412: it was changed since", async () => {
    const tenant = await api.newTenant();
    const created = await make(tenant, "search");
    const path = `/v1/projects/${created.json().id}`;
    await ask(tenant, "PATCH", path, { body: { name: "logs" } });
    const headers = { "if-match": String(created.headers.etag) };
    expect((await ask(tenant, "DELETE", path, { headers })).json().code).toBe("precondition_failed");
  });
});
