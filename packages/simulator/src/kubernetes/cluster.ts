import type { SimulationClock } from "../clock.ts";
import type { EventRecorder } from "./event-recorder.ts";
import { type Identity, timeText } from "./identity.ts";
import type { KubernetesOptions, KubernetesTimings } from "./options.ts";
import type { Registry } from "./registry.ts";
import type { Store } from "./store.ts";

/** What the parts of the model share. */
export interface Cluster {
  readonly clock: SimulationClock;
  readonly identity: Identity;
  readonly options: KubernetesOptions;
  readonly timings: KubernetesTimings;
  readonly store: Store;
  readonly registry: Registry;
  readonly events: EventRecorder;
}

/** One of the model's loops: it takes notes of changes and works them off in scheduled steps. */
export interface Controller {
  /** Looks at everything there is, as after a restart. */
  resync(): void;
  /** Cancels what is scheduled. */
  stop(): void;
}

export function nowText(cluster: Pick<Cluster, "clock">): string {
  return timeText(cluster.clock.now());
}
