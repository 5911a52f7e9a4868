import type { EngineName } from "@berth/domain";
import { type InstalledEngine, installEngine } from "../engines/install-engine.ts";

/** What a container's image means here: an engine's distribution at its usual path, or nothing but this machine's tools. */
export interface Image {
  readonly engine: (InstalledEngine & { readonly name: EngineName; readonly version: string }) | undefined;
  /** What the image's own entry point runs when the container names no command. */
  readonly command: readonly string[];
  /** The home of the user and the working directory. */
  readonly workingDir: string;
  /** Where the distribution lies inside. */
  readonly mountPath: string | undefined;
  readonly user: number;
}

const ENGINE_REPOSITORIES: Readonly<Record<string, EngineName>> = {
  "docker.elastic.co/elasticsearch/elasticsearch": "elasticsearch",
  elasticsearch: "elasticsearch",
  "opensearchproject/opensearch": "opensearch",
  "docker.io/opensearchproject/opensearch": "opensearch",
};

/** Images for which this machine's own shell and tools stand in. */
const PLAIN_REPOSITORIES = new Set(["busybox", "debian", "docker.io/library/busybox", "docker.io/library/debian"]);

/**
 * "Pulls" an image: installs the engine whose name and version it bears.
 *
 * Refuses images that it does not know and versions that are not published, as a kubelet refuses with ErrImagePull.
 */
export async function pullImage(reference: string, onProgress: (line: string) => void): Promise<Image> {
  const [withoutDigest = ""] = reference.split("@");
  const colon = withoutDigest.lastIndexOf(":");
  const hasTag = colon > withoutDigest.lastIndexOf("/");
  const repository = hasTag ? withoutDigest.slice(0, colon) : withoutDigest;
  const version = hasTag ? withoutDigest.slice(colon + 1) : "latest";

  if (PLAIN_REPOSITORIES.has(repository)) {
    return { engine: undefined, command: ["/bin/sh"], workingDir: "/", mountPath: undefined, user: 0 };
  }
  const name = ENGINE_REPOSITORIES[repository];
  if (name === undefined) throw new Error(`${reference}: no image that the process kubelet knows`);
  const installed = await installEngine({ engine: name, version, onProgress });
  const home = `/usr/share/${name}`;
  return {
    engine: { ...installed, name, version },
    command: [`${home}/bin/${name}`],
    workingDir: home,
    mountPath: home,
    user: 1000,
  };
}
