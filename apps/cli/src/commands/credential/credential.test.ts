import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { EXIT_CODES } from "../../exit-codes.ts";
import { type FakeAnswer, problem, startFakeApi } from "../../test-support/fake-api.ts";
import { run } from "../../test-support/run.ts";

const CREDENTIALS = "/v1/clusters/cl_1/credentials";
const admin = {
  id: "crd_1",
  cluster_id: "cl_1",
  username: "admin",
  role: "admin",
  hint: "wxyz",
  state: "active",
  created_at: "2026-11-28T00:00:00Z",
};
const reporting = { ...admin, id: "crd_2", username: "reporting", role: "read" };
const OPERATION = { current_operation: { id: "op_1" } };

let api: Awaited<ReturnType<typeof startFakeApi>>;
afterEach(() => api.close());

async function credential(words: readonly string[], answer: FakeAnswer = { body: { data: [admin, reporting] } }) {
  api = await startFakeApi(({ method, path }) => {
    if (path === "/v1/clusters") return { body: { data: [{ id: "cl_1", name: "demo" }], next_page_token: null } };
    return method === "GET" ? { body: { data: [admin, reporting] } } : answer;
  });
  return run(["credential", ...words], { env: { BERTH_API_URL: api.url, BERTH_API_KEY: "x" } });
}
const last = () => api.requests.at(-1);

test("the users of a cluster are listed with the end of their passwords", async () => {
  const { code, out } = await credential(["list", "demo"]);
  expect({ code, path: last()?.path }).toEqual({ code: 0, path: CREDENTIALS });
  expect(out).toMatch(/^reporting +read +active +…wxyz +\S+ +crd_2$/m);
});

test.each(["reporting", "crd_2"])("one user is shown, found by %s", async (reference) => {
  const { code, out } = await credential(["get", "demo", reference]);
  expect(code).toBe(0);
  expect(out).toMatch(/^reporting +read +active +…wxyz +\S+ +crd_2$/m);
  expect(out).not.toContain("crd_1");
});

test("a new user is what was asked for, and its password is shown", async () => {
  const made = { status: 202, body: { ...reporting, password: "secret", ...OPERATION } };
  const { code, out, err } = await credential(["create", "demo", "--username", "reporting", "--role", "read"], made);
  expect(code).toBe(0);
  expect(last()).toMatchObject({ method: "POST", path: CREDENTIALS, body: { username: "reporting", role: "read" } });
  expect(last()?.headers["idempotency-key"]).toBeDefined();
  expect(out).toContain("secret   (shown this once)");
  expect(err).toBe("Watch with: berth operation watch op_1\n");
});

test("a password goes into a file instead, which is not there after a refusal", async () => {
  const folder = mkdtempSync(join(tmpdir(), "berth-cli-"));
  const [file, other] = [join(folder, "kept"), join(folder, "refused")];
  const made = { status: 202, body: { ...reporting, password: "secret", ...OPERATION } };
  const { out } = await credential(["create", "demo", "--credential-file", file], made);
  expect(last()?.body).toEqual({});
  expect(out).not.toContain("secret");
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ username: "reporting", password: "secret" });
  await api.close();
  const full = problem(422, "quota_exceeded", { quota: "credentials" });
  const refused = await credential(["create", "demo", "--credential-file", other], full);
  expect(refused).toMatchObject({ code: EXIT_CODES.quota, out: "" });
  expect(refused.err).toContain("See: berth credential list CLUSTER\n");
  expect(() => statSync(other)).toThrow();
  rmSync(folder, { recursive: true });
});

test.each(["reporting", "crd_2"])("a user is deleted by %s", async (reference) => {
  const { code, out } = await credential(["delete", "demo", reference], {
    status: 202,
    body: { ...reporting, state: "deleting", ...OPERATION },
  });
  expect({ code, out }).toEqual({ code: 0, out: "reporting (crd_2) is being deleted\n" });
  expect(last()).toMatchObject({ method: "DELETE", path: `${CREDENTIALS}/crd_2` });
});

test("a user that the cluster does not have is not found, and nothing is deleted", async () => {
  expect(await credential(["delete", "demo", "nobody"])).toMatchObject({ code: EXIT_CODES.notFound, out: "" });
  expect(last()?.method).toBe("GET");
});
