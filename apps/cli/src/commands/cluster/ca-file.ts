import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { usageFailure } from "../../failure.ts";
import type { Session } from "../../session.ts";

/**
 * Keeps a cluster's certificate in a file and gives its path: the one that was asked for, else one of the cache.
 *
 * Where there is no home that can be written (a container, a build machine) it goes to a temporary folder of its own; only
 * a path that was asked for is refused.
 */
export async function keepCertificate(
  session: Session,
  certificate: { readonly clusterId: string; readonly pem: string },
  wanted: string | undefined,
): Promise<string> {
  const name = `${certificate.clusterId}.pem`;
  const path = wanted ?? join(await cacheFolder(session), name);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, certificate.pem);
    return path;
  } catch (error) {
    if (wanted !== undefined) throw usageFailure(`cannot write ${wanted}: ${(error as Error).message}`);
  }
  const other = join(await mkdtemp(join(tmpdir(), "berth-ca-")), name);
  await writeFile(other, certificate.pem);
  return other;
}

async function cacheFolder(session: Session): Promise<string> {
  const base = session.io.env.XDG_CACHE_HOME;
  if (base !== undefined && base !== "") return join(base, "berth", "ca");
  const { default: envPaths } = await import("env-paths");
  return join(envPaths("berth", { suffix: "" }).cache, "ca");
}
