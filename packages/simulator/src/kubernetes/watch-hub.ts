import type { SimulationClock } from "../clock.ts";
import { expired } from "./api-error.ts";
import type { KubeObject } from "./objects.ts";
import { apiVersionOf, type Resource } from "./resources.ts";
import type { Change, Store } from "./store.ts";

export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: object;
}

export interface WatchSink {
  event(event: WatchEvent): void;
  /** The server ended the stream; `cut` when it broke off instead of ending properly. */
  end(cut: boolean): void;
}

/** A watch that the model agreed to. Nothing is delivered before `open`. */
export interface WatchStream {
  open(sink: WatchSink): void;
  /** The client has gone. */
  close(): void;
}

export interface WatchRequest {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly matches: (object: KubeObject) => boolean;
  /** How the object is shown (another version of the same object). */
  readonly present: (object: KubeObject) => object;
  /** Undefined or "0": begin with what there is. */
  readonly resourceVersion: string | undefined;
  readonly sendInitialEvents: boolean;
  readonly bookmarks: boolean;
  readonly timeoutMs: number;
}

interface Stream {
  readonly request: WatchRequest;
  readonly queue: WatchEvent[];
  /** Changes up to here were delivered or came with the initial events. */
  position: number;
  /** The resourceVersion that the client knows by an event or a bookmark. */
  told: number;
  sink: WatchSink | undefined;
  silent: boolean;
  ended: boolean;
  cancelTimers: () => void;
}

/**
 * Delivers changes to watches, in order, a moment after the write and never inside it.
 *
 * A stream that has no sink yet keeps its events; one that is silent drops them, as a connection does that died without a word.
 */
export class WatchHub {
  private readonly clock: SimulationClock;
  private readonly store: Store;
  private readonly bookmarkMs: number;
  private readonly streams = new Map<Resource, Set<Stream>>();
  private pending: Change[] = [];
  private cancelFlush: (() => void) | undefined;
  private cancelBookmarks: (() => void) | undefined;
  /** The last change of each kind: what bookmarks say, as the watch cache of each kind does. */
  private readonly versions = new Map<Resource, number>();
  /** From a write to its delivery. */
  delayMs: number;

  constructor(clock: SimulationClock, store: Store, timings: { watchMs: number; bookmarkMs: number }) {
    this.clock = clock;
    this.store = store;
    this.delayMs = timings.watchMs;
    this.bookmarkMs = timings.bookmarkMs;
    store.onChange((change) => {
      this.versions.set(change.resource, change.revision);
      if ((this.streams.get(change.resource)?.size ?? 0) === 0) return;
      this.pending.push(change);
      this.cancelFlush ??= clock.schedule(this.delayMs, () => this.flush());
    });
  }

  /** Starts a watch; refuses with 410 when its resourceVersion is forgotten. */
  start(request: WatchRequest): WatchStream {
    const { resourceVersion } = request;
    const fromNow = resourceVersion === undefined || resourceVersion === "" || resourceVersion === "0";
    const queue: WatchEvent[] = [];
    if (fromNow || request.sendInitialEvents) {
      for (const object of this.store.sorted(request.resource, request.namespace)) {
        if (request.matches(object)) queue.push({ type: "ADDED", object: request.present(object) });
      }
      if (request.sendInitialEvents) {
        queue.push(bookmark(request.resource, this.store.revision, { "k8s.io/initial-events-end": "true" }));
      }
    } else {
      const changes = this.store.changesSince(Number(resourceVersion));
      if (changes === undefined) throw tooOld(resourceVersion, this.store);
      for (const change of changes) {
        const event = eventFor(request, change);
        if (event !== undefined) queue.push(event);
      }
    }
    const stream: Stream = {
      request,
      queue,
      position: this.store.revision,
      told: fromNow ? this.store.revision : Number(resourceVersion),
      sink: undefined,
      silent: false,
      ended: false,
      cancelTimers: () => undefined,
    };
    const cancelEnd = this.clock.schedule(request.timeoutMs, () => {
      if (!stream.silent) this.end(stream, false);
    });
    // A last bookmark spares the client a replay when it comes back.
    const cancelLast = this.clock.schedule(Math.max(0, request.timeoutMs - LAST_BOOKMARK_MS), () =>
      this.bookmark(stream),
    );
    stream.cancelTimers = () => {
      cancelEnd();
      cancelLast();
    };
    const group = this.streams.get(request.resource) ?? new Set();
    group.add(stream);
    this.streams.set(request.resource, group);
    if (request.bookmarks) this.armBookmarks();
    return {
      open: (sink) => {
        stream.sink = sink;
        drain(stream);
        if (stream.ended) sink.end(false);
      },
      close: () => this.forget(stream),
    };
  }

  /** Open streams, for tests and for the operator of a simulated world. */
  get size(): number {
    return this.all().length;
  }

  /** Breaks all open streams off. */
  cut(): void {
    for (const stream of this.all()) this.end(stream, true);
  }

  /** Open streams stay open and say nothing any more; new ones work. */
  silence(): void {
    for (const stream of this.all()) stream.silent = true;
  }

  /** Ends all open streams with a 410 in the stream, as after a compaction. */
  expire(): void {
    for (const stream of this.all()) {
      this.deliver(stream, { type: "ERROR", object: tooOld(String(stream.position), this.store).status });
      this.end(stream, false);
    }
  }

  stop(): void {
    this.cancelFlush?.();
    this.cancelBookmarks?.();
    this.cancelFlush = undefined;
    this.cancelBookmarks = undefined;
    this.pending = [];
    for (const stream of this.all()) this.end(stream, true);
  }

  private all(): Stream[] {
    return [...this.streams.values()].flatMap((group) => [...group]);
  }

  private flush(): void {
    this.cancelFlush = undefined;
    const changes = this.pending;
    this.pending = [];
    for (const change of changes) {
      for (const stream of this.streams.get(change.resource) ?? []) {
        if (change.revision <= stream.position) continue;
        stream.position = change.revision;
        const event = eventFor(stream.request, change);
        if (event !== undefined) this.deliver(stream, event);
      }
    }
  }

  private deliver(stream: Stream, event: WatchEvent): void {
    if (stream.silent || stream.ended) return;
    const { resourceVersion } = (event.object as { metadata?: { resourceVersion?: string } }).metadata ?? {};
    if (resourceVersion !== undefined) stream.told = Number(resourceVersion);
    stream.queue.push(event);
    drain(stream);
  }

  private end(stream: Stream, cut: boolean): void {
    if (stream.ended) return;
    stream.ended = true;
    this.forget(stream);
    stream.sink?.end(cut);
  }

  private forget(stream: Stream): void {
    stream.cancelTimers();
    this.streams.get(stream.request.resource)?.delete(stream);
  }

  private armBookmarks(): void {
    this.cancelBookmarks ??= this.clock.schedule(this.bookmarkMs, () => {
      this.cancelBookmarks = undefined;
      const wanting = this.all().filter((stream) => stream.request.bookmarks);
      for (const stream of wanting) this.bookmark(stream);
      if (wanting.length > 0) this.armBookmarks();
    });
  }

  /** Tells a stream how far it has come, unless it knows; never ahead of changes that wait for their delivery. */
  private bookmark(stream: Stream): void {
    const { resource, bookmarks } = stream.request;
    const version = this.versions.get(resource) ?? 0;
    const waiting = this.pending.some((change) => change.resource === resource);
    if (!bookmarks || waiting || version <= stream.told) return;
    stream.told = version;
    this.deliver(stream, bookmark(resource, version, {}));
  }
}

/** How long before its end a watch gets its last bookmark (apiserver's watch cache: two seconds). */
const LAST_BOOKMARK_MS = 2_000;

function drain(stream: Stream): void {
  if (stream.sink === undefined || stream.silent) return;
  for (const event of stream.queue.splice(0)) stream.sink.event(event);
}

function tooOld(resourceVersion: string, store: Store): ReturnType<typeof expired> {
  return expired(`too old resource version: ${resourceVersion} (${store.compactedRevision})`);
}

function bookmark(resource: Resource, revision: number, annotations: Record<string, string>): WatchEvent {
  const meta = Object.keys(annotations).length === 0 ? {} : { annotations };
  return {
    type: "BOOKMARK",
    object: {
      kind: resource.kind,
      apiVersion: apiVersionOf(resource),
      metadata: { resourceVersion: String(revision), creationTimestamp: null, ...meta },
    },
  };
}

/** An object that begins or ceases to match a selector comes and goes for the watcher. */
function eventFor(request: WatchRequest, change: Change): WatchEvent | undefined {
  if (change.resource !== request.resource) return undefined;
  if (request.namespace !== undefined && change.object.metadata.namespace !== request.namespace) return undefined;
  const isIn = change.type !== "DELETED" && request.matches(change.object);
  const wasIn = change.previous !== undefined && request.matches(change.previous);
  if (!isIn && !wasIn) return undefined;
  if (isIn) return { type: wasIn ? "MODIFIED" : "ADDED", object: request.present(change.object) };
  return { type: "DELETED", object: request.present(change.object) };
}
