import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { openApiDocument } from "@berth/contract";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse } from "yaml";
import { installNpmTool } from "../tools/install-npm-tool.ts";

const SPECTRAL = { name: "spectral", version: "6.16.3", package: "@stoplight/spectral-cli" };
const RULES = fileURLToPath(new URL("../../../contract/spectral.yaml", import.meta.url));

let spectral: string;
let folder: string;
beforeAll(async () => {
  spectral = await installNpmTool(SPECTRAL);
  folder = mkdtempSync(join(tmpdir(), "berth-lint-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What Spectral says of a document, a line each: of any severity. */
async function faultsOf(document: unknown): Promise<string[]> {
  const [file, report] = [join(folder, "openapi.json"), join(folder, "report.json")];
  writeFileSync(file, JSON.stringify(document));
  const output = ["--format", "json", "--output", report, "--quiet"];
  // Ends with 1 when it has found something, which is no failure of ours.
  await promisify(execFile)(spectral, ["lint", "--ruleset", RULES, ...output, file]).catch((error) => {
    if (error.code !== 1) throw error;
  });
  const found = JSON.parse(readFileSync(report, "utf8")) as { code: string; message: string; path: string[] }[];
  return found.map(({ code, message, path }) => `${path.join(".")} ${code}: ${message}`);
}

type Json = Record<string, unknown>;
const now = (): Json => JSON.parse(JSON.stringify(openApiDocument()));
const at = (document: Json, ...path: string[]) => path.reduce((node, key) => node[key] as Json, document);

it("the document has no error and no warning", async () => {
  expect(await faultsOf(now())).toEqual([]);
});

it("each rule of our own finds what breaks it", async () => {
  const rules = Object.entries(parse(readFileSync(RULES, "utf8")).rules as Record<string, unknown>);
  const ours = rules.filter(([, rule]) => typeof rule === "object").map(([name]) => name);
  const planted = now();
  const paths = at(planted, "paths");
  const list = at(planted, "paths", "/v1/projects", "get");
  paths["/v1/myProjects"] = { get: { ...list, operationId: "projects_list", summary: "Lists projects." } };
  (list.parameters as Json[]).push({ name: "sortBy", in: "query", schema: { type: "string" } });
  at(planted, "components", "schemas", "Project", "properties").createdBy = { type: "string" };
  at(planted, "components", "schemas").project_page = { type: "object" };
  at(list, "responses")["403"] = { description: "No.", content: { "application/json": {} } };
  delete at(list, "responses")["429"];
  const found = (await faultsOf(planted)).map((fault) => fault.split(" ")[1]?.replace(":", ""));
  expect(ours.length).toBeGreaterThan(5);
  expect(ours.filter((rule) => !found.includes(rule))).toEqual([]);
});
