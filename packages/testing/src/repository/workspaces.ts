import { readdirSync, readFileSync } from "node:fs";

const ROOT = new URL("../../../../", import.meta.url);

export interface Workspace {
  /** Without the scope: `domain`. */
  readonly name: string;
  readonly folder: URL;
  readonly manifest: Manifest;
  /** Names of dependencies of every sort, the scope kept. */
  readonly dependencies: readonly string[];
}

interface Manifest {
  readonly name: string;
  readonly license?: string;
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export function readJson(path: string | URL): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}

/** Every workspace of the repository, as it lies on the disk. */
export function readWorkspaces(): Workspace[] {
  return ["apps", "packages"].flatMap((group) =>
    readdirSync(new URL(`${group}/`, ROOT)).map((name) => {
      const folder = new URL(`${group}/${name}/`, ROOT);
      const manifest = readJson(new URL("package.json", folder)) as Manifest;
      const { dependencies, devDependencies, peerDependencies, optionalDependencies } = manifest;
      return {
        name,
        folder,
        manifest,
        dependencies: Object.keys({
          ...dependencies,
          ...devDependencies,
          ...peerDependencies,
          ...optionalDependencies,
        }),
      };
    }),
  );
}
