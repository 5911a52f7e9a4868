import { parse } from "yaml";
import { ApiError, badRequest, conflict, invalid, type Status, unexpected } from "./api-error.ts";
import { applyConfiguration } from "./apply.ts";
import { nowText } from "./cluster.ts";
import { isObject, type Json, type JsonObject } from "./json.ts";
import type { KubeObject } from "./objects.ts";
import { applyJsonPatch, applyMergePatch, applyStrategicPatch } from "./patch.ts";
import type { DeleteOptions, UpdateOptions, WriteOptions } from "./registry.ts";
import { apiVersionOf, type Resource } from "./resources.ts";
import { selectionOf } from "./rest-read.ts";
import { type DecodeProblems, decode } from "./schema/decode.ts";
import { schemaOf } from "./schema/schema.ts";
import type { Call, Presentation, ServerContext } from "./server-context.ts";

export const JSON_PATCH = "application/json-patch+json";
const MERGE_PATCH = "application/merge-patch+json";
const STRATEGIC_PATCH = "application/strategic-merge-patch+json";
const APPLY_PATCH = "application/apply-patch+yaml";

export interface Written {
  readonly status: number;
  readonly object: object;
}

/** The body as a value: text is read as YAML where the content type says so, as JSON otherwise. */
export function bodyOf(call: Call): Json {
  const { body } = call;
  if (body === undefined || body === null || body === "") return null;
  const text = body instanceof Uint8Array ? Buffer.from(body).toString() : body;
  if (typeof text !== "string") return text as Json;
  try {
    return call.contentType.includes("yaml") ? (parse(text) as Json) : (JSON.parse(text) as Json);
  } catch (error) {
    throw badRequest(`error decoding body: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The writer's name in managed fields: what it gives itself, else the first part of its user agent. */
function managerOf(call: Call): string {
  return call.query.get("fieldManager") ?? (call.userAgent.split("/")[0] || "unknown");
}

export function writeOptions(call: Call): WriteOptions {
  return {
    caller: call.caller,
    manager: managerOf(call),
    dryRun: call.query.getAll("dryRun").includes("All"),
    warnings: call.warnings,
  };
}

/** Reads an object of a resource from a body: right kind, known fields, the namespace and name of the path. */
export function decodeObject(call: Call, resource: Resource, body: Json): KubeObject {
  if (!isObject(body))
    throw badRequest(
      `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: not an object`,
    );
  const problems: DecodeProblems = { unknownFields: [], wrongTypes: [] };
  const decoded = decode(body, schemaOf(resource.schema), problems);
  refuseProblems(call, resource, problems);
  const { apiVersion, kind } = decoded;
  if ((kind ?? resource.kind) !== resource.kind || (apiVersion ?? apiVersionOf(resource)) !== apiVersionOf(resource)) {
    const given = `${String(apiVersion)}, Kind=${String(kind)}`;
    throw badRequest(
      `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: the object provided is unrecognized (must be of type ${resource.kind}): ${given}`,
    );
  }
  const object = decoded as unknown as KubeObject;
  object.apiVersion = apiVersionOf(resource);
  object.kind = resource.kind;
  object.metadata ??= { name: "" };
  const { namespace } = call.target;
  if (resource.namespaced) {
    const own = object.metadata.namespace ?? "";
    if (own !== "" && own !== namespace) {
      throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
    }
    if (namespace !== undefined) object.metadata.namespace = namespace;
  } else delete object.metadata.namespace;
  return object;
}

function refuseProblems(call: Call, resource: Resource, problems: DecodeProblems): void {
  const title = `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}`;
  const [wrong] = problems.wrongTypes;
  if (wrong !== undefined) throw badRequest(`${title}: ${wrong}`);
  const unknown = problems.unknownFields.map((field) => `unknown field ${JSON.stringify(field)}`);
  if (unknown.length === 0) return;
  const directive = call.query.get("fieldValidation") ?? "Warn";
  if (directive === "Strict") throw badRequest(`${title}: strict decoding error: ${unknown.join(", ")}`);
  if (directive === "Warn") call.warnings.push(...unknown);
}

export function createObject(context: ServerContext, call: Call, shown: Presentation): Written {
  const object = shown.accept(decodeObject(call, call.resource, bodyOf(call)));
  return { status: 201, object: shown.present(context.registry.create(shown.stored, object, writeOptions(call))) };
}

/** PUT: replaces; of resources whose storage wants it, only with a resourceVersion. */
export function replaceObject(
  context: ServerContext,
  call: Call,
  shown: Presentation,
  part: UpdateOptions["part"],
): Written {
  const object = shown.accept(decodeObject(call, call.resource, bodyOf(call)));
  const { namespace, name = "" } = call.target;
  if (!call.resource.unconditionalUpdate && (object.metadata.resourceVersion ?? "") === "") {
    const detail = "must be specified for an update";
    throw invalid({ ...call.resource, kind: call.resource.plural }, name, [
      { kind: "Invalid", field: "metadata.resourceVersion", detail, value: 0 },
    ]);
  }
  const updated = context.registry.update(
    shown.stored,
    namespace,
    name,
    (current) => ({
      ...object,
      metadata: { ...object.metadata, uid: object.metadata.uid ?? current.metadata.uid ?? "" },
    }),
    { ...writeOptions(call), part, replaces: true, ...(part === undefined ? {} : { subresource: part }) },
  );
  return { status: 200, object: shown.present(updated) };
}

export function patchObject(
  context: ServerContext,
  call: Call,
  shown: Presentation,
  options: Partial<UpdateOptions>,
): Written {
  const type = call.contentType.split(";")[0]?.trim() ?? "";
  if (type === APPLY_PATCH) return applyObject(context, call, shown, options);
  if (call.query.has("force")) {
    throw invalid({ ...call.resource, kind: "PatchOptions", group: "meta.k8s.io" }, "", [
      { kind: "Forbidden", field: "force", detail: "may not be specified for non-apply patch" },
    ]);
  }
  const patch = bodyOf(call);
  const { namespace, name = "" } = call.target;
  const updated = context.registry.update(
    shown.stored,
    namespace,
    name,
    (current) => {
      const before = shown.present(current) as unknown as JsonObject;
      const patched = patchedBy(type, before, patch, shown.stored);
      return shown.accept(decodePatched(call, patched));
    },
    { ...writeOptions(call), ...options },
  );
  return { status: 200, object: shown.present(updated) };
}

function patchedBy(type: string, before: JsonObject, patch: Json, resource: Resource): JsonObject {
  switch (type) {
    case JSON_PATCH:
      return applyJsonPatch(before, patch);
    case MERGE_PATCH:
      return applyMergePatch(before, patch) as JsonObject;
    case STRATEGIC_PATCH:
      return applyStrategicPatch(before, patch, schemaOf(resource.schema)) as JsonObject;
    default:
      throw new ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {});
  }
}

/** A patched object that does not decode is the patch's fault: 422, not 400. */
function decodePatched(call: Call, patched: JsonObject): KubeObject {
  try {
    return decodeObject(call, call.resource, patched);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 400) throw error;
    throw new ApiError(422, "Invalid", ` "" is invalid: patch: Invalid value: ${error.message}`, {
      causes: [{ reason: "FieldValueInvalid", message: error.message, field: "patch" }],
    });
  }
}

function applyObject(
  context: ServerContext,
  call: Call,
  shown: Presentation,
  options: Partial<UpdateOptions>,
): Written {
  const manager = call.query.get("fieldManager") ?? "";
  if (manager === "") {
    throw invalid({ ...call.resource, kind: "PatchOptions", group: "meta.k8s.io" }, "", [
      { kind: "Required", field: "fieldManager", detail: "is required for apply patch" },
    ]);
  }
  const wanted = decodeApplied(call);
  const { namespace, name = "" } = call.target;
  if ((wanted.metadata.name ?? name) !== name && wanted.metadata.name !== "") {
    throw badRequest(`the name of the object (${wanted.metadata.name}) does not match the name on the URL (${name})`);
  }
  wanted.metadata.name = name;
  const who = { name: manager, operation: "Apply" as const, subresource: options.subresource };
  const force = call.query.get("force") === "true";
  const now = nowText(context);
  const live = context.store.get(shown.stored, namespace, name);
  if (live === undefined && options.subresource === undefined) {
    if ((wanted.metadata.uid ?? "") !== "") {
      throw conflict(
        shown.stored,
        name,
        `uid mismatch: the provided object specified uid ${wanted.metadata.uid}, and no existing object was found`,
      );
    }
    // A resourceVersion is no condition when there is nothing to compare it with (seen in 1.37).
    delete wanted.metadata.resourceVersion;
    const created = applyConfiguration(shown.stored, undefined, wanted, who, force, now);
    const { manager: _untracked, ...writing } = writeOptions(call);
    return { status: 201, object: context.registry.create(shown.stored, created, writing) };
  }
  const updated = context.registry.update(
    shown.stored,
    namespace,
    name,
    (current) => {
      const { uid, resourceVersion } = wanted.metadata;
      const merged = applyConfiguration(shown.stored, current, wanted, who, force, now);
      const meta = { ...merged.metadata, uid: uid ?? current.metadata.uid ?? "" };
      return {
        ...merged,
        metadata: { ...meta, resourceVersion: resourceVersion ?? current.metadata.resourceVersion ?? "" },
      };
    },
    { ...writeOptions(call), ...options, applied: true },
  );
  return { status: 200, object: updated };
}

/** An applied body is held to the schema: an unknown field is an error there, whatever fieldValidation says. */
function decodeApplied(call: Call): KubeObject {
  const body = bodyOf(call);
  const { resource } = call;
  if (!isObject(body)) throw badRequest("error decoding YAML: not an object");
  for (const field of ["apiVersion", "kind"]) {
    if (typeof body[field] !== "string") throw badRequest("invalid object type: /, Kind=");
  }
  const metadata = isObject(body.metadata) ? body.metadata : {};
  if (Array.isArray(metadata.managedFields) && metadata.managedFields.length > 0)
    throw badRequest("metadata.managedFields must be nil");
  const problems: DecodeProblems = { unknownFields: [], wrongTypes: [] };
  decode(body, schemaOf(resource.schema), problems);
  const faults = [
    ...problems.unknownFields.map((field) => `.${field}: field not declared in schema`),
    ...problems.wrongTypes,
  ];
  if (faults.length > 0) {
    const own = typeof metadata.namespace === "string" ? metadata.namespace : "";
    const where = `${own}/${call.target.name}; ${resource.group}/${resource.version}, Kind=${resource.kind}`;
    throw unexpected(`failed to create typed patch object (${where}): ${faults.join("; ")}`);
  }
  return decodeObject(call, resource, body);
}

interface DeleteBody {
  readonly preconditions?: { uid?: string; resourceVersion?: string };
  readonly propagationPolicy?: "Foreground" | "Background" | "Orphan";
  readonly gracePeriodSeconds?: number;
  readonly orphanDependents?: boolean;
  readonly dryRun?: string[];
}

export function deleteOptionsOf(call: Call): DeleteOptions & { dryRun: boolean } {
  const body = bodyOf(call);
  const given: DeleteBody = isObject(body) ? (body as DeleteBody) : {};
  const seconds = given.gracePeriodSeconds ?? numberOf(call.query.get("gracePeriodSeconds"));
  const orphan = given.orphanDependents === true || call.query.get("orphanDependents") === "true";
  const policy = given.propagationPolicy ?? call.query.get("propagationPolicy") ?? (orphan ? "Orphan" : undefined);
  if (policy !== undefined && !["Foreground", "Background", "Orphan"].includes(policy)) {
    throw invalid({ ...call.resource, kind: "DeleteOptions", group: "meta.k8s.io" }, "", [
      {
        kind: "NotSupported",
        field: "propagationPolicy",
        detail: 'supported values: "Foreground", "Background", "Orphan", "nil"',
        value: policy,
      },
    ]);
  }
  return {
    ...(given.preconditions === undefined ? {} : { preconditions: given.preconditions }),
    propagationPolicy: policy as DeleteOptions["propagationPolicy"],
    gracePeriodSeconds: seconds,
    dryRun: call.query.getAll("dryRun").includes("All") || (given.dryRun ?? []).includes("All"),
  };
}

function numberOf(text: string | null): number | undefined {
  return text === null ? undefined : Number(text);
}

export function deleteObject(context: ServerContext, call: Call, shown: Presentation): Written {
  const { namespace, name = "" } = call.target;
  const { dryRun, ...options } = deleteOptionsOf(call);
  const writing = { ...writeOptions(call), dryRun };
  const { object, gone } = context.registry.remove(shown.stored, namespace, name, options, writing);
  if (!gone) return { status: 200, object: shown.present(object) };
  return { status: 200, object: call.resource.answersDeleted ? shown.present(object) : success(call.resource, object) };
}

function success(resource: Resource, object: KubeObject): Status {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: {
      name: object.metadata.name,
      ...(resource.group === "" ? {} : { group: resource.group }),
      kind: resource.plural,
      ...(object.metadata.uid === undefined ? {} : { uid: object.metadata.uid }),
    },
  };
}

export function deleteCollection(context: ServerContext, call: Call, shown: Presentation): Written {
  const matches = selectionOf(call, shown);
  const { dryRun, ...options } = deleteOptionsOf(call);
  const writing = { ...writeOptions(call), dryRun };
  const items: object[] = [];
  for (const object of context.store.sorted(shown.stored, call.target.namespace)) {
    if (!matches(object)) continue;
    const { namespace, name } = object.metadata;
    items.push(shown.present(context.registry.remove(shown.stored, namespace, name, options, writing).object));
  }
  const metadata = { resourceVersion: String(context.store.revision) };
  return {
    status: 200,
    object: { kind: `${call.resource.kind}List`, apiVersion: apiVersionOf(call.resource), metadata, items },
  };
}
