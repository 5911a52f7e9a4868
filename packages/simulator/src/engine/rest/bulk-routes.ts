import { newId } from "../model/state.ts";
import { rolesOf } from "../security/authenticate.ts";
import { allows } from "../security/privileges.ts";
import { versionConflict, whenWritable, writeBody } from "./document-routes.ts";
import { errorResponse, illegalArgument, isWaiting, json, type Outcome, type RestContext, RestError } from "./http.ts";
import type { Route } from "./router.ts";
import { putDocument, readDocument, removeDocument } from "./store.ts";

export const BULK_ROUTES: readonly Route[] = ["/_bulk", "/{index}/_bulk"].map((path) => ({
  methods: ["POST", "PUT"],
  path,
  action: "indices:data/write/bulk",
  // Without an index in the path the roles are looked at item by item.
  ...(path === "/_bulk" ? { open: true } : { perIndex: true }),
  handle: bulk,
}));

type Verb = "index" | "create" | "delete" | "update";

interface Item {
  readonly verb: Verb;
  readonly index: string;
  readonly id: string;
  readonly source: Readonly<Record<string, unknown>>;
}

/** Each line stands alone: one that fails is an error in its item, and the answer is 200 all the same. */
function bulk(context: RestContext): Outcome {
  const items = parseLines(context);
  const [first] = items;
  if (first === undefined) throw illegalArgument("request body is required");
  // Waiting for a master or a primary is done once, on the first item; the others follow it.
  return whenWritable(context, first.index, first.id, () => {
    const results = items.map((item) => ({ [item.verb]: runItem(context, item) }));
    const errors = results.some((result) => Object.values(result).some(({ error }) => error !== undefined));
    return json({ took: 1, errors, items: results });
  });
}

interface ItemResult {
  readonly status: number;
  readonly error?: unknown;
}

function runItem(context: RestContext, item: Item): ItemResult {
  const { index: name, id, verb, source } = item;
  try {
    checkRole(context, item);
    const outcome = whenWritable(context, name, id, (cluster, index) => {
      const before = readDocument(context.world, cluster, index, id);
      if (verb === "delete") {
        const removed = removeDocument(context.world, cluster, index, id);
        const shown = removed ?? { source: {}, version: 0, seqNo: 0 };
        const result = removed === undefined ? "not_found" : "deleted";
        return json(
          writeBody(index, id, { ...shown, version: shown.version + 1 }, result),
          removed === undefined ? 404 : 200,
        );
      }
      if (verb === "create" && before !== undefined) throw versionConflict(index, id, before);
      if (verb === "update" && before === undefined) {
        throw new RestError(404, "document_missing_exception", `[${id}]: document missing`);
      }
      const content = verb === "update" ? { ...before?.source, ...(source.doc as object) } : source;
      const document = putDocument(context.world, cluster, index, id, content);
      return json(
        writeBody(index, id, document, before === undefined ? "created" : "updated"),
        before === undefined ? 201 : 200,
      );
    });
    if (isWaiting(outcome)) return outcome.expired() as never;
    return { ...(outcome.body as object), status: outcome.status };
  } catch (error) {
    if (!(error instanceof RestError)) throw error;
    const { error: shown } = errorResponse(error).body as { error: unknown };
    return { ...{ _index: name, _id: id }, status: error.status, error: shown };
  }
}

function checkRole(context: RestContext, { index, verb }: Item): void {
  const { principal, world, node } = context;
  if (principal === undefined) return;
  const action = verb === "delete" ? "indices:data/write/delete" : "indices:data/write/index";
  if (allows(rolesOf(world, node, principal), action, [index])) return;
  const reason = `action [${action}] is unauthorized for user [${principal.username}] on indices [${index}]`;
  throw new RestError(403, "security_exception", reason);
}

function parseLines({ request, params, world }: RestContext): readonly Item[] {
  const text =
    typeof request.body === "string" ? request.body : Buffer.isBuffer(request.body) ? request.body.toString() : "";
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const items: Item[] = [];
  for (let position = 0; position < lines.length; position++) {
    const action = parseJson(lines[position] ?? "");
    const [verb] = Object.keys(action);
    if (verb !== "index" && verb !== "create" && verb !== "delete" && verb !== "update") {
      throw illegalArgument(
        `Malformed action/metadata line [${position + 1}], expected field [create], [delete], [index] or [update]`,
      );
    }
    const meta = (action[verb] ?? {}) as Record<string, unknown>;
    const source = verb === "delete" ? {} : parseJson(lines[++position] ?? "");
    const index = String(meta._index ?? params.index ?? "");
    if (index === "") throw illegalArgument("index is missing");
    items.push({
      verb,
      index,
      id: meta._id === undefined ? newId(world.random).slice(0, 20) : String(meta._id),
      source,
    });
  }
  return items;
}

function parseJson(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    throw new RestError(400, "x_content_parse_exception", `[1:1] cannot parse line [${line.slice(0, 60)}]`);
  }
}
