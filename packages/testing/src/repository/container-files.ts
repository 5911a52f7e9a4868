import { readFileSync } from "node:fs";
import { parse } from "yaml";

const ROOT = new URL("../../../../", import.meta.url);
const text = (name: string) => readFileSync(new URL(name, ROOT), "utf8");

export interface ComposeService {
  readonly image?: string;
  readonly build?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly configs?: readonly { readonly source: string; readonly target: string }[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
}

export interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly configs: Readonly<Record<string, { readonly content: string }>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** docker-compose.yml with its merge keys resolved and its variables as they stand there. */
export function readCompose(): Compose {
  return parse(text("docker-compose.yml"), { merge: true }) as Compose;
}

/** Variables that the file wants from its surroundings, and those that its head tells people to set. */
export function composeVariables(): { readonly used: readonly string[]; readonly told: readonly string[] } {
  const file = text("docker-compose.yml");
  const head = file.slice(0, file.indexOf("\nname:"));
  const body = file.slice(head.length);
  const sorted = (names: Iterable<string>) => [...new Set(names)].sort();
  return {
    used: sorted([...body.matchAll(/\$\{(\w+)/g)].map(([, name]) => name ?? "")),
    told: sorted([...head.matchAll(/[A-Z]+(?:_[A-Z]+)+/g)].map(([name]) => name)),
  };
}

/** `${NAME:?}` and `${NAME:-}` as compose fills them in. Throws for one that is wanted and not given. */
export function interpolate(value: string, variables: Readonly<Record<string, string>>): string {
  return value.replaceAll(/\$\{(\w+)(:[?-])\}/g, (_, name: string, mark: string) => {
    const given = variables[name] ?? "";
    if (given === "" && mark === ":?") throw new Error(`${name} is wanted by docker-compose.yml`);
    return given;
  });
}

export interface Instruction {
  readonly name: string;
  readonly words: readonly string[];
}

/** The stages of the Dockerfile, each with its instructions in order. */
export function readDockerfile(): readonly (readonly Instruction[])[] {
  const lines = text("Dockerfile")
    .replaceAll("\\\n", " ")
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("#"));
  const stages: Instruction[][] = [];
  for (const line of lines) {
    const [name = "", ...words] = line.trim().split(/\s+/);
    if (name === "FROM") stages.push([]);
    stages.at(-1)?.push({ name, words });
  }
  return stages;
}

/** What a stage copies out of the repository, and where to, below the image's folder. */
export function copiesOf(
  stage: readonly Instruction[],
): readonly { readonly sources: readonly string[]; readonly target: string }[] {
  return stage
    .filter(({ name, words }) => name === "COPY" && !words.some((word) => word.startsWith("--from")))
    .map(({ words }) => ({ sources: words.slice(0, -1), target: words.at(-1) ?? "" }));
}

/** Whether .dockerignore keeps a path of the repository from the build. */
export function isIgnored(path: string): boolean {
  return text(".dockerignore")
    .split("\n")
    .filter((line) => line !== "")
    .some((line) => {
      const anywhere = line.startsWith("**/");
      const name = anywhere ? line.slice(3) : line;
      return path === name || path.startsWith(`${name}/`) || (anywhere && path.split("/").includes(name));
    });
}
