import { chmodSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EXIT_CODES } from "../exit-codes.ts";
import { problem, startFakeApi } from "../test-support/fake-api.ts";
import { run } from "../test-support/run.ts";

let folder: string;
let file: string;
let api: Awaited<ReturnType<typeof startFakeApi>>;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "berth-cli-"));
  file = join(folder, "deep", "contexts.yaml");
  api = await startFakeApi(({ headers }) =>
    headers.authorization === "Bearer bad"
      ? problem(401, "invalid_credentials")
      : { body: { principal: { id: "key_1", name: "laptop" }, organization: { id: "org_1", name: "acme" } } },
  );
});
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  await api.close();
});

const berth = (words: readonly string[], env: Record<string, string> = {}, stdin = "") =>
  run(words, { env: { BERTH_CONFIG: file, ...env }, stdin });
const logIn = (name: string, key: string) =>
  berth(["login", "--name", name, "--api-url", api.url, "--api-key-stdin"], {}, `${key}\n`);

test("login remembers the key in a file that only its owner can read, and uses it from then on", async () => {
  expect(await logIn("one", "good")).toMatchObject({ code: 0, out: "" });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect((await berth(["context", "show"])).out).toContain(api.url);
});

test("login refuses a key that does not work and remembers nothing", async () => {
  expect((await logIn("one", "bad")).code).toBe(EXIT_CODES.authentication);
  expect((await berth(["context", "list", "-o", "name"])).out).toBe("");
});

test("login where no context file can be written says what to set instead", async () => {
  const env = { BERTH_CONFIG: "/proc/contexts.yaml" };
  const { code, out, err } = await berth(["login", "--api-url", api.url, "--api-key-stdin"], env, "good\n");
  expect({ code, out }).toEqual({ code: EXIT_CODES.failure, out: "" });
  expect(err).toContain("cannot write /proc/contexts.yaml");
  expect(err).toContain("BERTH_API_KEY instead of a login");
});

test("contexts are listed, chosen and forgotten by name", async () => {
  await logIn("one", "good");
  await logIn("two", "also");
  expect((await berth(["context", "list", "-o", "name"])).out).toBe("one\ntwo\n");
  await berth(["context", "use", "one"]);
  expect(JSON.parse((await berth(["context", "show", "-o", "json"])).out).name).toBe("one");
  expect(JSON.parse((await berth(["context", "show", "-o", "json", "--context", "two"])).out).name).toBe("two");
  await berth(["context", "remove", "one"]);
  expect((await berth(["context", "show"])).code).toBe(EXIT_CODES.authentication);
  expect((await berth(["context", "use", "one"])).code).toBe(EXIT_CODES.notFound);
});

test("the environment wins over the file, a context asked for by name over both", async () => {
  await logIn("one", "good");
  const env = { BERTH_API_URL: "http://127.0.0.1:9", BERTH_API_KEY: "other-key" };
  const shown = async (words: string[]) => JSON.parse((await berth([...words, "-o", "json"], env)).out);
  expect(await shown(["context", "show"])).toMatchObject({ name: "environment", api_url: env.BERTH_API_URL });
  expect(await shown(["context", "show", "--context", "one"])).toMatchObject({ name: "one", api_url: api.url });
});

test("a file of keys that others can read is refused with the command that mends it", async () => {
  await logIn("one", "good");
  chmodSync(file, 0o644);
  const { code, err } = await berth(["whoami"]);
  expect(code).toBe(EXIT_CODES.authentication);
  expect(err).toContain(`chmod 600 ${file}`);
});
