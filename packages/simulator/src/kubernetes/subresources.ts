import { badRequest, invalid, methodNotAllowed, noSuchPath, unexpected } from "./api-error.ts";
import { nowText } from "./cluster.ts";
import { evict } from "./eviction.ts";
import { equal, isObject, type JsonObject } from "./json.ts";
import type { CertificateSigningRequest, KubeObject, Pod, PodSpec, StatefulSet } from "./objects.ts";
import { applyJsonPatch, applyMergePatch } from "./patch.ts";
import { bindPod } from "./pod-binding.ts";
import { qosClassOf } from "./pod-resources.ts";
import { CERTIFICATE_REQUESTS, NAMESPACES, PODS, STATEFUL_SETS } from "./resources.ts";
import {
  bodyOf,
  decodeObject,
  deleteOptionsOf,
  JSON_PATCH,
  patchObject,
  replaceObject,
  type Written,
  writeOptions,
} from "./rest-write.ts";
import type { Call, Presentation, ServerContext } from "./server-context.ts";

/** Carries out a call on a subresource. */
export function onSubresource(context: ServerContext, call: Call, shown: Presentation): Written {
  const { subresource, namespace, name = "" } = call.target;
  switch (subresource) {
    case "status":
      return onPart(context, call, shown);
    case "scale":
      return onScale(context, call);
    case "binding":
      if (call.method !== "POST") throw methodNotAllowed();
      return bind(context, call);
    case "eviction":
      if (call.method !== "POST") throw methodNotAllowed();
      return { status: 201, object: evict(context, namespace ?? "", name, evictionOptions(call), writeOptions(call)) };
    case "resize":
      return onResize(context, call, shown);
    case "approval":
      return onApproval(context, call, shown);
    case "finalize":
      return finalize(context, call);
    default:
      throw noSuchPath();
  }
}

function onPart(context: ServerContext, call: Call, shown: Presentation): Written {
  const { namespace, name = "" } = call.target;
  switch (call.method) {
    case "GET":
      return { status: 200, object: context.registry.read(shown.stored, namespace, name) };
    case "PUT":
      return replaceObject(context, call, shown, "status");
    case "PATCH":
      return patchObject(context, call, shown, { part: "status", subresource: "status" });
    default:
      throw methodNotAllowed();
  }
}

interface Scale {
  readonly metadata?: { readonly resourceVersion?: string };
  readonly spec?: { readonly replicas?: number };
}

function scaleOf(set: StatefulSet): JsonObject {
  const { name, namespace = "", uid = "", resourceVersion = "", creationTimestamp = "" } = set.metadata;
  const selector = Object.entries(set.spec.selector.matchLabels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: set.spec.replicas },
    status: { replicas: set.status.replicas ?? 0, selector },
  };
}

function onScale(context: ServerContext, call: Call): Written {
  const { namespace, name = "" } = call.target;
  const current = context.registry.read(STATEFUL_SETS, namespace, name);
  if (call.method === "GET") return { status: 200, object: scaleOf(current) };
  if (call.method !== "PUT" && call.method !== "PATCH") throw methodNotAllowed();
  const body = bodyOf(call);
  const scale = (
    call.method === "PUT"
      ? body
      : call.contentType.startsWith(JSON_PATCH)
        ? applyJsonPatch(scaleOf(current), body)
        : applyMergePatch(scaleOf(current), body)
  ) as Scale;
  const replicas = scale.spec?.replicas ?? 0;
  if (!Number.isInteger(replicas) || replicas < 0) {
    throw invalid({ ...call.resource, group: "autoscaling", kind: "Scale" }, name, [
      { kind: "Invalid", field: "spec.replicas", detail: "must be greater than or equal to 0", value: replicas },
    ]);
  }
  const updated = context.registry.update(
    STATEFUL_SETS,
    namespace,
    name,
    (set) => {
      if (scale.metadata?.resourceVersion !== undefined) set.metadata.resourceVersion = scale.metadata.resourceVersion;
      set.spec.replicas = replicas;
    },
    { ...writeOptions(call), subresource: "scale" },
  );
  return { status: 200, object: scaleOf(updated) };
}

function bind(context: ServerContext, call: Call): Written {
  const body = bodyOf(call);
  if (!isObject(body)) throw badRequest("not a Binding object");
  const target = isObject(body.target) ? body.target : {};
  const { namespace = "", name = "" } = call.target;
  if ((target.kind ?? "Node") !== "Node" || typeof target.name !== "string" || target.name === "") {
    throw unexpected("target.name: Required value");
  }
  const uid = isObject(body.metadata) && typeof body.metadata.uid === "string" ? body.metadata.uid : undefined;
  bindPod(context, namespace, name, target.name, uid);
  return { status: 201, object: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 } };
}

function evictionOptions(call: Call): ReturnType<typeof deleteOptionsOf> {
  const body = bodyOf(call);
  const eviction = isObject(body) ? body : {};
  const metadata = isObject(eviction.metadata) ? eviction.metadata : {};
  if (typeof metadata.name === "string" && metadata.name !== call.target.name) {
    throw badRequest("name in URL does not match name in Eviction object");
  }
  const options = deleteOptionsOf({ ...call, body: eviction.deleteOptions ?? {} });
  return options;
}

/** Only cpu and memory of containers may change, and not the QoS class. */
function onResize(context: ServerContext, call: Call, shown: Presentation): Written {
  if (call.method === "GET") {
    return { status: 200, object: context.registry.read(PODS, call.target.namespace, call.target.name ?? "") };
  }
  const { namespace, name = "" } = call.target;
  const before = context.registry.read(PODS, namespace, name);
  const check = (wanted: Pod): Pod => {
    const after = resized(wanted, before);
    const faults = resizeFaults(after.spec, before);
    if (faults.length > 0) throw invalid(PODS, name, faults);
    return after;
  };
  const checked: Presentation = { ...shown, accept: (object) => check(object as Pod) };
  const options = { subresource: "resize", unchecked: true };
  if (call.method === "PATCH") return patchObject(context, call, checked, options);
  if (call.method !== "PUT") throw methodNotAllowed();
  const object = check(decodeObject(call, PODS, bodyOf(call)) as Pod);
  const updated = context.registry.update(PODS, namespace, name, () => object, { ...writeOptions(call), ...options });
  return { status: 200, object: updated };
}

/** The pod as it is, with the resources of the wanted one: this subresource sees nothing else (podResizeStrategy). */
function resized(wanted: Pod, before: Pod): Pod {
  const containers = before.spec.containers.map((container) => {
    const resources = wanted.spec.containers.find((each) => each.name === container.name)?.resources;
    return resources === undefined ? container : { ...container, resources };
  });
  return { ...before, metadata: wanted.metadata, spec: { ...before.spec, containers } };
}

function resizeFaults(after: PodSpec, before: Pod): Parameters<typeof invalid>[2] {
  const strip = (spec: PodSpec): unknown => ({
    ...spec,
    containers: spec.containers.map((container) => ({
      ...container,
      resources: {
        ...container.resources,
        requests: withoutCompute(container.resources?.requests),
        limits: withoutCompute(container.resources?.limits),
      },
    })),
  });
  if (qosClassOf(after) !== qosClassOf(before.spec)) {
    return [
      {
        kind: "Invalid",
        field: "spec",
        detail: "Pod QOS Class may not change as a result of resizing",
        value: before.status.qosClass,
      },
    ];
  }
  const dropped = before.spec.containers.flatMap((container, index) => {
    const now = after.containers[index]?.resources;
    const lost = (["requests", "limits"] as const).filter((list) =>
      Object.keys(container.resources?.[list] ?? {}).some((resource) => now?.[list]?.[resource] === undefined),
    );
    return lost.map((list) => ({
      kind: "Forbidden" as const,
      field: `spec.containers[${index}].resources.${list}`,
      detail: `resource ${list} cannot be removed`,
    }));
  });
  if (dropped.length > 0) return dropped;
  if (!equal(strip(after), strip(before.spec))) {
    return [{ kind: "Forbidden", field: "spec", detail: "only cpu and memory resources are mutable" }];
  }
  return [];
}

function withoutCompute(amounts: Record<string, string | number> | undefined): Record<string, string | number> {
  const { cpu: _cpu, memory: _memory, ...rest } = amounts ?? {};
  return rest;
}

/** Only conditions change here; Approved and Denied exclude each other and stay. */
function onApproval(context: ServerContext, call: Call, shown: Presentation): Written {
  const { name = "" } = call.target;
  if (call.method === "GET")
    return { status: 200, object: context.registry.read(CERTIFICATE_REQUESTS, undefined, name) };
  const accept = (object: KubeObject): KubeObject => {
    const before = context.registry.read(CERTIFICATE_REQUESTS, undefined, name);
    const after = object as CertificateSigningRequest;
    const conditions = after.status?.conditions ?? [];
    const had = (type: string): boolean => (before.status.conditions ?? []).some((each) => each.type === type);
    const has = (type: string): boolean => conditions.some((each) => each.type === type);
    for (const type of ["Approved", "Denied"]) {
      if (had(type) && !has(type)) {
        throw invalid(CERTIFICATE_REQUESTS, name, [
          {
            kind: "Forbidden",
            field: "status.conditions",
            detail: `updates may not remove a condition of type "${type}"`,
          },
        ]);
      }
    }
    if (has("Approved") && has("Denied")) {
      throw invalid(CERTIFICATE_REQUESTS, name, [
        {
          kind: "Invalid",
          field: "status.conditions",
          detail: "Approved and Denied conditions are mutually exclusive",
        },
      ]);
    }
    const now = nowText(context);
    const stamped = conditions.map((each) => ({
      ...each,
      status: each.status ?? ("True" as const),
      lastTransitionTime: each.lastTransitionTime ?? now,
      lastUpdateTime: each.lastUpdateTime ?? now,
    }));
    return { ...after, status: { ...before.status, conditions: stamped } };
  };
  const checked: Presentation = { ...shown, accept };
  if (call.method === "PUT") return replaceObject(context, call, checked, "status");
  if (call.method === "PATCH") return patchObject(context, call, checked, { part: "status", subresource: "approval" });
  throw methodNotAllowed();
}

/** Sets the finalizers of a namespace's spec: what the namespace controller does when the content is gone. */
function finalize(context: ServerContext, call: Call): Written {
  if (call.method !== "PUT") throw methodNotAllowed();
  const body = decodeObject(call, NAMESPACES, bodyOf(call));
  const finalizers = (body.spec as { finalizers?: string[] }).finalizers ?? [];
  const updated = context.registry.update(
    NAMESPACES,
    undefined,
    call.target.name ?? "",
    (namespace) => {
      namespace.spec.finalizers = finalizers;
    },
    { ...writeOptions(call), part: "all", subresource: "finalize" },
  );
  return { status: 200, object: updated };
}
