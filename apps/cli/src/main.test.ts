import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { EXIT_CODES } from "./exit-codes.ts";
import { type FakeAnswer, type FakeRequest, problem, startFakeApi } from "./test-support/fake-api.ts";
import { run } from "./test-support/run.ts";

let api: Awaited<ReturnType<typeof startFakeApi>> | undefined;
afterEach(async () => {
  await api?.close();
  api = undefined;
});

async function berth(words: readonly string[], answer: (request: FakeRequest) => FakeAnswer) {
  api = await startFakeApi(answer);
  return run(words, { env: { BERTH_API_URL: api.url, BERTH_API_KEY: "berth_live_x", BERTH_CONFIG: "/nonexistent/c" } });
}

describe("a refusal of the API", () => {
  test.each([
    [400, "malformed_json", EXIT_CODES.usage],
    [401, "invalid_credentials", EXIT_CODES.authentication],
    [403, "insufficient_scope", EXIT_CODES.authentication],
    [404, "not_found", EXIT_CODES.notFound],
    [409, "name_taken", EXIT_CODES.conflict],
    [412, "precondition_failed", EXIT_CODES.conflict],
    [422, "validation_failed", EXIT_CODES.usage],
    [422, "quota_exceeded", EXIT_CODES.quota],
    [429, "rate_limited", EXIT_CODES.quota],
    [500, "internal", EXIT_CODES.failure],
  ])("%i %s ends with exit code %i, and nothing on stdout", async (status, problemCode, code) => {
    const result = await berth(["whoami"], () => problem(status, problemCode));
    expect(result).toMatchObject({ code, out: "" });
    expect(result.err).toMatch(/^error: \w+: detail of /);
  });

  test("is printed unchanged with -o json", async () => {
    const answer = problem(422, "topology_invalid", {
      errors: [{ pointer: "/zones", code: "c", detail: "why" }],
      extra: 1,
    });
    const { err, out, code } = await berth(["cluster", "list", "-o", "json"], () => answer);
    expect({ code, out }).toEqual({ code: EXIT_CODES.usage, out: "" });
    expect(JSON.parse(err)).toEqual((answer as { body: unknown }).body);
  });

  test("names each fault and where it is", async () => {
    const errors = [{ pointer: "/components/0/size", code: "unknown_size", detail: "No such size." }];
    const { err } = await berth(["whoami"], () => problem(422, "validation_failed", { errors }));
    expect(err).toContain("/components/0/size  No such size.");
  });
});

describe("a refusal says where to look next:", () => {
  test.each([
    [422, "quota_exceeded", ["whoami"], "See: berth quota list\n"],
    [422, "spend_cap_exceeded", ["whoami"], "berth organization update --max-price-per-hour USD\n"],
    [403, "organization_suspended", ["whoami"], "Its clusters run on"],
    [
      409,
      "name_taken",
      ["cluster", "create", "demo", "--region", "here", "--size", "8g", "--instances", "1"],
      "See: berth cluster list. A deleted cluster keeps its name",
    ],
  ])("%i %s", async (status, problemCode, words, hint) => {
    const { err } = await berth(words, () => problem(status, problemCode));
    expect(err).toContain(hint);
  });

  test("a project's taken name says nothing of clusters", async () => {
    const { err } = await berth(["project", "create", "search"], () => problem(409, "name_taken"));
    expect(err).toBe("error: name_taken: detail of name_taken\n");
  });
});

describe("a wrong command line", () => {
  test.each([
    [["clster"]],
    [["cluster", "lst"]],
    [["cluster"]],
    [["cluster", "get"]],
    [["cluster", "get", "a", "b"]],
    [["cluster", "list", "--stat"]],
    [["cluster", "list", "--state", "odd"]],
    [["cluster", "list", "-o", "xml"]],
    [["cluster", "create", "x", "--instances", "9007199254740993"]],
    [["api", "FETCH", "/v1/me"]],
    [["key", "create", "x", "--scopes", "clusters:everything"]],
    [["key", "create", "x", "--expires-in", "soon"]],
    [["organization", "update"]],
    [["organization", "update", "--max-price-per-hour", "cheap"]],
    [["admin", "organization", "create", "Acme"]],
    [["admin", "organization", "update", "org_1", "--quota", "nodes=3"]],
    [["admin", "organization", "suspend", "org_1"]],
    [["cluster", "delete", "x", "--purge", "--confirm", "y"]],
  ])("%j is a usage error", async (words) => {
    const cluster = { id: "cl_1", name: "x" };
    const result = await berth(words, () => ({ body: { data: [cluster], next_page_token: null } }));
    expect(result).toMatchObject({ code: EXIT_CODES.usage, out: "" });
    expect(result.err).not.toBe("");
    expect(api?.requests.filter(({ method }) => method !== "GET")).toEqual([]);
  });

  test("is a problem object with -o json", async () => {
    const { err } = await run(["cluster", "lst", "-o", "json"]);
    expect(JSON.parse(err)).toMatchObject({ code: "cli_usage" });
  });
});

test("help and version are data, and no failure", async () => {
  expect(await run(["--help"])).toMatchObject({ code: 0, err: "" });
  expect(await run([])).toMatchObject({ code: 0, err: "" });
  expect(await run(["cluster", "create", "--help"])).toMatchObject({ code: 0, err: "" });
  expect((await run(["--version"])).out).toMatch(/^berth \d+\.\d+\.\d+\n$/);
});

test("an API that is not there is a failure that names its address", async () => {
  const result = await run(["whoami"], { env: { BERTH_API_URL: "not a url", BERTH_API_KEY: "x" } });
  expect(result).toMatchObject({ code: EXIT_CODES.usage, out: "" });
});

test("lists walk all pages, keep to the limit and say where to go on", async () => {
  const clusters = Array.from({ length: 5 }, (_, index) => ({ id: `cl_${index}` }));
  const pages = ({ query }: FakeRequest): FakeAnswer => {
    const start = Number(query.get("page_token") ?? 0);
    const end = start + Math.min(2, Number(query.get("limit")));
    return { body: { data: clusters.slice(start, end), next_page_token: end < 5 ? String(end) : null } };
  };
  const all = await berth(["cluster", "list", "-o", "name"], pages);
  expect(all.out).toBe("cl_0\ncl_1\ncl_2\ncl_3\ncl_4\n");
  await api?.close();
  const some = await berth(["cluster", "list", "-o", "json", "--limit", "3"], pages);
  expect(JSON.parse(some.out)).toEqual({ data: clusters.slice(0, 3), next_page_token: "3" });
});

test("a cluster is found by its name; an unknown one is not found", async () => {
  const none = await berth(["cluster", "get", "demo"], () => ({ body: { data: [], next_page_token: null } }));
  expect(none).toMatchObject({ code: EXIT_CODES.notFound, out: "" });
  expect(api?.requests[0]?.query.get("name")).toBe("demo");
});

test("a new key's text is data, and that it is shown once is said beside it", async () => {
  const made = { id: "key_1", name: "ci", key: "berth_live_secret", scopes: ["clusters:read"], expires_at: null };
  const limits = { project_ids: [], cluster_ids: [], cidrs: [], previous: { id: "key_0", state: "revoked" } };
  const answer = () => ({ status: 201, body: { ...made, ...limits } });
  const created = await berth(["key", "create", "ci", "--scopes", "clusters:read", "--no-personal"], answer);
  expect(api?.requests.at(-1)?.body).toEqual({ name: "ci", scopes: ["clusters:read"], personal: false });
  expect(created.out).toContain("berth_live_secret");
  expect(created.err).toContain("shown this once");
  expect(created.err).not.toContain("berth_live_secret");
  await api?.close();
  const json = await berth(["key", "create", "ci", "-o", "json"], answer);
  expect(JSON.parse(json.out).key).toBe("berth_live_secret");
  expect(api?.requests.at(-1)?.body).toEqual({ name: "ci" });
  await api?.close();
  const rotated = await berth(["key", "rotate", "key_0", "--overlap", "2h"], answer);
  expect(api?.requests.at(-1)).toMatchObject({ path: "/v1/api_keys/key_1/rotate", body: { overlap_seconds: 7200 } });
  expect(rotated.err).toContain("The old key key_0 is revoked.");
});

test("a key is revoked by its id without a look at it: it may be one that cannot read keys", async () => {
  const result = await berth(["key", "revoke", "key_1"], () => ({ body: { id: "key_1", name: "ci" } }));
  expect(result).toMatchObject({ code: 0, out: "ci (key_1) is revoked\n" });
  expect(api?.requests.map(({ method, path }) => [method, path])).toEqual([["DELETE", "/v1/api_keys/key_1"]]);
});

test("a project is found by its name before it is changed; a deletion has nothing on stdout", async () => {
  const answer = ({ method }: FakeRequest): FakeAnswer =>
    method === "DELETE"
      ? { status: 204 }
      : { body: method === "PATCH" ? { id: "prj_1" } : { data: [{ id: "prj_1" }], next_page_token: null } };
  expect(await berth(["project", "rename", "old", "new", "-o", "name"], answer)).toMatchObject({ out: "prj_1\n" });
  expect(api?.requests.at(-1)).toMatchObject({ method: "PATCH", path: "/v1/projects/prj_1", body: { name: "new" } });
  await api?.close();
  expect(
    await berth(["project", "delete", "prj_1", "-o", "json"], ({ method }) =>
      method === "DELETE" ? { status: 204 } : { body: { id: "prj_1", name: "old" } },
    ),
  ).toMatchObject({ code: 0, out: "", err: "old (prj_1) is gone.\n" });
});

describe("an organization", () => {
  const use = { limit: 20, used: 5 };
  const bytes = { limit: 2 ** 41, used: 2 ** 40 };
  const quotas = {
    clusters: use,
    instances: use,
    memory_bytes: bytes,
    storage_bytes: bytes,
    projects: use,
    members: use,
    api_keys: use,
  };
  const usd = (amount: string) => ({ amount, currency: "USD" });
  const acme = {
    id: "org_1",
    name: "Acme",
    kind: "customer",
    state: "active",
    suspension: null,
    quotas,
    spend: { cap: null, used: usd("0.528000000000") },
    created_at: "2026-11-01T00:00:00.000Z",
  };
  const ours = ({ path }: FakeRequest, body: object = acme): FakeAnswer => ({
    body: path === "/v1/me" ? { organization: { id: "org_1", name: "Acme" } } : body,
  });

  test("is made with quotas, and its first owner's token is data", async () => {
    const invitation = { email: "ada@example.com", expires_at: "2026-12-05T00:00:00.000Z", token: "berth_invite_x" };
    const made = await berth(
      [
        "admin",
        "organization",
        "create",
        "Acme",
        "--owner",
        "ada@example.com",
        "--quota",
        "clusters=10",
        "--quota",
        "memory=64g",
      ],
      () => ({ status: 201, body: { ...acme, invitation } }),
    );
    expect(api?.requests.at(-1)?.body).toEqual({
      name: "Acme",
      owner_email: "ada@example.com",
      quotas: { clusters: { limit: 10 }, memory_bytes: { limit: 64 * 2 ** 30 } },
    });
    expect(made.out).toContain("berth_invite_x");
    expect(made.err).not.toContain("berth_invite_x");
  });

  test("is found by its name; several of a name are told apart by their ids alone", async () => {
    const list = (...data: object[]) => ({ body: { data, next_page_token: null } });
    const words = ["admin", "organization", "update", "Acme", "--quota", "keys=3", "-o", "name"];
    const updated = await berth(words, ({ method }) => (method === "PATCH" ? { body: acme } : list(acme)));
    expect(updated).toMatchObject({ code: 0, out: "org_1\n" });
    expect(api?.requests.at(-1)).toMatchObject({
      path: "/v1/admin/organizations/org_1",
      body: { quotas: { api_keys: { limit: 3 } } },
    });
    await api?.close();
    const twice = await berth(words, () => list(acme, { ...acme, id: "org_2" }));
    expect(twice).toMatchObject({ code: EXIT_CODES.usage, out: "" });
    expect(twice.err).toContain("org_1, org_2");
  });

  test("is suspended for a reason, and shows it", async () => {
    const suspension = { since: "2026-11-28T00:00:00.000Z", reason: "invoice" };
    const answer = ({ method }: FakeRequest): FakeAnswer => ({
      body: method === "POST" ? { ...acme, state: "suspended", suspension } : acme,
    });
    const { out } = await berth(["admin", "organization", "suspend", "org_1", "--reason", "invoice"], answer);
    expect(api?.requests.at(-1)).toMatchObject({
      path: "/v1/admin/organizations/org_1/suspend",
      body: { reason: "invoice" },
    });
    expect(out).toContain("suspended since 2026-11-28T00:00:00.000Z: invoice");
  });

  test("of one's own is renamed, or capped with the price exactly as it was written", async () => {
    await berth(["organization", "update", "--name", "New"], (request) => ours(request, acme));
    expect(api?.requests.slice(1)).toMatchObject([{ path: "/v1/organizations/org_1", body: { name: "New" } }]);
    await api?.close();
    await berth(["organization", "update", "--max-price-per-hour", "12.50"], (request) => ours(request, acme));
    expect(api?.requests.slice(1)).toMatchObject([
      { path: "/v1/organizations/org_1/spend_cap", body: { max_price_per_hour: usd("12.50") } },
    ]);
    await api?.close();
    await berth(["organization", "update", "--max-price-per-hour", "none"], (request) =>
      ours(request, { ...acme, max_price_per_hour: null }),
    );
    expect(api?.requests.at(-1)?.body).toEqual({ max_price_per_hour: null });
  });

  test("of one's own is not renamed and capped at once, as half of it could fail: nothing is asked for", async () => {
    const words = ["organization", "update", "--name", "New", "--max-price-per-hour", "12.50"];
    const { code, err } = await berth(words, (request) => ours(request, acme));
    expect({ code, requests: api?.requests }).toEqual({ code: EXIT_CODES.usage, requests: [] });
    expect(err).toContain("Run it once with each.");
  });

  test("shows its quotas with what is used of each, and what its clusters cost", async () => {
    const entries = Object.entries(quotas).map(([name, one]) => ({ name, ...one }));
    const body = { quotas: entries, spend: { cap: usd("1.056000000000"), used: usd("0.528000000000") } };
    const { out } = await berth(["quota", "list"], (request) => ours(request, body));
    expect(out.split("\n").map((line) => line.split(/ +/).join(" "))).toEqual([
      "QUOTA USED LIMIT USED%",
      "clusters 5 20 25%",
      "instances 5 20 25%",
      "memory 1TiB 2TiB 50%",
      "storage 1TiB 2TiB 50%",
      "projects 5 20 25%",
      "members 5 20 25%",
      "keys 5 20 25%",
      "$/hour $0.528 $1.056 50%",
      "",
    ]);
  });
});

describe("an invitation", () => {
  const accepted = {
    organization: { id: "org_1", name: "acme" },
    member: { id: "mem_1", email: "ada@example.com", role: "viewer" },
    api_key: { id: "key_1", expires_at: "2027-01-01T00:00:00.000Z", key: "berth_live_new" },
  };
  const accept = async (words: readonly string[], env: Record<string, string>, stdin?: string) => {
    api = await startFakeApi(() => ({ status: 201, body: accepted }));
    const all = ["invitation", "accept", "--name", "Ada", "--api-url", api.url, ...words];
    return run(all, { env: { BERTH_CONFIG: "/nonexistent/c", ...env }, ...(stdin === undefined ? {} : { stdin }) });
  };

  test("is accepted without a key, with a token from stdin or the environment, and its key is printed", async () => {
    const piped = await accept(["--token-stdin"], {}, "berth_invite_x\n");
    expect(piped).toMatchObject({ code: 0, out: expect.stringContaining("berth_live_new") });
    const [request] = api?.requests ?? [];
    expect(request).toMatchObject({ path: "/v1/invitations/accept", body: { token: "berth_invite_x", name: "Ada" } });
    expect(request?.headers.authorization).toBeUndefined();
    expect(request?.headers["idempotency-key"]).toBeDefined();
    await api?.close();
    const json = await accept(["-o", "json"], { BERTH_INVITATION_TOKEN: "berth_invite_y" });
    expect(JSON.parse(json.out)).toEqual(accepted);
  });

  test("is not accepted without a token", async () => {
    expect(await accept([], {})).toMatchObject({ code: EXIT_CODES.usage, out: "" });
    expect(api?.requests).toEqual([]);
  });

  test("that is accepted with --login leaves the key in the context file, and nowhere else", async () => {
    const folder = mkdtempSync(join(tmpdir(), "berth-cli-"));
    const config = join(folder, "contexts.yaml");
    const env = { BERTH_CONFIG: config, BERTH_INVITATION_TOKEN: "berth_invite_z" };
    const { code, out, err } = await accept(["--login", "acme"], env);
    expect({ code, seen: (out + err).includes("berth_live_new") }).toEqual({ code: 0, seen: false });
    expect(readFileSync(config, "utf8")).toContain("berth_live_new");
    rmSync(folder, { recursive: true });
  });
});

describe("a deleted cluster", () => {
  const purgeAt = new Date(Date.now() + 3_600_000).toISOString();
  const aCluster = (state: string, over: object = {}) => ({
    id: "cl_1",
    name: "demo",
    status: { state },
    purge_at: null,
    current_operation: null,
    ...over,
  });
  const answering =
    (found: object, answer: FakeAnswer) =>
    ({ method }: FakeRequest): FakeAnswer =>
      method === "GET" ? { body: { data: [found], next_page_token: null } } : answer;

  test("is said to come back by which command, and until when, and what ends it at once", async () => {
    const over = { name: "search logs" };
    const deleted = aCluster("deleting", { ...over, purge_at: purgeAt, current_operation: { id: "op_1" } });
    const { out, err } = await berth(
      ["cluster", "delete", "search logs"],
      answering(aCluster("running", over), { status: 202, body: deleted }),
    );
    expect(out).toBe("search logs (cl_1) is being deleted\n");
    expect(err.split("\n")).toEqual([
      "Watch with: berth operation watch op_1",
      `Its volumes go at ${purgeAt}. Until then it counts against quotas and keeps its name.`,
      "Bring it back: berth cluster restore cl_1",
      "End it now: berth cluster delete cl_1 --purge --confirm 'search logs'",
      "",
    ]);
  });

  test.each([
    [[], purgeAt, "It runs no more."],
    [["--purge", "--confirm", "demo"], purgeAt, "It is gone."],
  ])("with --wait %j is at the end what it says", async (words, purge_at, end) => {
    const deleted = aCluster("deleting", { purge_at, current_operation: { id: "op_1" } });
    const operation = { id: "op_1", kind: "cluster.delete", state: "succeeded", target: {}, progress: { steps: [] } };
    const { code, err } = await berth(["cluster", "delete", "demo", "--wait", ...words], (request) =>
      request.path.startsWith("/v1/operations")
        ? { body: operation }
        : answering(aCluster("running"), { status: 202, body: deleted })(request),
    );
    expect({ code, says: ["It runs no more.", "It is gone."].filter((text) => err.includes(text)) }).toEqual({
      code: 0,
      says: [end],
    });
    expect(err.includes("Its volumes go at")).toBe(end !== "It is gone.");
  });

  test("is found by its name and restored", async () => {
    const found = aCluster("deleting", { purge_at: purgeAt });
    const restored = aCluster("updating", { current_operation: { id: "op_2" } });
    const { out, err } = await berth(["cluster", "restore", "demo"], answering(found, { status: 202, body: restored }));
    expect(out).toBe("demo (cl_1) is being restored\n");
    expect(err).toBe("Watch with: berth operation watch op_2\n");
    expect(api?.requests.at(-1)).toMatchObject({ method: "POST", path: "/v1/clusters/cl_1/restore" });
    expect(api?.requests.at(-1)?.headers["idempotency-key"]).toBeDefined();
  });

  test.each([
    ["running", "invalid_state", {}, "See: berth cluster describe cl_1\n"],
    ["deleted", "invalid_state", {}, "detail of invalid_state\nMake a new one: berth cluster create demo\n"],
    [
      "deleting",
      "invalid_state",
      {},
      "berth cluster wait cl_1 --for deleted\nMake a new one: berth cluster create demo\n",
    ],
    ["deleting", "operation_in_progress", { operation_id: "op_1" }, "berth operation watch op_1"],
  ])("that is %s and refused with %s: what to do next is said", async (state, code, more, command) => {
    const result = await berth(["cluster", "restore", "demo"], answering(aCluster(state), problem(409, code, more)));
    expect(result).toMatchObject({ code: EXIT_CODES.conflict, out: "" });
    expect(result.err).toContain(`detail of ${code}`);
    expect(result.err).toContain(command);
  });
});

test("the key goes into the header of the request and nowhere else", async () => {
  const { out, err } = await berth(["whoami"], () => problem(500, "internal", { request_id: "req_1" }));
  expect(api?.requests[0]?.headers.authorization).toBe("Bearer berth_live_x");
  expect(out + err).not.toContain("berth_live_x");
});

test("api sends what it is given and prints the answer's body", async () => {
  const words = ["api", "post", "/v1/x?y=1", "--body", '{"a":[1]}'];
  const { out } = await berth(words, ({ method, path, query, body }) => ({
    body: { method, path, y: query.get("y"), body },
  }));
  expect(JSON.parse(out)).toEqual({ method: "POST", path: "/v1/x", y: "1", body: { a: [1] } });
});

test.each(["bash", "zsh", "fish"])("completion prints a script for %s", async (shell) => {
  const { out, code } = await run(["completion", shell]);
  expect(code).toBe(0);
  expect(out).toContain("berth completion-server");
});
