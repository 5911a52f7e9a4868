import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { openApiDocument } from "@berth/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { installGoTool } from "../tools/install-go-tool.ts";

const run = promisify(execFile);
const OASDIFF = { name: "oasdiff", version: "1.37.0", module: "github.com/oasdiff/oasdiff" };
const RELEASED = fileURLToPath(new URL("../../../contract/released/v1.json", import.meta.url));

let oasdiff: string;
let folder: string;
beforeAll(async () => {
  oasdiff = await installGoTool(OASDIFF);
  folder = mkdtempSync(join(tmpdir(), "berth-contract-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Json = Record<string, unknown>;

const now = (): Json => JSON.parse(JSON.stringify(openApiDocument()));
const at = (document: Json, ...path: string[]) => path.reduce((node, key) => node[key] as Json, document);
const schema = (document: Json, name: string, ...path: string[]) =>
  at(document, "components", "schemas", name, ...path);
const operation = (document: Json, method: string, path: string) => at(document, "paths", path, method);
const parameters = (document: Json, path: string) => operation(document, "get", path).parameters as Json[];

function write(name: string, document: Json): string {
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify(document));
  return file;
}

/** What in the second document could break clients that were written for the first, a line each. */
async function breakingChanges(before: string, after: string): Promise<string[]> {
  const { stdout } = await run(oasdiff, ["breaking", "--format", "json", before, after], { maxBuffer: 64 << 20 });
  const found = JSON.parse(stdout || "[]") as { id: string; text: string; operation?: string; path?: string }[];
  return found.map(({ id, text, operation = "", path = "" }) => `${operation} ${path} ${id}: ${text}`);
}

function breakingChangesOf(change: (document: Json) => void): Promise<string[]> {
  const after = now();
  change(after);
  return breakingChanges(write("before.json", now()), write("after.json", after));
}

it("what is served breaks nothing that was released", async () => {
  expect(await breakingChanges(RELEASED, write("now.json", now()))).toEqual([]);
});

describe("a change that breaks clients is refused", () => {
  it.each<[string, (document: Json) => void]>([
    ["a route that is gone", (v1) => delete at(v1, "paths", "/v1/clusters/{cluster_id}").delete],
    ["a field of a request that is required now", (v1) => (schema(v1, "NewEstimate").required = ["region"])],
    ["a field of a request that is not taken any more", (v1) => delete schema(v1, "NewCluster", "properties").zones],
    ["a narrower bound of a request", (v1) => (schema(v1, "NewKube", "properties", "zones").maxItems = 3)],
    ["a field of an answer that is gone", (v1) => delete schema(v1, "Cluster", "properties").status],
    ["a field of an answer of another type", (v1) => (schema(v1, "Quota", "properties", "used").type = "string")],
    [
      "a field of an answer that may be null now",
      (v1) => (schema(v1, "Project", "properties", "name").type = ["string", "null"]),
    ],
    [
      "a success of another status",
      (v1) => {
        const responses = at(operation(v1, "post", "/v1/projects"), "responses");
        responses["200"] = responses["201"];
        delete responses["201"];
      },
    ],
    [
      "a parameter that is required now",
      (v1) => {
        for (const parameter of parameters(v1, "/v1/clusters")) parameter.required = true;
      },
    ],
  ])("%s", async (_, change) => {
    expect(await breakingChangesOf(change)).not.toEqual([]);
  });
});

describe("a change that only adds passes", () => {
  const text = { type: "string" };

  it.each<[string, (document: Json) => void]>([
    [
      "a route",
      (v1) => {
        const get = { ...operation(v1, "get", "/v1/projects"), operationId: "listOthers" };
        at(v1, "paths")["/v1/others"] = { get };
      },
    ],
    ["a field of a request that may be absent", (v1) => (schema(v1, "NewProject", "properties").team = text)],
    ["a field of an answer", (v1) => (schema(v1, "Project", "properties").team = text)],
    ["a parameter", (v1) => parameters(v1, "/v1/projects").push({ name: "team", in: "query", schema: text })],
    [
      "a state of an answer",
      (v1) => {
        const state = schema(v1, "Cluster", "properties", "status", "properties", "state");
        state["x-extensible-enum"] = [...(state["x-extensible-enum"] as string[]), "paused"];
      },
    ],
  ])("%s", async (_, change) => {
    expect(await breakingChangesOf(change)).toEqual([]);
  });
});
