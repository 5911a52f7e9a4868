import { readFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../free-port.ts";
import type { Image } from "./image.ts";
import type { Container } from "./objects.ts";
import { mebibytesOf } from "./quantity.ts";

const MAX_HEAP_MIB = 256;
/** A quarter of the memory and start time of a usual JVM; the distribution's own jvm.options asks for G1. */
const SMALL_JVM = "-XX:-UseG1GC -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-AlwaysPreTouch";

/** How an engine's container differs from what its pod says, because many engines share this machine and its addresses. */
export interface EngineLaunch {
  readonly env: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  /** Port that the pod knows -> port that the process was given. */
  readonly ports: ReadonlyMap<number, number>;
}

const NOTHING: EngineLaunch = { env: {}, args: [], ports: new Map() };

/**
 * What is added to an engine's container: the JDK, a small heap (half of the memory limit, at most 256 MiB), and settings
 * on the command line.
 *
 * `readiness.port` binds the wildcard address, so that all processes of this machine would ask for the same port: each gets
 * one of its own, and probes of the pod's port are sent there. Disk watermarks are off: all see this machine's one disk.
 *
 * `configFolder` is the pod's configuration as a folder, when it has one.
 */
export async function engineLaunch(
  image: Image,
  container: Container,
  env: Readonly<Record<string, string>>,
  configFolder: string | undefined,
): Promise<EngineLaunch> {
  if (image.engine === undefined) return NOTHING;
  const prefix = image.engine.name === "elasticsearch" ? "ES" : "OPENSEARCH";
  const heapMib = heapMibOf(container);
  const options = [env[`${prefix}_JAVA_OPTS`] ?? "", `-Xms${heapMib}m -Xmx${heapMib}m ${SMALL_JVM}`];
  const engineEnv = {
    [`${prefix}_JAVA_HOME`]: image.engine.javaHome,
    [`${prefix}_JAVA_OPTS`]: options.join(" ").trim(), // The last word counts: ours.
  };
  if (!runsEngine(image, container)) return { ...NOTHING, env: engineEnv };

  const args = ["-Ecluster.routing.allocation.disk.threshold_enabled=false"];
  const ports = new Map<number, number>();
  const readinessPort = readinessPortIn(configFolder, image.engine.name);
  if (readinessPort !== undefined) {
    const own = await freePort();
    ports.set(readinessPort, own);
    args.push(`-Ereadiness.port=${own}`);
  }
  return { env: engineEnv, args, ports };
}

function heapMibOf(container: Container): number {
  const limit = container.resources?.limits?.memory;
  return limit === undefined ? MAX_HEAP_MIB : Math.min(MAX_HEAP_MIB, Math.floor(mebibytesOf(limit) / 2));
}

/** By the image's own entry point, or by naming the program. */
function runsEngine(image: Image, container: Container): boolean {
  const program = container.command?.[0];
  return program === undefined || program.endsWith(`bin/${image.engine?.name}`);
}

function readinessPortIn(configFolder: string | undefined, engine: string): number | undefined {
  if (configFolder === undefined || engine !== "elasticsearch") return undefined;
  try {
    const text = readFileSync(join(configFolder, "elasticsearch.yml"), "utf8");
    const port = /^\s*"?readiness\.port"?\s*:\s*"?(\d+)/m.exec(text)?.[1];
    return port === undefined ? undefined : Number(port);
  } catch {
    return undefined; // The engine will say that it has no configuration.
  }
}
