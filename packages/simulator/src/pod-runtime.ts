/** What a bound pod needs to run, with every reference already resolved by the simulated kubelet. */
export interface PodToRun {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly nodeName: string;
  readonly zone: string;
  /** The address that the pod will have. A loopback address in the HTTP world. */
  readonly podIp: string;
  readonly image: string;
  readonly env: Readonly<Record<string, string>>;
  /** Mount path -> file name -> content, of ConfigMap, Secret and downward API volumes of all containers. */
  readonly files: Readonly<Record<string, Readonly<Record<string, Uint8Array>>>>;
  /** Name of the claim behind the data volume, as `namespace/claim`; what is on it survives the pod. */
  readonly claims: readonly string[];
  readonly memoryMib: number;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Runs the containers of bound pods in the simulated world: the Kubernetes model asks, the engine model answers.
 *
 * All calls are idempotent by pod uid, and none of them throws for an unknown uid.
 */
export interface PodRuntime {
  start(pod: PodToRun): void;
  /** The mounted files changed, as a kubelet refreshes ConfigMaps and Secrets. */
  refreshFiles(uid: string, files: PodToRun["files"]): void;
  /** Whether the readiness probe would pass now. */
  isReady(uid: string): boolean;
  /** Ends the process; with 0 grace at once, as a killed machine does. */
  stop(uid: string, graceSeconds: number): void;
  /** The claim's volume was deleted for good: forget its content. */
  discardClaim(claim: string): void;
}
