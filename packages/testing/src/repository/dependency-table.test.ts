import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { allowedDependencies, allowedForCommands, PURE_PACKAGES, WORKSPACES } from "./dependency-table.ts";
import { readJson, readWorkspaces } from "./workspaces.ts";

const SCOPE = "@berth/";
const TESTING: string = "@berth/testing";
const workspaces = readWorkspaces();

test("the table names exactly the workspaces that exist", () => {
  expect(workspaces.map((workspace) => workspace.name).sort()).toEqual([...WORKSPACES].sort());
});

describe.each(workspaces.map((workspace) => [workspace.name, workspace] as const))("%s", (name, workspace) => {
  const ours = workspace.dependencies.filter((dependency) => dependency.startsWith(SCOPE));

  test("names only workspaces that the table allows, testing for its tests, and what its commands may use", () => {
    const allowed = allowedDependencies(name);
    if (allowed === "anything") return;
    const beside = [TESTING, ...allowedForCommands(name).map((one) => SCOPE + one)];
    const inDevelopment = Object.keys(workspace.manifest.devDependencies ?? {}).filter((one) => beside.includes(one));
    const refused = ours.filter((one) => !allowed?.includes(one.slice(SCOPE.length)) && !inDevelopment.includes(one));
    expect(refused).toEqual([]);
  });

  test("references the projects of its dependencies, and no others, in its tsconfig", () => {
    const { references = [] } = readJson(new URL("tsconfig.json", workspace.folder)) as {
      references?: { path: string }[];
    };
    const named = references.map(({ path }) => SCOPE + path.replace(/\/$/, "").split("/").at(-1));
    expect(named.filter((reference) => !ours.includes(reference))).toEqual([]);
  });

  test("is private and carries the licence of the repository", () => {
    expect(workspace.manifest).toMatchObject({ name: SCOPE + name, private: true, license: "Apache-2.0" });
  });
});

describe.each(PURE_PACKAGES)("%s is pure", (name) => {
  const workspace = workspaces.find((candidate) => candidate.name === name);
  if (workspace === undefined) throw new Error(`no workspace ${name}`);

  test("depends on nothing but domain and the types of ports", () => {
    const outside = Object.keys(workspace.manifest.dependencies ?? {});
    expect(outside.filter((dependency) => dependency !== "@berth/domain" && dependency !== "@berth/ports")).toEqual([]);
  });

  test("compiles without any ambient type, so that fetch, process and setTimeout do not exist in it", () => {
    const { compilerOptions } = readJson(new URL("tsconfig.json", workspace.folder)) as {
      compilerOptions: Record<string, unknown>;
    };
    expect(compilerOptions).toMatchObject({ lib: ["es2023"], types: [] });
  });

  test("brings no ambient type in by a reference directive, and imports ports for types alone", () => {
    const faults: string[] = [];
    for (const path of readdirSync(new URL("src/", workspace.folder), { recursive: true, encoding: "utf8" })) {
      if (!path.endsWith(".ts") || path.endsWith(".test.ts")) continue;
      const text = readFileSync(new URL(`src/${path}`, workspace.folder), "utf8");
      if (/^\/\/\/\s*<reference/m.test(text)) faults.push(`${path}: reference directive`);
      if (/^import (?!type )[^;]*from "@berth\/ports"/m.test(text)) faults.push(`${path}: imports a value of ports`);
    }
    expect(faults).toEqual([]);
  });
});

test("nothing that runs in production depends on testing", () => {
  const dependents = workspaces.filter(({ manifest }) => manifest.dependencies?.[TESTING] !== undefined);
  expect(dependents.map((workspace) => workspace.name)).toEqual(["dev"]);
});
