import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { cacheFolder } from "../cache-folder.ts";
import { withMachineLock } from "../processes/machine-lock.ts";
import { startProcess } from "../processes/start-process.ts";
import { waitFor } from "../wait-for.ts";

/** The Kubernetes that the control plane is built from, as its go.mod requires it. */
export const KUBERNETES_VERSION = "1.37.2";

const MODULE = fileURLToPath(new URL("../../control-plane/", import.meta.url));
const SOURCES = ["go.mod", "go.sum", "main.go"];
const VERSION = "k8s.io/component-base/version";
const [MAJOR, MINOR] = KUBERNETES_VERSION.split(".");
/** Without a version linked in, kubectl and version-skew checks refuse the server. */
const LINK = `-s -w -X ${VERSION}.gitVersion=v${KUBERNETES_VERSION} -X ${VERSION}.gitMajor=${MAJOR} -X ${VERSION}.gitMinor=${MINOR}`;
const BUILD = ["build", "-v", "-trimpath", `-ldflags=${LINK}`];
const BUILD_TIMEOUT_MS = 60 * 60_000;

export interface BuildOptions {
  /** Told in whole lines what goes on; at most every few seconds. */
  readonly onProgress?: (line: string) => void;
}

/**
 * The path of the control plane's binary, built when there is none for these sources yet.
 *
 * The first build of a machine compiles all of Kubernetes: 10 minutes on two idle cores, 25 on busy ones, 4 GB of Go's
 * own caches (left where they are, so that a machine that is kept stays warm: then 15 s). Processes that ask at once
 * build once.
 *
 * Refuses by name when `go` is missing, and with the compiler's words when it fails.
 */
export async function buildControlPlane(options: BuildOptions = {}): Promise<string> {
  const tell = options.onProgress ?? (() => undefined);
  const folder = cacheFolder("control-plane", `${KUBERNETES_VERSION}-${hashOfSources()}`);
  const binary = join(folder, "control-plane");
  if (existsSync(binary)) return binary;
  const onWait = () => tell("control plane: another process is building it");
  await withMachineLock(`control-plane-${hashOfSources()}`, onWait, async () => {
    if (!existsSync(binary)) await build(folder, binary, tell);
  });
  return binary;
}

function hashOfSources(): string {
  const hash = createHash("sha256").update(BUILD.join(" "));
  for (const name of SOURCES) hash.update(`\0${name}\0`).update(readFileSync(join(MODULE, name)));
  return hash.digest("hex").slice(0, 12);
}

async function build(folder: string, binary: string, tell: (line: string) => void): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const env = { ...process.env, CGO_ENABLED: "0" };
  const unfinished = join(folder, `unfinished-${process.pid}`);
  const log = join(folder, "build.log");
  rmSync(log, { force: true });

  tell(`control plane: reading and downloading the modules of Kubernetes ${KUBERNETES_VERSION}`);
  const packages = await countPackagesToCompile(env);
  tell(`control plane: compiling ${packages} packages`);

  const startedAt = performance.now();
  const compiler = await startProcess({
    name: "go build",
    command: "go",
    args: [...BUILD, "-o", unfinished, "."],
    cwd: MODULE,
    env,
    logFile: log,
  });
  let toldAt = startedAt;
  const end = await waitFor(
    () => {
      const now = performance.now();
      if (now - toldAt > 10_000) {
        toldAt = now;
        const seconds = Math.round((now - startedAt) / 1000);
        tell(`control plane: ${linesOf(log)} of ${packages} packages compiled after ${seconds} s`);
      }
      return compiler.ended();
    },
    { timeoutMs: BUILD_TIMEOUT_MS, what: "go build", intervalMs: 200 },
  ).finally(() => compiler.stop());
  if (end !== "exit code 0") {
    throw new Error(`go build ended with ${end}:\n${readFileSync(log, "utf8").slice(-4000)}`);
  }
  renameSync(unfinished, binary);
  tell(`control plane: built in ${Math.round((performance.now() - startedAt) / 1000)} s`);
}

/** Also brings the modules that are needed (`go mod download` would bring all that are named anywhere). */
async function countPackagesToCompile(env: NodeJS.ProcessEnv): Promise<number> {
  const args = ["list", "-deps", "-trimpath", "-f", "{{if .Stale}}{{.ImportPath}}{{end}}", "."];
  try {
    const { stdout } = await promisify(execFile)("go", args, { cwd: MODULE, env, maxBuffer: 64 << 20 });
    return stdout.split("\n").filter((line) => line !== "").length;
  } catch (error) {
    const { code, stderr } = error as NodeJS.ErrnoException & { stderr?: string };
    if (code === "ENOENT") {
      throw new Error("the control plane is built with Go >= 1.26, and no `go` is on the PATH", { cause: error });
    }
    throw new Error(`go list ended with ${code}:\n${stderr ?? ""}`, { cause: error });
  }
}

const linesOf = (path: string): number => readFileSync(path, "utf8").split("\n").length - 1;
