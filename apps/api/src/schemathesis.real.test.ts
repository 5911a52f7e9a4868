import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { IdKind } from "@berth/domain";
import { installPythonTool } from "@berth/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type OneOfEach, oneOfEach } from "./testing/one-of-each.ts";
import { startTestApi, type TestApi } from "./testing/test-api.ts";

/**
 * Schemathesis makes requests from the document alone, well-formed ones and ones with something wrong in one place, goes on
 * with what they have made, and holds each answer to the document: no 5xx; no status, header, media type or body that is not
 * documented; what the document forbids is refused, what it allows is not a malformed request.
 */
const SCHEMATHESIS = { name: "schemathesis", version: "4.32.5" };

/** Of a route, and of ways from one route to others. */
const EXAMPLES = `
[generation]
max-examples = 12

[phases.stateful.generation]
max-examples = 40
`;

/**
 * All checks, but for `use_after_free`: what was deleted is still shown, as deleting or revoked.
 *
 * A request that the document allows may yet be refused for what only the server knows: a page token or Idempotency-Key (400), a
 * quota, a size or a version that is no more (409, 412, 422); and 304 is what it may have asked for. One that it forbids may be
 * refused for its size (413) before anything is read of it.
 */
const CHECKS = `
[checks]
use_after_free.enabled = false
positive_data_acceptance.expected-statuses = ["2xx", 304, 400, 401, 403, 404, 409, 412, 422, 429]
negative_data_rejection.expected-statuses = [400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 428, 429]
`;

/** Where a request must not go: a wait for a minute, and what would take the run's own key away. */
const operations = (apiKeyId: string) => `
[[operations]]
include-operation-id = "waitForOperation"
parameters = { timeout = 0 }

[[operations]]
include-operation-id = ["revokeApiKey", "rotateApiKey", "updateApiKey"]
parameters = { "path.api_key_id" = "${apiKeyId}" }
phases.stateful.enabled = false
`;

let api: TestApi;
let world: OneOfEach;
let url: string;
let schemathesis: string;
let folder: string;
beforeAll(async () => {
  schemathesis = join(await installPythonTool(SCHEMATHESIS), "schemathesis");
  folder = mkdtempSync(join(tmpdir(), "berth-schemathesis-"));
  api = await startTestApi();
  url = await api.app.listen({ host: "127.0.0.1", port: 0 });
  world = await oneOfEach(api);
});
afterAll(async () => {
  await api?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Reads and changes are asked of what there is: with ids made up, every answer would be 404. What ends things is not. */
function realIds(ids: Readonly<Partial<Record<IdKind, string>>>): string {
  const parameters = Object.entries(ids).map(([kind, id]) => `"path.${wordsOf(kind)}_id" = "${id}"`);
  return `
[[operations]]
include-method = ["GET", "PATCH", "POST"]
parameters = { ${parameters.join(", ")} }
`;
}
const wordsOf = (kind: string) => kind.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** How many requests were sent as test cases. Throws with everything that schemathesis has found. */
async function testCases(key: string, filter: readonly string[]): Promise<number> {
  const config = join(folder, "schemathesis.toml");
  writeFileSync(config, EXAMPLES + CHECKS + realIds(world.ids) + operations(world.ids.apiKey ?? ""));
  const settings = ["--seed", "1", "--suppress-health-check", "all"];
  const args = ["--config-file", config, "run", `${url}/openapi.json`, "-H", `Authorization: Bearer ${key}`];
  const options = { cwd: folder, maxBuffer: 64 << 20 };
  const { stdout } = await promisify(execFile)(schemathesis, [...args, ...settings, ...filter], options).catch(
    ({ stdout, stderr, message }: { stdout?: string; stderr?: string; message: string }) => {
      throw new Error(stdout || stderr || message);
    },
  );
  console.log(stdout.slice(stdout.indexOf("✅  Examples"), stdout.indexOf("WARNINGS")));
  return Number(/(\d+) generated/.exec(stdout)?.[1]);
}

it.each([
  ["a customer's owner", () => world.tenant.key, ["--exclude-tag", "admin"]],
  ["an operator", () => api.operator.key, ["--include-tag", "admin"]],
] as const)(
  "what %s is answered is what the document says",
  async (_, key, filter) => {
    expect(await testCases(key(), filter)).toBeGreaterThan(500);
    // Nothing has taken the key away meanwhile, which would have left 401 to look at.
    expect((await api.ask("GET", "/v1/me", { key: key() })).statusCode).toBe(200);
  },
  15 * 60_000,
);
