import { afterEach, describe, expect, test } from "vitest";
import { ARGUMENTS, LISTS, OPTIONS, UNGUESSABLE_ARGUMENTS, UNGUESSABLE_OPTIONS } from "./completion-sources.ts";
import type { Io } from "./io.ts";
import { type AnyCommand, buildProgram } from "./program.ts";
import { type FakeAnswer, type FakeRequest, startFakeApi } from "./test-support/fake-api.ts";
import { run } from "./test-support/run.ts";

let api: Awaited<ReturnType<typeof startFakeApi>>;
afterEach(() => api?.close());

const later = new Date(Date.now() + 3_600_000).toISOString();
const earlier = new Date(Date.now() - 3_600_000).toISOString();
const DELETED = [
  { id: "cl_kept", purge_at: later },
  { id: "cl_lost", purge_at: earlier },
];
const LIVE: Readonly<Record<string, readonly object[]>> = {
  "/v1/clusters": [{ id: "cl_1", name: "demo", purge_at: null }],
  "/v1/clusters/cl_1/credentials": [{ id: "crd_1", username: "reporting" }],
  "/v1/api_keys": [{ id: "key_1", name: "ci" }],
  "/v1/projects": [{ id: "prj_1", name: "search" }],
  "/v1/organizations/org_1/members": [{ id: "mem_1", email: "ada@example.com" }],
  "/v1/organizations/org_1/invitations": [{ id: "inv_1", email: "bob@example.com" }],
  "/v1/operations": [{ id: "op_1" }],
  "/v1/audit_events": [
    { id: "aud_1", action: "cluster.create", actor: { id: "key_9" }, target: { type: "cluster", id: "cl_9" } },
    { id: "aud_2", action: "cluster.create", actor: { id: "key_9" }, target: { type: "cluster", id: "cl_9" } },
  ],
  "/v1/admin/organizations": [{ id: "org_2" }],
  "/v1/admin/kubes": [{ id: "kube_1" }],
  "/v1/admin/pools": [{ id: "pool_1" }],
  "/v1/admin/price_books": [{ id: "pbk_1" }],
  "/v1/admin/price_readings": [{ id: "prd_1" }],
  "/v1/admin/rebalance_plans": [{ id: "rbp_1" }],
  "/v1/admin/machines": [{ id: "mach_1" }],
  "/v1/admin/placement_decisions": [{ id: "dec_1", cluster_id: "cl_8", instance_id: "ins_1" }],
  "/v1/regions": [{ name: "here", zones: ["a", "b"] }],
  "/v1/sizes": [{ name: "8g" }],
  "/v1/versions": [{ version: "8.19.21" }],
};

function answer({ path, query }: FakeRequest): FakeAnswer {
  if (path === "/v1/clusters/cl_1") return { body: { id: "cl_1", name: "demo" } };
  if (path === "/v1/me") return { body: { organization: { id: "org_1" } } };
  const data = path === "/v1/clusters" && query.get("state") === "deleted" ? DELETED : (LIVE[path] ?? []);
  return { body: { data, next_page_token: null } };
}

async function complete(line: string): Promise<string[]> {
  api = await startFakeApi(answer);
  const env = { COMP_LINE: line, COMP_POINT: String(line.length), COMP_CWORD: "1", SHELL: "fish" };
  const config = { BERTH_API_URL: api.url, BERTH_API_KEY: "x", BERTH_CONFIG: "/nonexistent/c" };
  const { code, out } = await run(["completion-server", "--"], { env: { ...env, ...config } });
  expect(code).toBe(0);
  return out.split("\n");
}

describe("completion", () => {
  test.each([
    ["berth ", "cluster"],
    ["berth cluster ", "create"],
    ["berth cluster get ", "demo"],
    ["berth cluster get ", "--output"],
    ["berth cluster restore ", "cl_kept"],
    ["berth credential create ", "demo"],
    ["berth credential create demo --role ", "read"],
    ["berth credential delete demo ", "reporting"],
    ["berth credential delete cl_1 ", "reporting"],
    ["berth key revoke ", "key_1"],
    ["berth member get ", "ada@example.com"],
    ["berth invitation get ", "bob@example.com"],
    ["berth project get ", "search"],
    ["berth operation watch ", "op_1"],
    ["berth audit get ", "aud_1"],
    ["berth admin organization suspend ", "org_2"],
    ["berth admin kube get ", "kube_1"],
    ["berth admin pool update ", "pool_1"],
    ["berth admin price-book get ", "pbk_1"],
    ["berth admin price-book reading ", "prd_1"],
    ["berth admin rebalance approve ", "rbp_1"],
    ["berth admin machine get ", "mach_1"],
    ["berth admin placement explain ", "dec_1"],
    ["berth api ", "PATCH"],
  ])("of %j offers %s", async (line, word) => {
    expect(await complete(line)).toContain(word);
  });

  test.each([
    ["berth cluster list --state ", ["creating", "running", "updating", "deleting", "deleted"]],
    ["berth cluster create --project ", ["prj_1"]],
    ["berth cluster create --version ", ["8.19.21"]],
    ["berth cluster create --size ", ["8g"]],
    ["berth cluster create --region ", ["here"]],
    ["berth key create ci --projects ", ["prj_1"]],
    ["berth key list --member ", ["mem_1"]],
    ["berth events --cluster ", ["demo"]],
    ["berth audit list --action ", ["cluster.create"]],
    ["berth audit list --actor ", ["key_9"]],
    ["berth admin placement list --instance ", ["ins_1"]],
    ["berth admin pool create --zones a,", ["a,b"]],
    ["berth admin audit list --organization ", ["org_2"]],
  ])("of %j offers %j and nothing else", async (line, words) => {
    expect(await complete(line)).toEqual([...words, ""]);
  });

  test("offers roles, names of quotas, and permissions that are not in the list yet", async () => {
    expect(await complete("berth member update ada@example.com --role ")).toContain("viewer");
    expect(await complete("berth admin organization update org_1 --quota ")).toContain("memory=");
    expect(await complete("berth key create ci --scopes clusters:re")).toContain("clusters:read");
    const more = await complete("berth key create ci --scopes clusters:read,cl");
    expect(more).toContain("clusters:read,clusters:write");
    expect(more).not.toContain("clusters:read,clusters:read");
  });

  test("does not offer clusters whose volumes are gone", async () => {
    expect(await complete("berth cluster restore ")).not.toContain("cl_lost");
  });

  test("without an API offers what it knows, and is no failure", async () => {
    api = await startFakeApi(() => (response) => response.destroy());
    const line = "berth cluster get ";
    const env = {
      COMP_LINE: line,
      COMP_POINT: String(line.length),
      COMP_CWORD: "3",
      SHELL: "zsh",
      BERTH_API_URL: api.url,
    };
    expect(await run(["completion-server", "--"], { env })).toMatchObject({ code: 0, err: "" });
  });
});

const SILENT = { out: () => {}, err: () => {} } as Partial<Io> as Io;

async function everyCommand(): Promise<AnyCommand[]> {
  const below = (command: AnyCommand): AnyCommand[] => [
    command,
    ...command.commands.flatMap((child) => below(child as AnyCommand)),
  ];
  return below(await buildProgram(SILENT, [], { everything: true }));
}

describe("every command", () => {
  test("has for each argument a source of completion, or it is named as one that only the person knows", async () => {
    const names = (await everyCommand()).flatMap((command) =>
      command.registeredArguments.filter((one) => one.argChoices === undefined).map((one) => one.name()),
    );
    const known = [...Object.keys(ARGUMENTS), ...UNGUESSABLE_ARGUMENTS];
    expect([...new Set(names)].sort()).toEqual([...known].sort());
  });

  test("has the same for each option that takes a value", async () => {
    const flags = (await everyCommand()).flatMap((command) =>
      command.options.filter((one) => one.required && one.argChoices === undefined).map((one) => one.flags),
    );
    const known = [...Object.keys(OPTIONS), ...UNGUESSABLE_OPTIONS];
    expect([...new Set(flags)].sort()).toEqual([...known].sort());
    expect(Object.keys(OPTIONS)).toEqual(expect.arrayContaining([...LISTS]));
  });
});
