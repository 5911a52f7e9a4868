import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aKube, aPool, KUBECONFIG, startTestApi, type TestApi, ZONES } from "../testing/test-api.ts";

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

const ask = (method: string, path: string, body?: unknown) =>
  api.ask(method, path, { key: api.operator.key, ...(body === undefined ? {} : { body }) });
const kubeconfig = (over: (config: ReturnType<typeof parsed>) => void) => {
  const config = parsed();
  over(config);
  return JSON.stringify(config);
};
const parsed = () => JSON.parse(KUBECONFIG);

describe("POST /v1/admin/kubes", () => {
  it("201: registered, its health unknown, its kubeconfig encrypted and never shown", async () => {
    const answer = await ask("POST", "/v1/admin/kubes", aKube({ name: "second", static: true }));
    expect(answer.statusCode).toBe(201);
    const kube = answer.json();
    expect(answer.headers.location).toBe(`/v1/admin/kubes/${kube.id}`);
    expect(kube).toMatchObject({
      static: true,
      simulated: true,
      api_server_url: "http://127.0.0.1:1",
      status: { health: "unknown", observed_at: null },
      pools: 0,
    });
    expect((await ask("GET", `/v1/admin/kubes/${kube.id}`)).json()).toEqual(kube);
    expect(JSON.stringify(kube)).not.toContain("canary");
    const dump = await api.owner.query(
      `select (select string_agg(s::text, '') from secret_value s) || (select string_agg(a::text, '') from audit_event a)
           || (select string_agg(r::text, '') from idempotency_record r) as text`,
    );
    expect(JSON.stringify(dump)).not.toContain("canary-kubeconfig-token");
    const audit = await api.owner.query("select action from audit_event where target_id = $1", [kube.id]);
    expect(audit).toEqual([{ action: "kube.create" }]);
  });

  it("409: the name is taken", async () => {
    const answer = await ask("POST", "/v1/admin/kubes", aKube({ name: "main" }));
    expect(answer.json()).toMatchObject({ code: "name_taken", errors: [{ pointer: "/name" }] });
  });

  it.each([
    ["no YAML", "a: [", "/kubeconfig", "not_yaml"],
    [
      "an exec plugin",
      kubeconfig((config) => (config.users[0].user.exec = { command: "sh" })),
      "/kubeconfig",
      "exec_plugin",
    ],
    ["a path", kubeconfig((config) => (config.users[0].user.tokenFile = "/etc/shadow")), "/kubeconfig", "file_path"],
    [
      "plain http elsewhere",
      kubeconfig((config) => (config.clusters[0].cluster.server = "http://10.0.0.1")),
      "/kubeconfig",
      "plain_http",
    ],
  ])("422: a kubeconfig with %s", async (_, text, pointer, code) => {
    const answer = await ask("POST", "/v1/admin/kubes", aKube({ name: "bad", kubeconfig: text }));
    expect(answer.statusCode).toBe(422);
    expect(answer.json().errors).toMatchObject([{ pointer, code }]);
  });

  it.each([
    [{ zones: [] }, "/zones"],
    [{ zones: ["a", "a"] }, "/zones/1"],
    [{ region: "a region" }, "/region"],
    [{ kubeconfig: "" }, "/kubeconfig"],
    [{ kubeconfig: "x".repeat(70_000) }, "/kubeconfig"],
  ])("422: %j", async (over, pointer) => {
    const answer = await ask("POST", "/v1/admin/kubes", aKube({ name: "bad", ...over }));
    expect(answer.json().errors[0].pointer).toBe(pointer);
  });
});

describe("GET /v1/admin/kubes", () => {
  it("200: with their counts, by region", async () => {
    const { data } = (await ask("GET", "/v1/admin/kubes?region=us-east-1&limit=1")).json();
    expect(data).toMatchObject([{ name: "main", zones: ZONES, pools: 1, machines: 0, clusters: 0 }]);
    expect((await ask("GET", "/v1/admin/kubes?region=mars-1")).json().data).toEqual([]);
  });
});

describe("pools", () => {
  const kubeId = async () => (await ask("GET", "/v1/admin/kubes?limit=1")).json().data[0].id;

  it("200: purchases that are held back are looked at again when a pool lets them be bought, and those of later months are not", async () => {
    const created = await ask("POST", "/v1/admin/pools", aPool(await kubeId(), { name: "buys" }));
    const plan = (id: string, due: string) =>
      api.owner.query(
        `insert into reservation_purchase (id, plan_id, purchase, part, product, region, machine_type, count, offering_class, term,
                                           payment_option, upfront_micro_usd, hourly_micro_usd, due_at, next_check_at)
         values ($1, $1, 0, 0, 'p', 'us-east-1', 'm7i.xlarge', 1, 'standard', '1y', 'no_upfront', 0, 1, now() + $2::interval, now() + interval '1 hour')`,
        [id, due],
      );
    await plan("rpu_held", "-1 minute");
    await plan("rpu_later", "30 days");
    const due = () => api.owner.query("select id from reservation_purchase where next_check_at <= now() order by id");
    await ask("PATCH", `/v1/admin/pools/${created.json().id}`, { max_machines: 3 });
    expect(await due()).toEqual([]);
    await ask("PATCH", `/v1/admin/pools/${created.json().id}`, { reservation_purchases: "on" });
    expect(await due()).toEqual([{ id: "rpu_held" }]);
    await api.owner.query("delete from reservation_purchase");
    await api.owner.query("delete from pool where id = $1", [created.json().id]);
  });

  it("201, 200: made with the schema's defaults, changed, listed", async () => {
    const created = await ask(
      "POST",
      "/v1/admin/pools",
      aPool(await kubeId(), { name: "memory", machine_types: ["r7i.2xlarge"] }),
    );
    expect(created.statusCode, created.body).toBe(201);
    const pool = created.json();
    expect(pool).toMatchObject({ instances_per_machine: 16, cpu_limit_percent: 400, max_machines: 1000, machines: 0 });
    const changed = await ask("PATCH", `/v1/admin/pools/${pool.id}`, {
      max_machines: 5,
      subnet_ids: { "us-east-1a": "subnet-0123456789abcdef0" },
      instance_profile: "berth-node",
    });
    expect(changed.json()).toMatchObject({
      max_machines: 5,
      machine_types: ["r7i.2xlarge"],
      instance_profile: "berth-node",
    });
    const cleared = await ask("PATCH", `/v1/admin/pools/${pool.id}`, { instance_profile: null });
    expect(cleared.json()).toMatchObject({ max_machines: 5, instance_profile: null });
    const policy = {
      max_price_per_hour: { amount: "40.000000000000", currency: "USD" },
      tenant_share_percent: 40,
      headroom_instances: 2,
      headroom_cpu_millis: 500,
      headroom_memory_bytes: 2 * 2 ** 30,
      held_zones: ["us-east-1a"],
    };
    expect(pool).toMatchObject({ max_price_per_hour: null, tenant_share_percent: 100, headroom_instances: 0 });
    expect((await ask("PATCH", `/v1/admin/pools/${pool.id}`, policy)).json()).toMatchObject(policy);
    const open = { ...policy, max_price_per_hour: null, held_zones: [] };
    const opened = await ask("PATCH", `/v1/admin/pools/${pool.id}`, open);
    expect(opened.json()).toMatchObject(open);
    expect((await ask("GET", `/v1/admin/pools/${pool.id}`)).json()).toEqual(opened.json());
    const listed = (await ask("GET", `/v1/admin/pools?kube_id=${await kubeId()}`)).json().data;
    expect(listed.map(({ name }: { name: string }) => name)).toEqual(["default", "memory"]);
    const [due] = await api.owner.query<{ due: boolean }>(
      "select next_check_at <= now() as due from kube where id = $1",
      [pool.kube_id],
    );
    expect(due).toEqual({ due: true });
  });

  it("409: the kube has a pool of that name", async () => {
    expect((await ask("POST", "/v1/admin/pools", aPool(await kubeId()))).json().code).toBe("name_taken");
  });

  it("one of twins at once is made, the other refused", async () => {
    const body = aPool(await kubeId(), { name: "twin" });
    const answers = await Promise.all([1, 2, 3, 4].map(() => ask("POST", "/v1/admin/pools", body)));
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([201, 409, 409, 409]);
  });

  it.each([
    [{ kube_id: "kub_01jd0v6m3pf8tb2k7n5xq4w9ze" }, "/kube_id", "unknown_kube"],
    [{ zones: ["us-east-1z"] }, "/zones/0", "unknown_zone"],
    [{ machine_types: ["m7i.xlarge", "m7i.typo"] }, "/machine_types/1", "unknown_machine_type"],
    [{ instances_per_machine: 0 }, "/instances_per_machine", "too_small"],
    [{ cpu_limit_percent: 99 }, "/cpu_limit_percent", "too_small"],
    [{ image_id: "ami-x; rm" }, "/image_id", "invalid_format"],
  ])("422: %j", async (over, pointer, code) => {
    const answer = await ask("POST", "/v1/admin/pools", aPool(await kubeId(), { name: "bad", ...over }));
    expect(answer.statusCode).toBe(422);
    expect(answer.json().errors).toMatchObject([{ pointer, code }]);
  });

  it("422: a change to a zone that the kube has not", async () => {
    const [pool] = (await ask("GET", "/v1/admin/pools")).json().data;
    const answer = await ask("PATCH", `/v1/admin/pools/${pool.id}`, { zones: ["us-east-1a", "nowhere"] });
    expect(answer.json().errors).toMatchObject([{ pointer: "/zones/1", code: "unknown_zone" }]);
  });
});

describe("machines and placement decisions", () => {
  it("200: what is on a machine, how it was launched, and why the instance is there", async () => {
    const customer = await api.ask("POST", "/v1/clusters", {
      key: api.customer.key,
      body: { name: "demo", region: "us-east-1", size: "8g", instances: 1 },
    });
    const [kube] = (await ask("GET", "/v1/admin/kubes?limit=1")).json().data;
    const [pool] = (await ask("GET", "/v1/admin/pools?limit=1")).json().data;
    const machineId = "mac_01jd0v6m3pf8tb2k7n5xq4w9ze";
    await api.owner.query(
      `insert into machine (id, kube_id, pool_id, state, node_name, zone, machine_type, price_micro_usd_per_hour, allocatable, attempt)
       values ($1, $2, $3, 'ready', 'mac-node', 'us-east-1a', 'm7i.xlarge', 201600,
               '{"cpuMilli": 3500, "memoryMib": 13000, "volumes": 25, "pods": 16}', 1)`,
      [machineId, kube.id, pool.id],
    );
    await api.owner.query(
      `insert into launch (id, machine_id, attempt, client_token, machine_type, zone, request, bootstrap_token_id, outcome)
       values ('lch_1', $1, 1, 'token', 'm7i.xlarge', 'us-east-1a', '{"canary": 1}', 'canary', 'launched')`,
      [machineId],
    );
    const [instance] = await api.owner.query<{ id: string; organization_id: string }>(
      "update instance set node_name = 'mac-node', machine_id = $2, state = 'running' where cluster_id = $1 returning id, organization_id",
      [customer.json().id, machineId],
    );
    const candidates = [
      {
        target: "mac-node",
        machineType: "m7i.xlarge",
        zone: "us-east-1a",
        poolId: pool.id,
        priceMicroUsdPerHour: 201600,
        score: 80000,
      },
      {
        target: "new r7i.2xlarge",
        machineType: "r7i.2xlarge",
        zone: "us-east-1a",
        poolId: pool.id,
        priceMicroUsdPerHour: 529200,
        rejection: { kind: "closed", because: "pool_full" },
      },
    ];
    await api.owner.query(
      `insert into placement_decision (id, kube_id, organization_id, cluster_id, instance_id, pod_uid, outcome, node_name, machine_id, candidates, verdict)
       values ('dec_01jd0v6m3pf8tb2k7n5xq4w9ze', $1, $2, $3, $4, 'uid', 'placed', 'mac-node', $5, $6::jsonb, 'bound')`,
      [kube.id, instance?.organization_id, customer.json().id, instance?.id, machineId, JSON.stringify(candidates)],
    );

    const machine = (await ask("GET", `/v1/admin/machines/${machineId}`)).json();
    expect(machine).toMatchObject({
      price_per_hour: { amount: "0.201600000000" },
      allocatable: { cpu_millis: 3500, memory_bytes: 13_000 * 2 ** 20, instances: 16 },
      requested: { cpu_millis: 1500, memory_bytes: 8192 * 2 ** 20, volumes: 1, instances: 1 },
      status: { state: "ready" },
      instances: [{ id: instance?.id, cluster_id: customer.json().id, name: "data-0", state: "running" }],
      launches: [{ attempt: 1, outcome: "launched" }],
    });
    expect(JSON.stringify(machine)).not.toContain("canary");
    const { instances: _, launches: __, ...summary } = machine;
    expect((await ask("GET", `/v1/admin/machines?pool_id=${pool.id}&zone=us-east-1a&state=ready`)).json().data).toEqual(
      [summary],
    );
    expect((await ask("GET", "/v1/admin/machines?zone=us-east-1b")).json().data).toEqual([]);

    const listed = (await ask("GET", `/v1/admin/placement_decisions?instance_id=${instance?.id}`)).json().data;
    expect(listed).toMatchObject([{ outcome: "placed", candidates: 2, verdict: "bound" }]);
    const decision = (await ask("GET", `/v1/admin/placement_decisions/${listed[0].id}`)).json();
    expect(decision.candidates).toMatchObject([
      { target: "mac-node", rejection: null, score: 80000, price_per_hour: { amount: "0.201600000000" } },
      { target: "new r7i.2xlarge", rejection: { kind: "closed", because: "pool_full" }, score: null },
    ]);
    expect((await ask("GET", "/v1/admin/placement_decisions?outcome=refused")).json().data).toEqual([]);

    const preview = await api.ask("POST", "/v1/clusters?dry_run=true", {
      key: api.stranger.key,
      body: { name: "next", region: "us-east-1", components: [{ name: "data", size: "4g", instances: 3 }] },
    });
    expect(
      preview
        .json()
        .placement.map((one: { zone: string; machine: string }) => [one.zone, one.machine])
        .sort(),
    ).toEqual([
      ["us-east-1a", "existing"],
      ["us-east-1b", "new"],
      ["us-east-1c", "new"],
    ]);
    expect(preview.body).not.toMatch(/mac-node|mac_/);
  });
});
