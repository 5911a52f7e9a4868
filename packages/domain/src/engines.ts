/** What a cluster runs. Behind one port; what differs is a capability, never a version comparison at the place of use. */
export const ENGINES = ["elasticsearch", "opensearch"] as const;
export type EngineName = (typeof ENGINES)[number];

export const ROLES = ["master", "data", "data_hot", "data_warm", "data_cold", "ingest", "coordinating"] as const;
export type Role = (typeof ROLES)[number];

export const DEFAULT_ROLES: readonly Role[] = ["master", "data", "ingest"];

export function isMasterEligible(roles: readonly Role[]): boolean {
  return roles.includes("master");
}

export function holdsData(roles: readonly Role[]): boolean {
  return roles.some((role) => role.startsWith("data"));
}

export interface EngineVersion {
  readonly engine: EngineName;
  readonly version: string;
  readonly licence: string;
  readonly image: string;
  readonly capabilities: EngineCapabilities;
}

export interface EngineCapabilities {
  /** `_nodes/{id}/shutdown` may exist (Elasticsearch >= 7.15). The path without it is the one that we rely on. */
  readonly nodeShutdown: boolean;
  /** A TCP port that opens when the node has joined (Elasticsearch >= 8.2). */
  readonly readinessPort: boolean;
  /** The engine sizes its heap from the container's memory; else we set half of it, at most 31 GiB. */
  readonly autoHeap: boolean;
  readonly securityFlavour: "x-pack" | "opensearch-security" | "none";
  /** The word in settings and role names: `master` or `cluster_manager`. */
  readonly managerWord: "master" | "cluster_manager";
}

const ELASTICSEARCH: EngineCapabilities = {
  nodeShutdown: true,
  readinessPort: true,
  autoHeap: true,
  securityFlavour: "x-pack",
  managerWord: "master",
};
const OPENSEARCH: EngineCapabilities = {
  nodeShutdown: false,
  readinessPort: false,
  autoHeap: false,
  securityFlavour: "opensearch-security",
  managerWord: "cluster_manager",
};

const elasticsearch = (version: string): EngineVersion => ({
  engine: "elasticsearch",
  version,
  licence: "ELv2 (offering it as a service needs an agreement) or AGPL-3.0",
  image: `docker.elastic.co/elasticsearch/elasticsearch:${version}`,
  capabilities: ELASTICSEARCH,
});
const opensearch = (version: string): EngineVersion => ({
  engine: "opensearch",
  version,
  licence: "Apache-2.0",
  image: `opensearchproject/opensearch:${version}`,
  capabilities: OPENSEARCH,
});

/** The version catalogue, newest first within an engine. */
export const ENGINE_VERSIONS: readonly EngineVersion[] = [
  elasticsearch("9.5.3"),
  elasticsearch("8.19.21"),
  opensearch("3.6.0"),
  opensearch("2.19.4"),
];

export function findEngineVersion(engine: EngineName, version: string): EngineVersion | undefined {
  return ENGINE_VERSIONS.find((entry) => entry.engine === engine && entry.version === version);
}
