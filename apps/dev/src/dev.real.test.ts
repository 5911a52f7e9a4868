import { readFileSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { waitFor } from "@berth/testing";
import { afterAll, describe, expect, test, vi } from "vitest";
import { engineRequest } from "./demo/engine-request.ts";
import type { ReadyLine } from "./ready-line.ts";
import { openHome } from "./test-support/start-dev.ts";

// Each test starts everything, some twice, on a machine that may be busy with other suites.
vi.setConfig({ testTimeout: 240_000 });
const { home, data, run, startDev, berth, leftBehind, remove } = openHome();
afterAll(remove);

describe("dev", () => {
  let keys: ReadyLine;
  let credential: { readonly username: string; readonly password: string };

  test("prints one line when it is ready, and a newcomer's first cluster works", async () => {
    const dev = await startDev();
    keys = dev.line;
    expect(Object.keys(dev.line)).toEqual(["api_url", "operator_key", "customer_key"]);
    expect(dev.seen.out.trim().split("\n")).toHaveLength(1);
    expect(statSync(join(data, "installation.json")).mode & 0o777).toBe(0o600);

    const file = join(home, "credential.json");
    const create = ["cluster", "create", "demo", "--size", "4g", "--instances", "3", "--zones", "3", "--wait"];
    const created = await berth(dev.line, [...create, "--credential-file", file, "-o", "json"]);
    expect(created.code, created.err).toBe(0);
    expect(JSON.parse(created.out)).toMatchObject({ name: "demo", spec: { components: [{ instances: 3 }] } });
    credential = JSON.parse(readFileSync(file, "utf8"));
    await useCluster(dev.line, "PUT", "/books/_doc/1?refresh=true", { text: "a place for a ship" });

    dev.child.kill("SIGINT");
    expect((await dev.ended).code).toBe(0);
    expect(leftBehind()).toEqual([]);
  });

  test("is the same after kill -9 and another start: keys, clusters, documents", async () => {
    const killed = await startDev();
    expect(killed.line).toMatchObject({ operator_key: keys.operator_key, customer_key: keys.customer_key });
    killed.child.kill("SIGKILL");
    await waitFor(() => leftBehind().length === 0, { timeoutMs: 20_000, what: "everything of a killed dev to end" });

    const dev = await startDev();
    expect(dev.line.customer_key).toBe(keys.customer_key);
    expect((await berth(dev.line, ["cluster", "wait", "demo", "--for", "green", "--timeout", "60s"])).code).toBe(0);
    const answer = (await useCluster(dev.line, "GET", "/books/_search?q=text:ship")) as { hits: { hits: unknown[] } };
    expect(answer.hits.hits).toHaveLength(1);

    // The exit codes that the real API has a say in.
    const code = async (words: readonly string[], key?: string) => (await berth(dev.line, words, key)).code;
    expect(await code(["cluster", "get", "nope"])).toBe(3);
    expect(await code(["cluster", "get", "cl_01jd0v6m3pf8tb2k7n5xq4w9ze"])).toBe(3);
    expect(await code(["whoami"], "berth_live_wrong")).toBe(4);
    expect(await code(["admin", "machine", "list"])).toBe(4);
    expect(await code(["cluster", "create", "demo", "--size", "1g", "--instances", "1"])).toBe(5);
    expect(await code(["cluster", "create", "big", "--size", "9g", "--instances", "1"])).toBe(2);
    expect(await code(["cluster", "create", "two", "--size", "1g", "--instances", "2"])).toBe(2);
    expect(await code(["cluster", "create", "one", "--size", "1g", "--instances", "1", "--dry-run"])).toBe(0);
    expect(await code(["cluster", "delete", "demo", "--purge"])).toBe(2);
    expect(await code(["cluster", "delete", "demo", "--purge", "--confirm", "demo", "--wait"])).toBe(0);
    expect(await code(["doctor"])).toBe(0);

    const second = await run("dev", ["--port", "0", "--data", data]).ended;
    expect(second).toMatchObject({ code: 1, out: "" });
    expect(second.err).toContain("another dev");
    dev.child.kill("SIGTERM");
    expect((await dev.ended).code).toBe(0);
    expect(leftBehind()).toEqual([]);
  });

  test("says how to choose another port when it is taken, before anything is started", async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
    });
    const { code, err } = await run("dev", ["--port", String(port), "--data", data]).ended;
    server.close();
    expect(code).toBe(1);
    expect(err).toContain("--port PORT");
  });

  async function useCluster(line: ReadyLine, method: string, path: string, body?: unknown): Promise<unknown> {
    const { out } = await berth(line, ["cluster", "connect", "demo", "-o", "json"]);
    const { endpoints, ca_certificate, server_name } = JSON.parse(out);
    const { host, port } = endpoints[0];
    const address = { host, port, caCertificate: ca_certificate, serverName: server_name, ...credential };
    return engineRequest(address, method, path, body);
  }
});

test("the demo plays the whole job on a Berth of its own, ends with 0 and leaves nothing", async () => {
  const demo = run("demo", [], { TMPDIR: home });
  const { code, out, err } = await demo.ended;
  expect({ code, err: code === 0 ? "" : err }).toEqual({ code: 0, err: "" });
  for (const part of ["Feasible:        yes", "CANDIDATE", "Found it:", "is being deleted"])
    expect(out).toContain(part);
  expect(leftBehind()).toEqual([]);
});
