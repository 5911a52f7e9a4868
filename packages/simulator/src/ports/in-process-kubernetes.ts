import { isDeepStrictEqual } from "node:util";
import {
  type DeleteOptions,
  isPortError,
  type JsonPatchOperation,
  KUBERNETES_KINDS,
  type Kubernetes,
  type KubernetesKind,
  type KubernetesObject,
  type ListOptions,
  type ObjectByKind,
  type ObjectKey,
  POD_METRICS_PATH,
  PortError,
  podUsagesOf,
  type Reflection,
} from "@berth/ports";
import type { SimulationClock } from "../clock.ts";
import type { KubernetesModel } from "../kubernetes/model.ts";
import type { ApiResponse } from "../kubernetes/request.ts";
import { inProcessReflection } from "./in-process-reflection.ts";
import { portErrorOfStatus, type StatusBody, statusBodyOf } from "./kubernetes-errors.ts";

interface Call {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
}

const DEFAULT_PDB_RETRY_MS = 10_000;

/**
 * The Kubernetes port straight on the model, for the virtual clock. Calls take no time, whatever latency the model's faults
 * ask for; watches deliver when the clock moves. `token` is another caller's than the administrator's.
 */
export function inProcessKubernetes(model: KubernetesModel, clock: SimulationClock, token?: string): Kubernetes {
  const reflections = new Set<Reflection<KubernetesObject>>();

  const send = ({ method, path, query = {}, body, contentType }: Call): ApiResponse =>
    model.handle({
      method,
      path,
      query,
      body,
      headers: {
        authorization: `Bearer ${token ?? model.adminToken}`,
        "content-type": contentType ?? "application/json",
        "user-agent": "berth/in-process",
      },
    });
  const call = (request: Call): unknown => {
    const answer = send(request);
    const action = `${request.method} ${request.path}`;
    if (answer.dropped) throw new PortError("unavailable", `${action}: the connection broke`);
    if (answer.status >= 400) throw portErrorOfStatus(statusBodyOf(answer), action);
    // Callers must not change what the store holds.
    return structuredClone(answer.body);
  };
  const list = (kind: KubernetesKind, options: ListOptions) => {
    const { labelSelector, fieldSelector, namespace } = options;
    const body = call({
      method: "GET",
      path: collectionPath(kind, namespace),
      query: { labelSelector, fieldSelector },
    });
    const { items, metadata } = body as { items: object[]; metadata: { resourceVersion: string } };
    // Items of a list carry neither apiVersion nor kind.
    const type = { apiVersion: KUBERNETES_KINDS[kind].apiVersion, kind };
    return {
      items: items.map((item) => ({ ...item, ...type }) as unknown as KubernetesObject),
      resourceVersion: metadata.resourceVersion,
    };
  };

  return {
    version: async () => (call({ method: "GET", path: "/version" }) as { gitVersion: string }).gitVersion,
    read: async <K extends KubernetesKind>(kind: K, key: ObjectKey) =>
      orWhenNotFound(() => call({ method: "GET", path: objectPath(kind, key) }) as ObjectByKind[K], undefined),
    list: async <K extends KubernetesKind>(kind: K, options: ListOptions = {}) =>
      list(kind, options).items as unknown as ObjectByKind[K][],
    podUsage: async ({ labelSelector } = {}) =>
      podUsagesOf(call({ method: "GET", path: POD_METRICS_PATH, query: { labelSelector } })),
    apply: async <T extends KubernetesObject>(object: T, fieldManager: string) =>
      call({
        method: "PATCH",
        path: objectPath(kindOf(object), object.metadata),
        query: { fieldManager, force: "true", fieldValidation: "Strict" },
        contentType: "application/apply-patch+yaml",
        body: object,
      }) as T,
    create: async <T extends KubernetesObject>(object: T) =>
      call({
        method: "POST",
        path: collectionPath(kindOf(object), object.metadata.namespace),
        query: { fieldValidation: "Strict" },
        body: object,
      }) as T,
    patch: async <K extends KubernetesKind>(kind: K, key: ObjectKey, operations: readonly JsonPatchOperation[]) => {
      const path = objectPath(kind, key);
      try {
        const contentType = "application/json-patch+json";
        return call({ method: "PATCH", path, contentType, body: operations }) as ObjectByKind[K];
      } catch (error) {
        const status = statusOf(error);
        if (status?.code !== 422 || status.causes.length > 0) throw error;
        // A failed test and a patch that can never apply are answered alike; the object tells which it was.
        if (testsHold(call({ method: "GET", path }), operations)) throw error;
        throw new PortError("conflict", `a test of the patch of ${kind} ${key.name} failed`, { cause: error });
      }
    },
    delete: async (kind, key, options) => {
      try {
        call({ method: "DELETE", path: objectPath(kind, key), body: deleteBody(options) });
        return true;
      } catch (error) {
        if (isPortError(error, "not_found")) return false;
        if (kind === "Namespace" && /ensuring all content is removed/.test(statusOf(error)?.message ?? "")) return true;
        throw error;
      }
    },
    evict: async (key, uid) => {
      const body = {
        apiVersion: "policy/v1",
        kind: "Eviction",
        metadata: { name: key.name, namespace: key.namespace },
        deleteOptions: { preconditions: { uid } },
      };
      try {
        call({ method: "POST", path: `${objectPath("Pod", key)}/eviction`, body });
        return "evicted";
      } catch (error) {
        return evictionAnswer(error);
      }
    },
    approveCertificate: async (name, uid, reason) => {
      const path = objectPath("CertificateSigningRequest", { name });
      const request = call({ method: "GET", path }) as ObjectByKind["CertificateSigningRequest"];
      if (request.metadata.uid !== uid) throw new PortError("conflict", `another request has the name ${name} now`);
      const conditions = request.status?.conditions ?? [];
      if (conditions.some(({ type }) => type === "Denied" || type === "Failed")) {
        throw new PortError("conflict", `certificate signing request ${name} was refused already`);
      }
      if (conditions.some(({ type }) => type === "Approved")) return;
      const approved = { type: "Approved", status: "True", reason: "BerthApproved", message: reason };
      const body = { ...request, status: { ...request.status, conditions: [...conditions, approved] } };
      call({ method: "PUT", path: `${path}/approval`, body });
    },
    reflect: (kind, options, onEvent) => {
      const { labelSelector, fieldSelector, namespace } = options;
      const source = {
        list: () => list(kind, options),
        watch: (resourceVersion: string) =>
          send({
            method: "GET",
            path: collectionPath(kind, namespace),
            query: {
              watch: "true",
              allowWatchBookmarks: "true",
              timeoutSeconds: "270",
              resourceVersion,
              labelSelector,
              fieldSelector,
            },
          }),
      };
      const reflection = inProcessReflection(source, clock, onEvent);
      reflections.add(reflection);
      return {
        ...reflection,
        stop: () => {
          reflection.stop();
          reflections.delete(reflection);
        },
      };
    },
    close: () => {
      for (const reflection of reflections) reflection.stop();
      reflections.clear();
    },
  };
}

function collectionPath(kind: KubernetesKind, namespace?: string): string {
  const { apiVersion, plural, namespaced } = KUBERNETES_KINDS[kind];
  const group = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return `${group}${namespaced && namespace !== undefined ? `/namespaces/${namespace}` : ""}/${plural}`;
}

function objectPath(kind: KubernetesKind, key: ObjectKey): string {
  if (KUBERNETES_KINDS[kind].namespaced && !key.namespace) throw new TypeError(`${kind} ${key.name} needs a namespace`);
  if (key.name === "") throw new TypeError(`${kind}: an empty name would address the whole collection`);
  return `${collectionPath(kind, key.namespace)}/${key.name}`;
}

function kindOf(object: KubernetesObject): KubernetesKind {
  const kind = object.kind as KubernetesKind;
  if (Object.hasOwn(KUBERNETES_KINDS, kind) && KUBERNETES_KINDS[kind].apiVersion === object.apiVersion) return kind;
  throw new PortError("invalid", `${object.apiVersion} ${object.kind} is not among the kinds that Berth touches`);
}

function deleteBody({ uid, resourceVersion, propagation, gracePeriodSeconds }: DeleteOptions): object {
  return {
    apiVersion: "v1",
    kind: "DeleteOptions",
    preconditions: { uid, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
    ...(propagation === undefined ? {} : { propagationPolicy: propagation }),
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
  };
}

function evictionAnswer(error: unknown): Awaited<ReturnType<Kubernetes["evict"]>> {
  if (isPortError(error, "not_found")) return "gone";
  const status = statusOf(error);
  if (status === undefined) throw error;
  if (status.code === 409 && /precondition/i.test(status.message)) return "gone";
  const budget = status.causes.find(({ reason }) => reason === "DisruptionBudget");
  if (status.code === 429 && budget !== undefined) {
    const name = /disruption budget (\S+)/.exec(budget.message)?.[1];
    return { blockedBy: name ?? budget.message, retryAfterMs: status.retryAfterMs ?? DEFAULT_PDB_RETRY_MS };
  }
  if (/more than one PodDisruptionBudget/.test(status.message)) throw new PortError("invalid", status.message);
  throw error;
}

function statusOf(error: unknown): StatusBody | undefined {
  return error instanceof PortError &&
    typeof error.cause === "object" &&
    error.cause !== null &&
    "causes" in error.cause
    ? (error.cause as StatusBody)
    : undefined;
}

function orWhenNotFound<T, U>(run: () => T, otherwise: U): T | U {
  try {
    return run();
  } catch (error) {
    if (isPortError(error, "not_found")) return otherwise;
    throw error;
  }
}

/** Whether all `test` operations of a patch hold for an object (RFC 6902, pointers by RFC 6901). */
function testsHold(document: unknown, operations: readonly JsonPatchOperation[]): boolean {
  return operations.every(({ op, path, value }) => {
    if (op !== "test") return true;
    const parts = path.split("/").slice(1);
    const found = parts.reduce<unknown>((inner, part) => {
      if (typeof inner !== "object" || inner === null) return undefined;
      return (inner as Record<string, unknown>)[part.replaceAll("~1", "/").replaceAll("~0", "~")];
    }, document);
    return isDeepStrictEqual(found, value);
  });
}
