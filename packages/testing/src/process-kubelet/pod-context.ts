import type { AddressPool } from "./addresses.ts";
import type { ApiClient } from "./api-client.ts";
import type { PodEvents } from "./events.ts";
import type { PodAddresses } from "./fields.ts";
import type { FilesCache } from "./files-cache.ts";
import type { Image } from "./image.ts";
import type { Pod } from "./objects.ts";
import type { StatusReporter } from "./status-reporter.ts";
import type { PodVolumes } from "./volumes.ts";

/** What all pods of a node share. */
export interface NodeContext {
  readonly api: ApiClient;
  readonly files: FilesCache;
  readonly events: PodEvents;
  readonly addresses: AddressPool;
  readonly hostIp: string;
  readonly dataDir: string;
  readonly restartBackoffMs: number;
  /** Given when the node ends: nothing is asked of the API server after it. */
  readonly signal: AbortSignal;
  pullImage(reference: string): Promise<Image>;
  log(line: string): void;
}

/** Why a pod ends on this node, and so what is left to do after its processes. */
export type Ending = "deleted" | "gone" | "node stops" | "node dies";

/** What the containers of one pod share. */
export interface PodContext {
  readonly node: NodeContext;
  /** The object as it was last seen. */
  pod(): Pod;
  readonly addresses: PodAddresses;
  readonly volumes: PodVolumes;
  /** Of this pod on this machine. */
  readonly folder: string;
  readonly reporter: StatusReporter;
  /** Given when the pod ends here. */
  readonly over: AbortSignal;
  ending(): Ending | undefined;
}

export const podNameOf = (pod: Pod): string => `${pod.metadata.namespace}/${pod.metadata.name}`;

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
