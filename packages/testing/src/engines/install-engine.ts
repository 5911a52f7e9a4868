import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { EngineName } from "@berth/domain";
import { cacheFolder } from "../cache-folder.ts";
import { withMachineLock } from "../processes/machine-lock.ts";
import { findJdk } from "../real-tier/find-jdk.ts";
import { type Distribution, distributionOf } from "./distribution.ts";
import { fetchZip } from "./maven.ts";
import { runTool } from "./run-tool.ts";

export interface EngineToInstall {
  readonly engine: EngineName;
  readonly version: string;
  /** Told in whole lines what goes on. */
  readonly onProgress?: (line: string) => void;
}

export interface InstalledEngine {
  /** The unpacked distribution: never written to by its users. */
  readonly home: string;
  readonly javaHome: string;
}

const TESTKIT = fileURLToPath(new URL("../../elasticsearch-testkit/", import.meta.url));
/** Written last: a folder without it is what an interrupted install left. */
const FINISHED = ".finished";

/**
 * A runnable engine of exactly this version, downloaded and unpacked when it is not in the cache yet (10-20 s).
 *
 * Processes that ask at once install once. The tree is readable by any uid; the folders above it (root's cache) may not
 * be, so whoever runs it as somebody else binds it into a mount namespace.
 *
 * Refuses by name when `mvn`, `unzip`, `bash` or the JDK is missing, and with Maven's words for a version that is not there.
 */
export async function installEngine(asked: EngineToInstall): Promise<InstalledEngine> {
  const distribution = distributionOf(asked.engine, asked.version);
  const javaHome = findJdk(distribution.javaMajor);
  if (javaHome === undefined) {
    throw new Error(`${asked.engine} ${asked.version} needs JDK ${distribution.javaMajor}: none under /usr/lib/jvm`);
  }
  const name = `${asked.engine}-${asked.version}`;
  const home = cacheFolder("engines", name);
  const tell = (line: string) => asked.onProgress?.(`${name}: ${line}`);
  const recipe = recipeOf(distribution);
  const isFinished = () => readMarker(home) === recipe;

  if (isFinished()) return { home, javaHome };
  const onWait = () => tell("another process is installing it");
  await withMachineLock(`engine-${name}`, onWait, async () => {
    if (isFinished()) return;
    try {
      await install(distribution, { home, javaHome, recipe, tell });
    } finally {
      rmSync(workFolder(home), { recursive: true, force: true });
    }
  });
  return { home, javaHome };
}

interface Target extends InstalledEngine {
  readonly recipe: string;
  tell(line: string): void;
}

async function install(distribution: Distribution, target: Target): Promise<void> {
  const { home, javaHome, tell } = target;
  const work = workFolder(home);
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });

  tell("downloading by Maven");
  await unzip(await fetchZip(distribution.artifact, join(work, "zips")), join(work, "tree"));
  // The zip holds one folder, named after the version.
  const [top] = readdirSync(join(work, "tree"));
  if (top === undefined) throw new Error(`${distribution.artifact} is an empty zip`);
  const tree = join(work, "tree", top);
  for (const [plugin, artifact] of Object.entries(distribution.plugins)) {
    tell(`adding ${plugin}`);
    await unzip(await fetchZip(artifact, join(work, "zips")), join(tree, "plugins", plugin));
  }
  if (distribution.needsTestkit) {
    tell("compiling the test kit");
    const args = [join(TESTKIT, "build.sh"), tree, distribution.version, javaHome];
    await runTool("bash", args, "the test kit of Elasticsearch");
  }
  // Mount points of a pod's volumes.
  for (const folder of ["data", "logs"]) mkdirSync(join(tree, folder), { recursive: true });
  await runTool("chmod", ["-R", "a+rX", tree], "installing an engine");
  writeFileSync(join(tree, FINISHED), target.recipe);

  rmSync(home, { recursive: true, force: true });
  renameSync(tree, home);
  tell("installed");
}

/** Beside the target, so that the finished tree is moved there by a rename. */
const workFolder = (home: string): string => `${home}.unfinished`;

async function unzip(zip: string, folder: string): Promise<void> {
  await runTool("unzip", ["-q", zip, "-d", folder], "installing an engine");
}

/** What the installed tree was made from: another test kit or another plugin makes it anew. */
function recipeOf(distribution: Distribution): string {
  const hash = createHash("sha256").update(JSON.stringify(distribution));
  if (distribution.needsTestkit) {
    for (const file of ["build.sh", "TestKitPlugin.java"]) hash.update(readFileSync(join(TESTKIT, file)));
  }
  return hash.digest("hex");
}

function readMarker(home: string): string | undefined {
  const marker = join(home, FINISHED);
  return existsSync(marker) ? readFileSync(marker, "utf8") : undefined;
}
