import type { Cluster } from "./cluster.ts";
import type { Faults } from "./faults.ts";
import type { KubeObject } from "./objects.ts";
import type { Caller } from "./registry.ts";
import type { Target } from "./request.ts";
import type { Resource } from "./resources.ts";
import type { WatchHub } from "./watch-hub.ts";

/** What the API half of the model works with. */
export interface ServerContext extends Cluster {
  readonly hub: WatchHub;
  readonly faults: Faults;
  readonly adminToken: () => string;
}

/** One call after routing and authentication. */
export interface Call {
  readonly method: string;
  readonly target: Target;
  readonly resource: Resource;
  readonly query: URLSearchParams;
  readonly contentType: string;
  readonly userAgent: string;
  readonly body: unknown;
  readonly caller: Caller;
  readonly warnings: string[];
}

/** Between the version that the caller speaks and the stored one; the same for all but events.k8s.io. */
export interface Presentation {
  readonly stored: Resource;
  readonly present: (object: KubeObject) => KubeObject;
  readonly accept: (object: KubeObject) => KubeObject;
}
