import { canonicalJson, type Json } from "./canonical-json.ts";
import { redact, snakeCase } from "./redact.ts";

type Fields = Readonly<Record<string, Json>>;

/** What a change did. `before` is null for what was new, or where nothing needs to be said. */
export interface AuditChanges {
  readonly before: Fields | null;
  readonly after: Fields | null;
}

/**
 * What an audit row says of a change, without secrets. `data` is `{ before, after }` of an update, of which the fields stay
 * that differ, or plainly the facts of anything else. Names of fields become the API's: `maxClusters` is `max_clusters`.
 */
export function changesOf(data: object | undefined): AuditChanges {
  if (data === undefined) return { before: null, after: null };
  if (!isUpdate(data)) return { before: null, after: fieldsOf(data) };
  return difference(fieldsOf(data.before), fieldsOf(data.after));
}

function isUpdate(data: object): data is { readonly before: unknown; readonly after: unknown } {
  return "before" in data && "after" in data && Object.keys(data).length === 2;
}

/** Redacted under the names that our code uses, which say most, and shown under the API's. */
function fieldsOf(value: unknown): Fields {
  const clean = redact(value);
  return isFields(clean) ? renamed(clean) : {};
}

/** Whose members have names that somebody chose, not we. */
const CHOSEN_NAMES = ["labels", "settings", "subnet_ids"];

function renamed(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      const wire = /^[a-z][a-zA-Z0-9]*$/.test(name) ? snakeCase(name) : name;
      return [wire, CHOSEN_NAMES.includes(wire) ? value : renamedWithin(value)];
    }),
  );
}

function renamedWithin(value: Json): Json {
  if (isFields(value)) return renamed(value);
  return Array.isArray(value) ? value.map(renamedWithin) : value;
}

/** The members in which two objects differ; of objects in them, their members in turn. Lists count as a whole. */
function difference(before: Fields, after: Fields): { before: Fields; after: Fields } {
  const lost: Record<string, Json> = {};
  const gained: Record<string, Json> = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, now] = [before[name], after[name]];
    if (old !== undefined && now !== undefined && canonicalJson(old) === canonicalJson(now)) continue;
    if (isFields(old) && isFields(now)) {
      const inner = difference(old, now);
      lost[name] = inner.before;
      gained[name] = inner.after;
    } else {
      if (old !== undefined) lost[name] = old;
      if (now !== undefined) gained[name] = now;
    }
  }
  return { before: lost, after: gained };
}

function isFields(value: Json | undefined): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
