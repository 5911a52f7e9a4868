import { execFileSync } from "node:child_process";
import { buildControlPlane } from "../control-plane/build.ts";
import { isOnPath } from "../processes/ensure-command.ts";
import { findJdk } from "./find-jdk.ts";

/** Commands of the machine that the real tier calls, and what for. */
const COMMANDS = [
  { command: "mvn", why: "brings the engines from Maven Central" },
  { command: "openssl", why: "checks certificates from outside" },
  { command: "unzip", why: "unpacks the engines" },
  { command: "setpriv", why: "runs the engines, which refuse root" },
  { command: "unshare", why: "gives each pod of the process kubelet mounts of its own" },
  { command: "nsenter", why: "runs the probes of pods" },
  { command: "python3", why: "runs moto and schemathesis" },
];

/** Elasticsearch 7.17 and 8 and OpenSearch 2 are run on 17, Elasticsearch 9 and OpenSearch 3 on 25. */
const JDKS = [17, 25];

const OLDEST_GO = [1, 26] as const;

/** What the real tier needs of this machine and does not find, one line each; empty when nothing is missing. */
export function findMissing(): string[] {
  const missing: string[] = [];
  const go = goVersion();
  if (go === undefined) missing.push("go >= 1.26: builds the Kubernetes control plane and oasdiff");
  else if (!isAtLeast(go, OLDEST_GO))
    missing.push(`go >= 1.26 (found ${go.join(".")}): builds the Kubernetes control plane and oasdiff`);
  for (const major of JDKS) {
    if (findJdk(major) === undefined)
      missing.push(`JDK ${major}: under /usr/lib/jvm or at JAVA${major}_HOME; runs the engines`);
  }
  for (const { command, why } of COMMANDS) {
    if (!isOnPath(command)) missing.push(`${command}: ${why}`);
  }
  if (process.getuid?.() !== 0) missing.push("root: engines run under users and mounts of their own");
  return missing;
}

/** Builds what tests would else build one after the other while their time runs. */
export async function prepareRealTier(tell: (line: string) => void): Promise<void> {
  await buildControlPlane({ onProgress: tell });
}

function goVersion(): readonly [number, number] | undefined {
  if (!isOnPath("go")) return undefined;
  const [, major, minor] = /go(\d+)\.(\d+)/.exec(execFileSync("go", ["version"], { encoding: "utf8" })) ?? [];
  return [Number(major), Number(minor)];
}

function isAtLeast(found: readonly [number, number], oldest: readonly [number, number]): boolean {
  return found[0] > oldest[0] || (found[0] === oldest[0] && found[1] >= oldest[1]);
}
