import type { EngineCapabilities, EngineName } from "@berth/domain";

/** How to reach one cluster's engine as Berth: any of the addresses will do. */
export interface EngineTarget {
  readonly engine: EngineName;
  readonly version: string;
  readonly capabilities: EngineCapabilities;
  /** Pod addresses, `127.20.0.5`; the port is 9200. */
  readonly addresses: readonly string[];
  readonly caCertPem: string;
  /** Name that the certificate is checked against. */
  readonly serverName: string;
  readonly username: string;
  readonly password: string;
}

export interface EngineIdentity {
  readonly nodeName: string;
  readonly clusterName: string;
  /** Undefined until the cluster has formed (`_na_` on the wire). */
  readonly clusterUuid: string | undefined;
  readonly version: string;
}

export interface EngineHealth {
  readonly status: "green" | "yellow" | "red";
  readonly timedOut: boolean;
  readonly nodes: number;
  readonly dataNodes: number;
  readonly activeShards: number;
  readonly relocatingShards: number;
  readonly initializingShards: number;
  readonly unassignedShards: number;
}

export interface EngineNode {
  readonly nodeId: string;
  readonly name: string;
  readonly address: string;
  readonly version: string;
  readonly roles: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
}

export interface EngineShard {
  readonly index: string;
  readonly shard: number;
  readonly primary: boolean;
  readonly state: string;
  /** Name of the node that holds it; a relocating shard names its source here. */
  readonly node: string | undefined;
  readonly relocatingTo: string | undefined;
}

export interface EngineUser {
  readonly username: string;
  readonly password: string;
  /** admin: all data and indices of the cluster, nothing that breaks orchestration; read: search only. */
  readonly role: "customer_admin" | "customer_read";
}

/**
 * One cluster's Elasticsearch or OpenSearch.
 *
 * Throws PortError: unavailable (no address answers, 503 without a master), denied (401, 403), invalid, not_found, throttled.
 * Every answer is checked against a schema: what does not parse is unavailable, never a guess.
 */
export interface Engine {
  identity(target: EngineTarget): Promise<EngineIdentity>;
  health(target: EngineTarget): Promise<EngineHealth>;
  nodes(target: EngineTarget): Promise<EngineNode[]>;
  shards(target: EngineTarget): Promise<EngineShard[]>;
  /** Node ids of the last committed voting configuration. */
  votingConfiguration(target: EngineTarget): Promise<string[]>;
  addVotingExclusion(target: EngineTarget, nodeName: string): Promise<void>;
  clearVotingExclusions(target: EngineTarget): Promise<void>;
  /** Creates or replaces the roles that customers' users get. Idempotent. */
  putCustomerRoles(target: EngineTarget): Promise<void>;
  putUser(target: EngineTarget, user: EngineUser): Promise<void>;
  /** False when there was none. */
  deleteUser(target: EngineTarget, username: string): Promise<boolean>;
  close(): Promise<void>;
}
