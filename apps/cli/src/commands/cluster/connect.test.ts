import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EXIT_CODES } from "../../exit-codes.ts";
import { startFakeApi } from "../../test-support/fake-api.ts";
import { run } from "../../test-support/run.ts";

const ID = "cl_01jd0v6m3pf8tb2k7n5xq4w9ze";
const CONNECTION = {
  ready: true,
  endpoints: [{ host: "127.30.0.1", port: 9200, url: "https://127.30.0.1:9200" }],
  server_name: "demo.example",
  ca_certificate: "-----BEGIN CERTIFICATE-----\n",
  usernames: ["admin"],
};

let folder: string;
let api: Awaited<ReturnType<typeof startFakeApi>>;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "berth-cli-"));
  api = await startFakeApi(({ path }) => ({
    body: path.endsWith("/connection") ? CONNECTION : { id: ID, name: "demo" },
  }));
});
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  await api.close();
});

const connect = (words: readonly string[], cache: string) =>
  run(["cluster", "connect", ID, ...words], {
    env: { BERTH_API_URL: api.url, BERTH_API_KEY: "berth_live_x", XDG_CACHE_HOME: cache },
  });

test("the certificate is kept in the cache, and the line for curl names it", async () => {
  const { code, out, err } = await connect([], folder);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  const file = join(folder, "berth", "ca", `${ID}.pem`);
  expect(readFileSync(file, "utf8")).toBe(CONNECTION.ca_certificate);
  expect(out).toContain(`curl --cacert ${file} `);
});

test("where no cache can be written, the certificate goes to a temporary folder", async () => {
  const { code, out, err } = await connect([], "/dev/null");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  const file = /--cacert (\S+)/.exec(out)?.[1] ?? "";
  expect(readFileSync(file, "utf8")).toBe(CONNECTION.ca_certificate);
  rmSync(join(file, ".."), { recursive: true });
});

test("a file that was asked for and cannot be written is refused by its name", async () => {
  const { code, out, err } = await connect(["--ca-file", "/dev/null/ca.pem"], folder);
  expect({ code, out }).toEqual({ code: EXIT_CODES.usage, out: "" });
  expect(err).toContain("cannot write /dev/null/ca.pem");
});
