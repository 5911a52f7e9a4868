import { badRequest, expired } from "./api-error.ts";
import type { RequestFacts } from "./faults.ts";
import type { KubeObject } from "./objects.ts";
import { apiVersionOf } from "./resources.ts";
import { parseFieldSelector, parseLabelSelector } from "./selectors.ts";
import type { Call, Presentation, ServerContext } from "./server-context.ts";
import { objectKey } from "./store.ts";
import type { WatchStream } from "./watch-hub.ts";

export function readObject(context: ServerContext, call: Call, shown: Presentation): KubeObject {
  const { namespace, name = "" } = call.target;
  return shown.present(context.registry.read(shown.stored, namespace, name));
}

/** What a list or a watch selects, by labels, fields and the name in the path. */
export function selectionOf(call: Call, shown: Presentation): (object: KubeObject) => boolean {
  const labels = call.query.get("labelSelector") ?? "";
  const fields = call.query.get("fieldSelector") ?? "";
  const byLabels = labels === "" ? undefined : parseLabelSelector(labels);
  const byFields = fields === "" ? undefined : parseFieldSelector(shown.stored.kind, fields);
  const { name } = call.target;
  return (object) =>
    (name === undefined || object.metadata.name === name) &&
    (byLabels?.(object.metadata.labels) ?? true) &&
    (byFields?.(object) ?? true);
}

interface ContinueToken {
  readonly revision: number;
  readonly after: string;
}

/** A list body, with its items as the server's typed lists carry them: without apiVersion and kind. */
export function listObjects(context: ServerContext, call: Call, shown: Presentation, facts: RequestFacts): object {
  const matches = selectionOf(call, shown);
  const limit = Number(call.query.get("limit") ?? 0);
  const token = readToken(call.query.get("continue"));
  const revision = token?.revision ?? context.faults.state.staleRevision ?? context.store.revision;
  const candidates = candidatesAt(context, call, shown, revision);
  const empty = context.faults.answersEmpty(facts);

  const items: object[] = [];
  let last = "";
  let remaining = 0;
  for (const object of empty ? [] : candidates) {
    const key = objectKey(object.metadata.namespace, object.metadata.name);
    if ((token !== undefined && key <= token.after) || !matches(object)) continue;
    if (limit > 0 && items.length >= limit) {
      remaining += 1;
      continue;
    }
    items.push(listItem(shown.present(object)));
    last = key;
  }
  const selective = call.query.has("labelSelector") || call.query.has("fieldSelector");
  return {
    kind: `${call.resource.kind}List`,
    apiVersion: apiVersionOf(call.resource),
    metadata: {
      resourceVersion: String(revision),
      ...(remaining === 0 ? {} : { continue: writeToken({ revision, after: last }) }),
      ...(remaining === 0 || selective ? {} : { remainingItemCount: remaining }),
    },
    items,
  };
}

function candidatesAt(context: ServerContext, call: Call, shown: Presentation, revision: number): Iterable<KubeObject> {
  const { namespace } = call.target;
  if (revision === context.store.revision) return context.store.sorted(shown.stored, namespace);
  const objects = context.store.asOf(shown.stored, revision);
  if (objects === undefined) {
    throw expired(
      "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.",
    );
  }
  return [...objects]
    .filter(([, object]) => namespace === undefined || object.metadata.namespace === namespace)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, object]) => object);
}

const items = new WeakMap<object, object>();

function listItem(object: KubeObject): object {
  let item = items.get(object);
  if (item === undefined) {
    const { apiVersion: _version, kind: _kind, ...rest } = object;
    item = rest;
    items.set(object, item);
  }
  return item;
}

function writeToken(token: ContinueToken): string {
  return Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv: token.revision, start: token.after })).toString(
    "base64url",
  );
}

function readToken(text: string | null): ContinueToken | undefined {
  if (text === null || text === "") return undefined;
  try {
    const { rv, start } = JSON.parse(Buffer.from(text, "base64url").toString()) as { rv: number; start: string };
    if (typeof rv === "number" && typeof start === "string") return { revision: rv, after: start };
  } catch {
    // Refused below.
  }
  throw badRequest("continue key is not valid");
}

const SECOND = 1000;
/** A watch without timeoutSeconds ends after half an hour to an hour, as --min-request-timeout has it. */
const DEFAULT_WATCH_MS = [1800 * SECOND, 3600 * SECOND] as const;

export function watchObjects(context: ServerContext, call: Call, shown: Presentation): WatchStream {
  const seconds = Number(call.query.get("timeoutSeconds") ?? 0);
  return context.hub.start({
    resource: shown.stored,
    namespace: call.target.namespace,
    matches: selectionOf(call, shown),
    present: shown.present,
    resourceVersion: call.query.get("resourceVersion") ?? undefined,
    sendInitialEvents: call.query.get("sendInitialEvents") === "true",
    bookmarks: call.query.get("allowWatchBookmarks") === "true",
    timeoutMs:
      seconds > 0 ? seconds * SECOND : context.identity.between(DEFAULT_WATCH_MS, `watch/${context.store.revision}`),
  });
}
