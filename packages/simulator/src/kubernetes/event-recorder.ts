import type { SimulationClock } from "../clock.ts";
import { isApiError } from "./api-error.ts";
import { timeText } from "./identity.ts";
import type { Event, KubeObject } from "./objects.ts";
import { type Registry, SYSTEM } from "./registry.ts";
import { EVENTS } from "./resources.ts";
import type { Store } from "./store.ts";

const KEPT_MS = 3_600_000;
const KEPT = 5_000;

/** Writes Event objects, counts repeats on one object, and forgets them after an hour as the API server does. */
export class EventRecorder {
  private readonly clock: SimulationClock;
  private readonly store: Store;
  private readonly registry: Registry;
  private readonly enabled: boolean;

  constructor(clock: SimulationClock, store: Store, registry: Registry, enabled: boolean) {
    this.clock = clock;
    this.store = store;
    this.registry = registry;
    this.enabled = enabled;
  }

  record(object: KubeObject, type: "Normal" | "Warning", reason: string, message: string, component: string): void {
    if (!this.enabled) return;
    const { name, namespace = "default", uid = "" } = object.metadata;
    const eventName = `${name}.${shortHash(`${uid}/${reason}/${message}`)}`;
    const now = timeText(this.clock.now());
    try {
      if (this.store.get(EVENTS, namespace, eventName) !== undefined) {
        this.registry.update(
          EVENTS,
          namespace,
          eventName,
          (event) => {
            event.count = (event.count ?? 1) + 1;
            event.lastTimestamp = now;
          },
          SYSTEM,
        );
        return;
      }
      this.registry.create(
        EVENTS,
        this.newEvent(object, { namespace, eventName, type, reason, message, component, now }),
        SYSTEM,
      );
      this.forgetOld();
    } catch (error) {
      // A namespace that is ending takes no events; nobody waits for them.
      if (!isApiError(error)) throw error;
    }
  }

  private newEvent(
    object: KubeObject,
    facts: Record<"namespace" | "eventName" | "reason" | "message" | "component" | "now", string> & { type: string },
  ): Event {
    return {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: facts.eventName, namespace: facts.namespace },
      involvedObject: {
        apiVersion: object.apiVersion,
        kind: object.kind,
        name: object.metadata.name,
        ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
        ...(object.metadata.uid === undefined ? {} : { uid: object.metadata.uid }),
        ...(object.metadata.resourceVersion === undefined ? {} : { resourceVersion: object.metadata.resourceVersion }),
      },
      reason: facts.reason,
      message: facts.message,
      type: facts.type,
      source: { component: facts.component },
      reportingComponent: facts.component,
      firstTimestamp: facts.now,
      lastTimestamp: facts.now,
      count: 1,
    };
  }

  private forgetOld(): void {
    const before = timeText(this.clock.now() - KEPT_MS);
    const tooMany = this.store.count(EVENTS) - KEPT;
    let index = 0;
    // The oldest come first: the store keeps the order of creation.
    for (const event of [...firstOf(this.store.all(EVENTS), Math.max(tooMany, 1) + 8)]) {
      const last = String(event.lastTimestamp ?? event.metadata.creationTimestamp);
      if (index < tooMany || last < before) this.store.remove(EVENTS, event);
      index += 1;
    }
  }
}

function* firstOf<T>(items: Iterable<T>, count: number): Iterable<T> {
  let taken = 0;
  for (const item of items) {
    if (taken === count) return;
    taken += 1;
    yield item;
  }
}

/** FNV-1a over the text, as the 16 hex digits that event names end in. */
function shortHash(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  return hash.toString(16).padStart(16, "0");
}
