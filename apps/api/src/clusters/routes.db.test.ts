import { randomUUID } from "node:crypto";
import { OPERATION_STEPS } from "@berth/domain";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { asWorker, playWorker } from "../testing/play-worker.ts";
import { aCluster, aKube, aPool, startTestApi, type TestApi, ZONES } from "../testing/test-api.ts";

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

const create = (body: object, over: object = {}) =>
  api.ask("POST", "/v1/clusters", { key: api.customer.key, body, ...over });
const get = (path: string, headers: Record<string, string> = {}) =>
  api.ask("GET", path, { key: api.customer.key, headers });
const rows = async (table: string) => {
  const [row] = await api.owner.query<{ count: number }>(`select count(*)::int as count from ${table}`);
  return row?.count;
};
/** How much is stored of everything that a create writes. */
const stored = () =>
  Promise.all(
    ["cluster", "instance", "operation", "event", "audit_event", "secret_value", "idempotency_record"].map(rows),
  );

describe("POST /v1/clusters", () => {
  describe("202", () => {
    it("stores the cluster, and shows its first credential this once", async () => {
      const answer = await create(aCluster({ labels: { team: "search" }, deletion_protection: true }));
      expect(answer.statusCode).toBe(202);
      const cluster = answer.json();
      expect(cluster).toMatchObject({
        labels: { team: "search" },
        deletion_protection: true,
        generation: 1,
        spec: { engine: "elasticsearch", version: "8.19.21", region: "us-east-1" },
        status: { state: "creating", health: "unknown", instances: { total: 3, running: 0 } },
        price_per_hour: { amount: "0.528000000000", currency: "USD" },
        current_operation: { kind: "cluster.create", state: "pending" },
        initial_credential: { username: "admin", role: "admin", state: "pending" },
      });
      expect(cluster.spec.components[0]).toMatchObject({
        name: "data",
        roles: ["master", "data", "ingest"],
        memory_bytes: 8 * 2 ** 30,
        storage_bytes: 240 * 2 ** 30,
      });
      expect([...cluster.spec.components[0].zones].sort()).toEqual(ZONES);
      expect(cluster.initial_credential.password).toMatch(/^[0-9A-Za-z]{28}$/);
      expect(answer.headers.location).toBe(`/v1/clusters/${cluster.id}`);
      expect(answer.headers["operation-location"]).toBe(`/v1/operations/${cluster.current_operation.id}`);

      const again = await get(`/v1/clusters/${cluster.id}`);
      expect(again.body).not.toContain(cluster.initial_credential.password);
      const { initial_credential: _, ...rest } = cluster;
      expect(again.json()).toEqual(rest);
    });

    it("writes every row that the worker needs, the secret encrypted, and one audit row", async () => {
      const cluster = (await create(aCluster())).json();
      const [row] = await api.owner.query<{ initialMasters: string[]; due: boolean }>(
        `select initial_masters as "initialMasters", next_check_at <= now() as due from cluster where id = $1`,
        [cluster.id],
      );
      expect(row).toEqual({ initialMasters: ["data-0", "data-1", "data-2"], due: true });
      const zones = await api.owner.query<{ zone: string }>("select zone from instance where cluster_id = $1", [
        cluster.id,
      ]);
      expect(zones.map(({ zone }) => zone).sort()).toEqual(ZONES);
      const [secret] = await api.owner.query<{ ciphertext: Buffer }>(
        "select ciphertext from secret_value where owner = $1",
        [`credential/${cluster.initial_credential.id}`],
      );
      expect(secret?.ciphertext.toString("latin1")).not.toContain(cluster.initial_credential.password);
      const audit = await api.owner.query("select action, actor_id as actor from audit_event where target_id = $1", [
        cluster.id,
      ]);
      expect(audit).toEqual([{ action: "cluster.create", actor: expect.stringMatching(/^key_/) }]);
    });

    it("takes components of several roles, and an engine and version", async () => {
      const answer = await create({
        name: "opensearch with managers",
        region: "us-east-1",
        engine: "opensearch",
        project_id: api.customer.projectId,
        components: [
          { name: "managers", roles: ["master"], instances: 3, size: "1g", storage_bytes: 2 ** 30 },
          { name: "data", roles: ["data", "ingest"], instances: 4, size: "8g", zones: 2 },
        ],
      });
      expect(answer.statusCode, answer.body).toBe(202);
      expect(answer.json().spec).toMatchObject({ engine: "opensearch", version: "3.6.0" });
      expect(answer.json().spec.components.map((one: { zones: string[] }) => one.zones.length)).toEqual([2, 3]);
    });

    it("answers a repetition with the same key byte for byte, also after the cluster has changed", async () => {
      const idempotencyKey = randomUUID();
      const body = aCluster();
      const first = await create(body, { idempotencyKey });
      await api.owner.query("update cluster set health = 'green' where id = $1", [first.json().id]);
      const reordered = Object.fromEntries(Object.entries(body).reverse());
      const second = await create(reordered, { idempotencyKey });
      expect(second.statusCode).toBe(202);
      expect(second.body).toBe(first.body);
      for (const name of ["location", "operation-location", "retry-after", "content-type"]) {
        expect(second.headers[name]).toBe(first.headers[name]);
      }
    });

    it("makes one cluster of twenty twins at once, and gives all of them the same answer", async () => {
      const before = await rows("cluster");
      const idempotencyKey = randomUUID();
      const body = aCluster();
      const answers = await Promise.all(Array.from({ length: 20 }, () => create(body, { idempotencyKey })));
      expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([202]));
      expect(new Set(answers.map((answer) => answer.body)).size).toBe(1);
      expect(await rows("cluster")).toBe(Number(before) + 1);
    });

    it("keeps keys apart by organization", async () => {
      const idempotencyKey = randomUUID();
      const body = aCluster();
      const ours = await create(body, { idempotencyKey });
      const theirs = await create(body, { idempotencyKey, key: api.stranger.key });
      expect(theirs.statusCode).toBe(202);
      expect(theirs.json().id).not.toBe(ours.json().id);
    });
  });

  describe("200, a dry run,", () => {
    it("shows placement, price and the completed spec, and stores nothing", async () => {
      const before = await stored();
      const answer = await api.ask("POST", "/v1/clusters?dry_run=true", {
        key: api.customer.key,
        body: aCluster(),
        idempotencyKey: null,
      });
      expect(answer.statusCode).toBe(200);
      const preview = answer.json();
      expect(preview).toMatchObject({ feasible: true, price_per_hour: { amount: "0.528000000000" } });
      expect(preview.placement).toHaveLength(3);
      expect(preview.placement[0]).toMatchObject({
        component: "data",
        ordinal: 0,
        machine: "new",
        machine_type: "m7i.xlarge",
      });
      expect(await stored()).toEqual(before);
    });

    it("previews the zones that the create then takes", async () => {
      const body = aCluster({ instances: 1 });
      const preview = await api.ask("POST", "/v1/clusters?dry_run=true", { key: api.customer.key, body });
      const created = await create(body);
      expect(created.json().spec.components[0].zones).toEqual([preview.json().placement[0].zone]);
    });
  });

  describe("400", () => {
    it("without an Idempotency-Key, or with one that is none", async () => {
      const before = await stored();
      expect((await create(aCluster(), { idempotencyKey: null })).json().code).toBe("idempotency_key_required");
      for (const idempotencyKey of ["", "a b", "x".repeat(256), "schlüssel"]) {
        const answer = await create(aCluster(), { idempotencyKey });
        expect(answer.statusCode, idempotencyKey).toBe(400);
      }
      expect(await stored()).toEqual(before);
    });
  });

  describe("409", () => {
    it("name_taken, until the cluster of that name is gone", async () => {
      const body = aCluster();
      const first = await create(body);
      const second = await create(body);
      expect(second.statusCode).toBe(409);
      expect(second.json()).toMatchObject({ code: "name_taken", errors: [{ pointer: "/name" }] });
      await api.owner.query("update cluster set state = 'deleted', deleted_at = now() where id = $1", [
        first.json().id,
      ]);
      expect((await create(body)).statusCode).toBe(202);
    });

    it("idempotency_in_flight, when the first takes longer than a twin may wait", async () => {
      const slow = await startTestApi({ idempotencyWaitMs: 100 });
      try {
        const { key, organizationId } = slow.customer;
        const held = await slow.owner.pool.connect();
        await held.query("begin");
        await held.query("select 1 from organization where id = $1 for update", [organizationId]);
        const idempotencyKey = randomUUID();
        const ask = () => slow.ask("POST", "/v1/clusters", { key, body, idempotencyKey });
        const body = aCluster();
        const first = ask();
        const twin = await (async () => {
          // The first must have its key before the twin asks.
          for (;;) {
            const { rows: waiting } = await slow.owner.pool.query(
              "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%organization%for no key update%'",
            );
            if (waiting.length > 0) return ask();
            await new Promise(setImmediate);
          }
        })();
        expect(twin.statusCode).toBe(409);
        expect(twin.json()).toMatchObject({ code: "idempotency_in_flight", retryable: true });
        expect(twin.headers["retry-after"]).toBe("1");
        await held.query("rollback");
        held.release();
        const answer = await first;
        expect(answer.statusCode).toBe(202);
        expect((await ask()).body).toBe(answer.body);
      } finally {
        await slow.close();
      }
    });
  });

  describe("422", () => {
    const components = (over: object) => ({
      name: "demo",
      region: "us-east-1",
      components: [{ name: "data", size: "8g", instances: 3, ...over }],
    });
    it.each([
      ["an unknown region", aCluster({ region: "mars-1" }), "/region", "unknown_region"],
      ["an unknown version", aCluster({ version: "7.0.0" }), "/version", "unknown_version"],
      [
        "a version of another engine",
        aCluster({ engine: "opensearch", version: "8.19.21" }),
        "/version",
        "unknown_version",
      ],
      ["an unknown size", aCluster({ size: "9g" }), "/size", "unknown_size"],
      ["an unknown size of a component", components({ size: "9g" }), "/components/0/size", "unknown_size"],
      ["an unknown field", aCluster({ colour: "red" }), "/colour", "unknown_field"],
      ["an unknown field of a component", components({ colour: "red" }), "/components/0/colour", "unknown_field"],
      ["fields that only we set", aCluster({ organization_id: "org_1" }), "/organization_id", "unknown_field"],
      [
        "2^53+1 instances",
        `{"name":"a","region":"us-east-1","size":"8g","instances":9007199254740993}`,
        "/instances",
        "too_big",
      ],
      [
        "1e999 instances",
        `{"name":"a","region":"us-east-1","size":"8g","instances":1e999}`,
        "/instances",
        "invalid_type",
      ],
      ["negative instances", aCluster({ instances: -3 }), "/instances", "too_small"],
      ["half an instance", aCluster({ instances: 1.5 }), "/instances", "invalid_type"],
      ["instances as text", aCluster({ instances: "3" }), "/instances", "invalid_type"],
      [
        "more instances than a cluster may have",
        {
          ...components({ instances: 60 }),
          components: [
            { name: "a", size: "1g", instances: 60 },
            { name: "b", size: "1g", instances: 60 },
          ],
        },
        "/components",
        "too_many_instances",
      ],
      ["a control character in the name", aCluster({ name: "de\u0007mo" }), "/name", "invalid_format"],
      ["an escape sequence in the name", aCluster({ name: "\u001b[31mred" }), "/name", "invalid_format"],
      ["a NUL in the name", aCluster({ name: "demo\u0000" }), "/name", "invalid_format"],
      ["a direction override in the name", aCluster({ name: "demo\u202egnp" }), "/name", "invalid_format"],
      ["a name of 64", aCluster({ name: "x".repeat(64) }), "/name", "invalid_format"],
      ["an empty name", aCluster({ name: "" }), "/name", "invalid_format"],
      ["no name", { region: "us-east-1", size: "8g", instances: 3 }, "/name", "required"],
      ["null for an object", "null", "", "invalid_type"],
      ["a list for an object", "[]", "", "invalid_type"],
      ["a component name that is no DNS label", components({ name: "Data_1" }), "/components/0/name", "name_invalid"],
      [
        "another tenant's project",
        aCluster({ project_id: "prj_01jd0v6m3pf8tb2k7n5xq4w9ze" }),
        "/project_id",
        "unknown_project",
      ],
      ["a project id that is none", aCluster({ project_id: "1" }), "/project_id", "invalid_format"],
      ["more zones than instances", aCluster({ instances: 1, zones: 2 }), "/zones", "topology_invalid"],
      ["two master-eligible instances", aCluster({ instances: 2 }), "/instances", "topology_invalid"],
      ["no master-eligible instance", components({ roles: ["data"] }), "/components", "topology_invalid"],
      ["a size that no machine type fits", aCluster({ size: "64g" }), "/size", "no_machine_type_fits"],
      ["storage below a GiB", aCluster({ storage_bytes: 2 ** 20 }), "/storage_bytes", "too_small"],
      ["a label key that Kubernetes refuses", aCluster({ labels: { "-a": "b" } }), "/labels/-a", "invalid_key"],
      ["a label key with a slash", aCluster({ labels: { "a/b/c": "d" } }), "/labels/a~1b~1c", "invalid_key"],
      ["a label value that Kubernetes refuses", aCluster({ labels: { a: "b c" } }), "/labels/a", "invalid_value"],
    ])("%s, at its pointer, and nothing is stored", async (_, body, pointer, code) => {
      const before = await stored();
      for (const path of ["/v1/clusters", "/v1/clusters?dry_run=true"]) {
        const answer = await api.ask("POST", path, { key: api.customer.key, body });
        expect(answer.statusCode, answer.body).toBe(422);
        expect(answer.json().errors).toContainEqual({ pointer, code, detail: expect.any(String) });
      }
      expect(await stored()).toEqual(before);
    });

    it("names every fault at once", async () => {
      const answer = await create(aCluster({ region: "mars-1", version: "1", size: "9g", instances: 2 }));
      expect(answer.json().code).toBe("topology_invalid");
      const pointers = answer.json().errors.map((one: { pointer: string }) => one.pointer);
      expect(pointers.sort()).toEqual(["/instances", "/region", "/size", "/version"]);
    });

    it("idempotency_mismatch, when the key was used with another request", async () => {
      const idempotencyKey = randomUUID();
      await create(aCluster(), { idempotencyKey });
      const other = await create(aCluster(), { idempotencyKey });
      expect(other.statusCode).toBe(422);
      expect(other.json().code).toBe("idempotency_mismatch");
    });

    it("idempotency_mismatch, when another key of the organization used it: the answer holds what that one may see", async () => {
      const idempotencyKey = randomUUID();
      const body = aCluster();
      const { key, organizationId } = await api.newTenant();
      expect((await create(body, { key, idempotencyKey })).statusCode).toBe(202);
      const other = await api.newKey(organizationId, ["clusters:read", "clusters:write"]);
      const asked = await create(body, { key: other, idempotencyKey });
      expect(asked.json().code).toBe("idempotency_mismatch");
      expect(asked.body).not.toContain("password");
    });

    it("quota_exceeded, with the numbers, however many ask at once", async () => {
      const { key, organizationId } = await api.newTenant({ maxClusters: 3, maxInstances: 7 });
      const answers = await Promise.all(Array.from({ length: 12 }, () => create(aCluster(), { key })));
      expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([202, 202, ...Array(10).fill(422)]);
      expect(answers.find(({ statusCode }) => statusCode === 422)?.json()).toMatchObject({
        code: "quota_exceeded",
        quota: "instances",
        limit: 7,
        used: 6,
        requested: 3,
        errors: [{ pointer: "/instances", code: "quota_exceeded" }],
      });
      expect((await create(aCluster({ instances: 1 }), { key })).statusCode).toBe(202);
      expect((await create(aCluster({ instances: 1 }), { key })).json()).toMatchObject({
        limit: 3,
        used: 3,
        requested: 1,
      });
      const [row] = await api.owner.query("select count(*)::int as n from cluster where organization_id = $1", [
        organizationId,
      ]);
      expect(row).toEqual({ n: 3 });
    });

    it("undoes the key too: the same request passes once the reason is gone", async () => {
      const { key, organizationId } = await api.newTenant({ maxClusters: 0 });
      const idempotencyKey = randomUUID();
      const body = aCluster();
      expect((await create(body, { key, idempotencyKey })).statusCode).toBe(422);
      await api.owner.query("update organization set max_clusters = 1 where id = $1", [organizationId]);
      expect((await create(body, { key, idempotencyKey })).statusCode).toBe(202);
    });
  });

  it("goes to the kube where it fits, and takes no more zones than that has", async () => {
    const { key } = api.operator;
    const kube = (
      await api.ask("POST", "/v1/admin/kubes", {
        key,
        body: aKube({ name: "west", region: "us-west-2", zones: ["us-west-2a"] }),
      })
    ).json();
    const none = await create(aCluster({ region: "us-west-2" }));
    expect(none.json().errors[0]).toMatchObject({ pointer: "/region", code: "region_not_open" });
    const types = { zones: ["us-west-2a"], machine_types: ["m7i.xlarge"] };
    expect((await api.ask("POST", "/v1/admin/pools", { key, body: aPool(kube.id, types) })).statusCode).toBe(422);
    await api.owner.query(
      `insert into offering select 'us-west-2', 'us-west-2a', machine_type, price_micro_usd_per_hour, vcpu, memory_mib,
         ebs_volume_limit, ebs_volume_limit_type, architecture from offering where zone = 'us-east-1a'`,
    );
    expect((await api.ask("POST", "/v1/admin/pools", { key, body: aPool(kube.id, types) })).statusCode).toBe(201);
    const created = await create(aCluster({ region: "us-west-2" }));
    expect(created.statusCode, created.body).toBe(202);
    expect(created.json().spec.components[0].zones).toEqual(["us-west-2a"]);
  });
});

describe("GET /v1/clusters", () => {
  it("200: newest first, page after page, without deleted ones", async () => {
    const { key } = await api.newTenant();
    const names = ["one", "two", "three", "four", "five"];
    const ids: string[] = [];
    for (const name of names) ids.push((await create(aCluster({ name, instances: 1 }), { key })).json().id);
    await api.owner.query("update cluster set state = 'deleted', deleted_at = now() where id = $1", [ids[2]]);
    const found: string[] = [];
    let token = "";
    do {
      const page = await api.ask("GET", `/v1/clusters?limit=2${token}`, { key });
      found.push(...page.json().data.map((one: { name: string }) => one.name));
      token = page.json().next_page_token === null ? "" : `&page_token=${page.json().next_page_token}`;
    } while (token !== "");
    expect(found).toEqual(["five", "four", "two", "one"]);
    const deleted = await api.ask("GET", "/v1/clusters?state=deleted", { key });
    expect(deleted.json().data.map((one: { name: string }) => one.name)).toEqual(["three"]);
  });

  it("200: by name, project, state and labels", async () => {
    const { key, projectId } = await api.newTenant();
    await create(aCluster({ name: "red", instances: 1, labels: { colour: "red", tier: "a" } }), { key });
    await create(aCluster({ name: "blue", instances: 1, labels: { colour: "blue", tier: "a" } }), { key });
    const names = async (query: string) => {
      const answer = await api.ask("GET", `/v1/clusters?${query}`, { key });
      return answer.json().data.map((one: { name: string }) => one.name);
    };
    expect(await names("name=red")).toEqual(["red"]);
    expect(await names("label=colour:red&label=tier:a")).toEqual(["red"]);
    expect(await names("label=tier:a")).toEqual(["blue", "red"]);
    expect(await names("label=colour:red&label=colour:blue")).toEqual([]); // A label has one value.
    expect(await names(`project_id=${projectId}&state=creating`)).toHaveLength(2);
    expect(await names("state=running")).toEqual([]);
  });

  it("400: a token of another list, filter or organization, or none at all", async () => {
    const { key } = await api.newTenant();
    for (const name of ["a", "b"]) await create(aCluster({ name, instances: 1 }), { key });
    const token = (await api.ask("GET", "/v1/clusters?limit=1", { key })).json().next_page_token;
    for (const [asker, query] of [
      [key, `state=creating&page_token=${token}`],
      [api.stranger.key, `page_token=${token}`],
      [key, "page_token=junk"],
      [key, "page_token="],
      [key, `page_token=${token.slice(0, -1)}`],
    ]) {
      const answer = await api.ask("GET", `/v1/clusters?${query}`, { key: asker ?? "" });
      expect(answer.json().code, query).toBe("invalid_page_token");
    }
  });

  it.each(["label=no-colon", "state=sleeping", "project_id=1", "label="])("422: %s", async (query) => {
    expect((await get(`/v1/clusters?${query}`)).statusCode).toBe(422);
  });
});

describe("GET /v1/clusters/{cluster_id}", () => {
  it("304 while nothing has changed, 200 once something has", async () => {
    const { id } = (await create(aCluster())).json();
    const first = await get(`/v1/clusters/${id}`);
    expect(first.headers.etag).toBe('"g1.s0"');
    const again = await get(`/v1/clusters/${id}`, { "if-none-match": String(first.headers.etag) });
    expect(again.statusCode).toBe(304);
    expect(again.headers.etag).toBe(first.headers.etag);
    await api.owner.query("update cluster set status_version = 1, health = 'green' where id = $1", [id]);
    const changed = await get(`/v1/clusters/${id}`, { "if-none-match": String(first.headers.etag) });
    expect(changed.statusCode).toBe(200);
    expect(changed.json().status.health).toBe("green");
  });

  it("another ETag whenever anything but the time of the look is another, and the same one otherwise", async () => {
    const body = aCluster();
    const { id } = (await create(body)).json();
    const look = async () => {
      const answer = await get(`/v1/clusters/${id}`);
      const { status, ...rest } = answer.json();
      return { etag: answer.headers.etag, shown: { ...rest, status: { ...status, observed_at: null } } };
    };
    const remove = (query = "") => api.ask("DELETE", `/v1/clusters/${id}${query}`, { key: api.customer.key });
    const changes: [string, () => Promise<unknown>][] = [
      ["its operation begins", () => playWorker(api, id, {})],
      ["an instance starts", () => playWorker(api, id, { instance: "starting" })],
      ["and runs", () => playWorker(api, id, { instance: "running" })],
      ["it forms", () => asWorker(api, id, (store, lease) => store.recordFormed(lease, id, "u1"))],
      ["it has users", () => asWorker(api, id, (store, lease) => store.recordUsers(lease, id, []))],
      ["its operation ends", () => playWorker(api, id, { instance: "running", ended: "succeeded" })],
      ["it is well", () => playWorker(api, id, { instance: "running", state: "running", health: "green" })],
      ["it is being deleted", () => remove()],
      ["and at once", () => remove(`?purge=true&confirm=${body.name}`)],
      ["it is gone", () => asWorker(api, id, (store, lease) => store.recordDeleted(lease, id))],
    ];
    let before = await look();
    for (const [what, change] of changes) {
      await change();
      const after = await look();
      expect(after.shown, what).not.toEqual(before.shown);
      expect(after.etag, what).not.toBe(before.etag);
      before = after;
      if (what === "it is gone") break;
      await change();
      expect((await look()).etag, `${what}, said twice`).toBe(after.etag);
    }
  });

  it("200 with the guards and the failure that were recorded", async () => {
    const { id } = (await create(aCluster())).json();
    const guard = {
      name: "waiting_for_machine",
      subject: "data-0",
      since: "2026-11-24T00:00:00.000Z",
      hint: "A machine boots.",
    };
    await api.owner.query("update cluster set waiting_for = $2::jsonb, last_failure = $3::jsonb where id = $1", [
      id,
      JSON.stringify([guard]),
      JSON.stringify({ action: "apply_objects", message: "conflict" }),
    ]);
    const { status } = (await get(`/v1/clusters/${id}`)).json();
    expect(status.waiting_for).toEqual([guard]);
    expect(status.last_failure).toEqual({ code: "apply_objects", message: "conflict", retryable: false, at: null });
  });
});

describe("PATCH /v1/clusters/{cluster_id}", () => {
  const patch = (id: string, body: object, headers: Record<string, string> = {}) =>
    api.ask("PATCH", `/v1/clusters/${id}`, { key: api.customer.key, body, headers });

  it("200: the generation grows by one, and by none when nothing is changed", async () => {
    const { id } = (await create(aCluster())).json();
    const changed = await patch(id, { labels: { a: "b" }, deletion_protection: true });
    expect(changed.json()).toMatchObject({ generation: 2, labels: { a: "b" }, deletion_protection: true });
    expect(changed.headers.etag).toBe('"g2.s0"');
    expect((await patch(id, {})).json().generation).toBe(2);
  });

  it("200: merges labels, where null removes one, and null for all of them removes all", async () => {
    const { id } = (await create(aCluster({ labels: { a: "1", b: "2" } }))).json();
    expect((await patch(id, { labels: { b: null, c: "3" } })).json().labels).toEqual({ a: "1", c: "3" });
    expect((await patch(id, { labels: null })).json().labels).toEqual({});
    const many = Object.fromEntries(Array.from({ length: 64 }, (_, n) => [`l${n}`, "x"]));
    expect((await patch(id, { labels: many })).statusCode).toBe(200);
    expect((await patch(id, { labels: { more: "x" } })).json().errors[0]).toMatchObject({ pointer: "/labels" });
    expect((await patch(id, { labels: { l0: null, more: "x" } })).statusCode).toBe(200);
  });

  it("200: takes application/merge-patch+json, which no other method does", async () => {
    const { id } = (await create(aCluster())).json();
    const headers = { "content-type": "application/merge-patch+json" };
    expect((await patch(id, { deletion_protection: true }, headers)).json().deletion_protection).toBe(true);
    expect((await create(aCluster(), { headers })).json().code).toBe("unsupported_media_type");
  });

  it("200: another name; 409 name_taken for that of a live cluster, and nothing is changed", async () => {
    const first = (await create(aCluster())).json();
    const second = (await create(aCluster())).json();
    const name = `${first.name}-x`;
    expect((await patch(first.id, { name })).json()).toMatchObject({ name, generation: 2 });
    const refused = await patch(second.id, { name, labels: { a: "b" } });
    expect(refused.statusCode).toBe(409);
    expect(refused.json()).toMatchObject({ code: "name_taken", errors: [{ pointer: "/name" }] });
    expect((await get(`/v1/clusters/${second.id}`)).json()).toMatchObject({
      name: second.name,
      labels: {},
      generation: 1,
    });
    expect((await create(aCluster({ name: first.name }))).statusCode).toBe(202);
  });

  it("412 when it has changed since", async () => {
    const { id } = (await create(aCluster())).json();
    expect((await patch(id, { labels: {} }, { "if-match": '"g1.s9"' })).statusCode).toBe(200);
    const late = await patch(id, { labels: {} }, { "if-match": '"g1.s0"' });
    expect(late.statusCode).toBe(412);
  });

  it("409 once it is being deleted, 422 for what cannot be changed", async () => {
    const { id } = (await create(aCluster())).json();
    expect((await patch(id, { region: "other" })).json().errors[0]).toMatchObject({
      pointer: "/region",
      code: "unknown_field",
    });
    expect((await patch(id, { name: null })).json().errors[0]).toMatchObject({ pointer: "/name" });
    await api.ask("DELETE", `/v1/clusters/${id}`, { key: api.customer.key });
    expect((await patch(id, { labels: {} })).json().code).toBe("invalid_state");
  });
});

describe("DELETE /v1/clusters/{cluster_id}", () => {
  const remove = (id: string, query = "", headers: Record<string, string> = {}) =>
    api.ask("DELETE", `/v1/clusters/${id}${query}`, { key: api.customer.key, headers });
  const purgeInHours = (cluster: { purge_at: string; delete_requested_at: string }) =>
    (Date.parse(cluster.purge_at) - Date.parse(cluster.delete_requested_at)) / 3_600_000;

  it("202: ends the create that runs, keeps volumes for the grace period", async () => {
    const created = (await create(aCluster())).json();
    const answer = await remove(created.id);
    expect(answer.statusCode).toBe(202);
    expect(answer.json()).toMatchObject({
      generation: 2,
      status: { state: "deleting" },
      current_operation: { kind: "cluster.delete", state: "pending" },
    });
    expect(purgeInHours(answer.json())).toBe(72);
    const ended = await get(`/v1/operations/${created.current_operation.id}`);
    expect(ended.json()).toMatchObject({ state: "cancelled", error: { code: "cancelled" } });
  });

  it("202: asked again, the same operation; purge then ends the waiting", async () => {
    const body = aCluster();
    const { id } = (await create(body)).json();
    const first = await remove(id);
    const second = await remove(id);
    expect(second.headers["operation-location"]).toBe(first.headers["operation-location"]);
    expect(second.json().generation).toBe(2);
    const purged = await remove(id, `?purge=true&confirm=${body.name}`);
    expect(purged.headers["operation-location"]).toBe(first.headers["operation-location"]);
    expect(purgeInHours(purged.json())).toBeLessThan(1);
  });

  it("202: asked again once the volumes alone are left, the operation that ended; a purge then has one of its own", async () => {
    const body = aCluster();
    const { id } = (await create(body)).json();
    const first = (await remove(id)).json().current_operation.id;
    await playWorker(api, id, { ended: "succeeded" });
    const again = await remove(id);
    expect(again.headers["operation-location"]).toBe(`/v1/operations/${first}`);
    expect(again.json().current_operation).toBeNull();
    const purged = await remove(id, `?purge=true&confirm=${body.name}`);
    const second = purged.json().current_operation;
    expect(second).toMatchObject({ kind: "cluster.delete", state: "pending" });
    expect(second.id).not.toBe(first);
    expect(purged.headers["operation-location"]).toBe(`/v1/operations/${second.id}`);
    expect((await remove(id, `?purge=true&confirm=${body.name}`)).json().current_operation.id).toBe(second.id);
  });

  it("202: a purge is not over with a deletion that ends without having read it", async () => {
    const body = aCluster();
    const { id } = (await create(body)).json();
    const { current_operation } = (await remove(id)).json();
    await playWorker(api, id, {
      ended: "succeeded",
      meanwhile: () => remove(id, `?purge=true&confirm=${body.name}`),
    });
    expect((await get(`/v1/operations/${current_operation.id}`)).json().state).toBe("running");
    await playWorker(api, id, { ended: "succeeded" });
    expect((await get(`/v1/operations/${current_operation.id}`)).json().state).toBe("succeeded");
  });

  it("202: purge at once", async () => {
    const body = aCluster({ name: "with a space" });
    const { id } = (await create(body)).json();
    const answer = await remove(id, "?purge=true&confirm=with%20a%20space");
    expect(answer.statusCode).toBe(202);
    expect(purgeInHours(answer.json())).toBe(0);
  });

  it.each(["?purge=true", "?purge=true&confirm=other", "?purge=yes"])("422: %s, and nothing happens", async (query) => {
    const { id } = (await create(aCluster())).json();
    expect((await remove(id, query)).statusCode).toBe(422);
    expect((await get(`/v1/clusters/${id}`)).json().status.state).toBe("creating");
  });

  it("409: protected, or deleted already", async () => {
    const { id } = (await create(aCluster({ deletion_protection: true }))).json();
    expect((await remove(id)).json().code).toBe("deletion_protected");
    await api.owner.query("update cluster set deletion_protection = false, state = 'deleted' where id = $1", [id]);
    expect((await remove(id)).json().code).toBe("invalid_state");
  });

  it("412 when it has changed since", async () => {
    const { id } = (await create(aCluster())).json();
    expect((await remove(id, "", { "if-match": '"g9.s0"' })).statusCode).toBe(412);
  });
});

describe("POST /v1/clusters/{cluster_id}/restore", () => {
  const remove = (id: string, query = "") => api.ask("DELETE", `/v1/clusters/${id}${query}`, { key: api.customer.key });
  const restore = (id: string, over: object = {}) =>
    api.ask("POST", `/v1/clusters/${id}/restore`, { key: api.customer.key, ...over });
  /** Deleted, and stopped: its volumes alone are left. */
  const aStoppedCluster = async (key = api.customer.key) => {
    const { id, name } = (await api.ask("POST", "/v1/clusters", { key, body: aCluster() })).json();
    await api.ask("DELETE", `/v1/clusters/${id}`, { key });
    await playWorker(api, id, { ended: "succeeded", instance: "removed" });
    return { id, name } as { id: string; name: string };
  };

  it("202: takes the deletion back, by an operation of its own", async () => {
    const { id, name } = await aStoppedCluster();
    const answer = await restore(id);
    expect(answer.statusCode).toBe(202);
    const cluster = answer.json();
    expect(cluster).toMatchObject({
      id,
      name,
      generation: 3,
      delete_requested_at: null,
      purge_at: null,
      deleted_at: null,
      status: { state: "updating" },
      current_operation: { kind: "cluster.restore", state: "pending" },
    });
    expect(answer.headers.location).toBe(`/v1/clusters/${id}`);
    expect(answer.headers["operation-location"]).toBe(`/v1/operations/${cluster.current_operation.id}`);
    expect((await get(`/v1/clusters/${id}`)).json()).toEqual(cluster);
    const { progress } = (await get(`/v1/operations/${cluster.current_operation.id}`)).json();
    expect(progress.steps.map((step: { name: string }) => step.name)).toEqual([...OPERATION_STEPS["cluster.restore"]]);
    await playWorker(api, id, { state: "running", health: "green", ended: "succeeded" });
    expect((await get(`/v1/clusters/${id}`)).json()).toMatchObject({
      status: { state: "running" },
      current_operation: null,
    });
  });

  it("202: the same answer to a repetition, of many at once too; another request is refused", async () => {
    const { id } = await aStoppedCluster();
    const idempotencyKey = randomUUID();
    const answers = await Promise.all([1, 2, 3].map(() => restore(id, { idempotencyKey })));
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
    expect(answers[0]?.statusCode).toBe(202);
    const another = await restore(id);
    expect(another.json()).toMatchObject({
      code: "invalid_state",
      detail: "The cluster is not deleted: it is updating.",
    });
  });

  it("202: it can be deleted again, which ends the restore", async () => {
    const { id } = await aStoppedCluster();
    const operation = (await restore(id)).json().current_operation.id;
    const again = await remove(id);
    expect(again.json()).toMatchObject({
      status: { state: "deleting" },
      purge_at: expect.any(String),
      current_operation: { kind: "cluster.delete" },
    });
    expect((await get(`/v1/operations/${operation}`)).json().state).toBe("cancelled");
    await playWorker(api, id, { ended: "succeeded" });
    expect((await restore(id)).statusCode).toBe(202);
  });

  it("202: with the quota used up: in its grace period a cluster has kept its part, and its name", async () => {
    const { key, organizationId } = await api.newTenant({ maxClusters: 1 });
    const quotas = async () => (await api.ask("GET", `/v1/organizations/${organizationId}/quotas`, { key })).json();
    const { id, name } = await aStoppedCluster(key);
    const before = await quotas();
    expect(before.quotas).toContainEqual(expect.objectContaining({ name: "clusters", used: 1, limit: 1 }));
    const create = (body: object) => api.ask("POST", "/v1/clusters", { key, body });
    expect((await create(aCluster())).json().code).toBe("quota_exceeded");
    expect((await restore(id, { key })).statusCode).toBe(202);
    expect(await quotas()).toEqual(before);
    await api.owner.query("update organization set max_clusters = 2 where id = $1", [organizationId]);
    await api.ask("DELETE", `/v1/clusters/${id}`, { key });
    expect((await create(aCluster({ name }))).json().code).toBe("name_taken");
  });

  it("403 without clusters:write: to delete is not to bring up", async () => {
    const { id } = await aStoppedCluster();
    const key = await api.newKey(api.customer.organizationId, ["clusters:read", "clusters:delete"]);
    expect((await restore(id, { key })).json()).toMatchObject({ required_permissions: ["clusters:write"] });
  });

  it("409: not deleted", async () => {
    const { id } = (await create(aCluster())).json();
    const answer = await restore(id);
    expect(answer.statusCode).toBe(409);
    expect(answer.json()).toMatchObject({
      code: "invalid_state",
      detail: "The cluster is not deleted: it is creating.",
    });
  });

  it("409 operation_in_progress while the deletion runs, named by its id, and nothing is changed", async () => {
    const { id } = (await create(aCluster())).json();
    const deleted = (await remove(id)).json();
    const answer = await restore(id);
    expect(answer.statusCode).toBe(409);
    const operation_id = deleted.current_operation.id;
    expect(answer.json()).toMatchObject({ code: "operation_in_progress", operation_id, retryable: true });
    expect(answer.headers["retry-after"]).toBe("2");
    expect((await get(`/v1/clusters/${id}`)).json()).toEqual(deleted);
  });

  it("409: purged, or about to be", async () => {
    const { id, name } = await aStoppedCluster();
    await remove(id, `?purge=true&confirm=${name}`);
    const late = await restore(id);
    expect(late.json()).toMatchObject({
      code: "invalid_state",
      detail: "The grace period is over: the cluster's data is being removed.",
    });
    await asWorker(api, id, async (store, lease, cluster) => {
      await store.recordPurgeStarted(lease, cluster.id);
      await store.recordDeleted(lease, cluster.id);
    });
    expect((await restore(id)).json()).toMatchObject({
      code: "invalid_state",
      detail: "The cluster's data was removed: there is nothing to restore.",
    });
  });

  it("412 when it has changed since", async () => {
    const { id } = await aStoppedCluster();
    expect((await restore(id, { headers: { "if-match": '"g1.s0"' } })).statusCode).toBe(412);
    expect((await restore(id, { headers: { "if-match": '"g2.s0"' } })).statusCode).toBe(202);
  });
});

describe("parts of a cluster", () => {
  it("are listed by component and ordinal, and never name a machine", async () => {
    const { id } = (await create(aCluster())).json();
    await api.owner.query(
      "update instance set node_name = 'mac-canary', machine_id = 'mac_canary', state = 'running' where cluster_id = $1 and ordinal = 1",
      [id],
    );
    const components = (await get(`/v1/clusters/${id}/components`)).json().data;
    expect(components).toMatchObject([{ name: "data", instances: 3, running: 1 }]);
    const answer = await get(`/v1/clusters/${id}/instances`);
    expect(answer.json().data.map((one: { name: string; state: string }) => [one.name, one.state])).toEqual([
      ["data-0", "pending"],
      ["data-1", "running"],
      ["data-2", "pending"],
    ]);
    expect(answer.body).not.toContain("canary");
    const [first] = answer.json().data;
    expect((await get(`/v1/clusters/${id}/instances/${first.id}`)).json()).toEqual(first);
  });

  it("are 404 in a cluster that they are not of", async () => {
    const [one, other] = [(await create(aCluster())).json(), (await create(aCluster())).json()];
    const [instance] = (await get(`/v1/clusters/${one.id}/instances`)).json().data;
    expect((await get(`/v1/clusters/${other.id}/instances/${instance.id}`)).statusCode).toBe(404);
  });
});

describe("GET /v1/clusters/{cluster_id}/connection", () => {
  it("200: addresses of running instances, the CA once it is made, users that the engine knows", async () => {
    const created = (await create(aCluster())).json();
    const empty = (await get(`/v1/clusters/${created.id}/connection`)).json();
    expect(empty).toEqual({
      ready: false,
      endpoints: [],
      server_name: `http.cl-${created.id.slice(3)}.svc`,
      ca_certificate: null,
      usernames: [],
    });
    await api.owner.query(
      "update instance set pod_address = '127.20.0.5', state = 'running' where cluster_id = $1 and ordinal = 0",
      [created.id],
    );
    await api.owner.query("update cluster set engine_uuid = 'u', users_ready_at = now() where id = $1", [created.id]);
    await api.owner.query("update credential set state = 'active' where cluster_id = $1", [created.id]);
    const ready = (await get(`/v1/clusters/${created.id}/connection`)).json();
    expect(ready).toMatchObject({ ready: true, usernames: ["admin"] });
    expect(ready.endpoints).toMatchObject([{ url: "https://127.20.0.5:9200", instance: "data-0" }]);
  });
});
