import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { composeVariables, copiesOf, isIgnored, readCompose, readDockerfile } from "./container-files.ts";
import { readJson, readWorkspaces } from "./workspaces.ts";

const ROOT = new URL("../../../../", import.meta.url);
const compose = readCompose();
const [build = [], image = []] = readDockerfile();
const services = Object.entries(compose.services);

interface Schema {
  readonly shape: Readonly<
    Record<string, { safeParse(value: unknown): { readonly success: boolean; data?: unknown } }>
  >;
}

/** By a path that is made here: this package does not depend on the apps, whose test this is none the less. */
async function variablesOf(app: "api" | "worker"): Promise<Schema["shape"]> {
  const config = (await import(new URL(`apps/${app}/src/config.ts`, ROOT).href)) as Record<string, Schema>;
  const schema = config[`${app.toUpperCase()}_VARIABLES`];
  if (schema === undefined) throw new Error(`${app} has no schema of its variables`);
  return schema.shape;
}

/** The AWS SDK reads these by itself. */
const OF_AWS = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];

test.each(["api", "worker"] as const)(
  "compose gives %s every variable that it requires, and none that it does not know",
  async (app) => {
    const known = await variablesOf(app);
    const given = Object.keys(compose.services[app]?.environment ?? {});
    expect(given.filter((name) => !(name in known) && !OF_AWS.includes(name))).toEqual([]);
    const required = Object.keys(known).filter((name) => known[name]?.safeParse(undefined).success === false);
    expect(required.filter((name) => !given.includes(name))).toEqual([]);
  },
);

test("the API is published and looked at on the port that it listens on", async () => {
  const { BERTH_API_PORT: port } = await variablesOf("api");
  const listens = compose.services.api?.environment?.BERTH_API_PORT ?? port?.safeParse(undefined).data;
  expect(compose.services.api?.ports).toEqual([`127.0.0.1:${listens}:${listens}`]);
  expect(compose.services.api?.healthcheck?.test.join(" ")).toContain(`http://127.0.0.1:${listens}/readyz`);
  expect(image.find(({ name }) => name === "EXPOSE")?.words).toContain(String(listens));
});

test("the head of docker-compose.yml names each variable that it wants, and no other", () => {
  const { used, told } = composeVariables();
  expect(told).toEqual(used);
});

test("compose names only services, volumes and configs that it has", () => {
  for (const [, service] of services) {
    expect(Object.keys(compose.services)).toEqual(expect.arrayContaining(Object.keys(service.depends_on ?? {})));
    for (const volume of service.volumes ?? []) expect(Object.keys(compose.volumes)).toContain(volume.split(":")[0]);
    for (const { source } of service.configs ?? []) expect(Object.keys(compose.configs)).toContain(source);
  }
});

test("what API, worker and migration run lies in the image", () => {
  const copied = [...copiesOf(build), ...copiesOf(image)].flatMap(({ sources }) => sources);
  const programs = services
    .filter(([, { build: isOurs }]) => isOurs !== undefined)
    .flatMap(([, { command = [] }]) => command)
    .filter((word) => /\.m?[jt]s$/.test(word));
  expect(programs.sort()).toEqual(["apps/api/src/main.ts", "apps/worker/src/main.ts", "packages/db/bin/berth-db.mjs"]);
  const [command = []] = image.filter(({ name }) => name === "CMD").map(({ words }) => JSON.parse(words.join(" ")));
  for (const program of [...programs, ...command.filter((word: string) => word.endsWith(".ts"))]) {
    expect(existsSync(new URL(program, ROOT)), program).toBe(true);
    expect(
      copied.some((source) => program.startsWith(`${source}/`)),
      program,
    ).toBe(true);
  }
});

test("everything that the Dockerfile copies is there and not ignored", () => {
  for (const { sources } of [...copiesOf(build), ...copiesOf(image)]) {
    for (const source of sources) {
      expect(existsSync(new URL(source, ROOT)), source).toBe(true);
      expect(isIgnored(source), source).toBe(false);
    }
  }
});

test("npm ci finds the manifest of every workspace", () => {
  const copied = copiesOf(build).flatMap(({ sources }) => sources);
  const manifests = readWorkspaces().map(({ folder }) => `${folder.href.slice(ROOT.href.length)}package.json`);
  const missing = manifests.filter(
    (path) => !copied.some((source) => path === source || path.startsWith(`${source}/`)),
  );
  expect(missing).toEqual([]);
});

test("the image's Node is one that we promise, the same in both stages", () => {
  const { engines } = readJson(new URL("package.json", ROOT)) as { engines: { node: string } };
  const oldest = numbers(engines.node);
  const [first = [], second] = [build, image].map(([from]) =>
    numbers(/^node:([\d.]+)/.exec(from?.words[0] ?? "")?.[1]),
  );
  expect(first).toHaveLength(3);
  expect(second).toEqual(first);
  const [major = 0, minor = 0] = first;
  const [oldestMajor = 0, oldestMinor = 0] = oldest;
  expect(major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)).toBe(true);
});

test("compose runs a PostgreSQL and a Redis that the README supports", () => {
  const readme = readFileSync(new URL("README.md", ROOT), "utf8");
  for (const [service, name] of [
    ["postgres", "PostgreSQL"],
    ["redis", "Redis"],
  ] as const) {
    const [, version = ""] = /:(\d+(?:\.\d+)*)/.exec(compose.services[service]?.image ?? "") ?? [];
    const [, oldest = ""] = new RegExp(`^\\| ${name} \\| (\\d+)`, "m").exec(readme) ?? [];
    expect(Number(version.split(".")[0]), service).toBeGreaterThanOrEqual(Number(oldest));
  }
});

function numbers(version = ""): number[] {
  return [...version.matchAll(/\d+/g)].map(([digits]) => Number(digits));
}
