import {
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
import { statusOf } from "./errors.ts";
import { testsHold } from "./json-pointer.ts";
import type { KubeConnection } from "./kubeconfig.ts";
import { collectionPath, kindOfObject, objectPath } from "./paths.ts";
import {
  REFLECTOR_TIMINGS,
  type ReflectorSource,
  type ReflectorTimings,
  type RelistReason,
  startReflector,
} from "./reflector.ts";
import { createTransport, type Transport } from "./transport.ts";

export interface KubernetesOptions {
  readonly requestTimeoutMs?: number;
  /** Calls in flight at once; further ones wait in order. */
  readonly connections?: number;
  readonly reflector?: Partial<ReflectorTimings>;
  /** Chance for jitter, in [0, 1). */
  readonly random?: () => number;
  readonly onRelist?: (kind: KubernetesKind, reason: RelistReason) => void;
  readonly onReflectorProblem?: (kind: KubernetesKind, error: unknown) => void;
}

const PAGE_SIZE = 500;
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;
const DEFAULT_PDB_RETRY_MS = 10_000;

interface RawList {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly KubernetesObject[];
}

/** One Kubernetes cluster over HTTP. Unknown fields are refused on writes (strict validation) and kept on reads. */
export function createKubernetes(connection: KubeConnection, options: KubernetesOptions = {}): Kubernetes {
  const transport = createTransport(connection, {
    connections: options.connections ?? 48,
    requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
    maxAnswerBytes: MAX_ANSWER_BYTES,
  });
  const reflections = new Set<Reflection<KubernetesObject>>();

  return {
    version: async () => {
      const answer = (await transport.call({ method: "GET", path: "/version" })) as { gitVersion?: unknown };
      return String(answer.gitVersion ?? "");
    },
    read: async (kind, key) => {
      try {
        return await called(transport.call({ method: "GET", path: objectPath(kind, key) }));
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    list: async <K extends KubernetesKind>(kind: K, list: ListOptions = {}) => {
      const { items } = await listPages(transport, kind, list);
      return items as unknown as ObjectByKind[K][];
    },
    podUsage: async ({ labelSelector } = {}) => {
      try {
        return podUsagesOf(await transport.call({ method: "GET", path: POD_METRICS_PATH, query: { labelSelector } }));
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    apply: async (object, fieldManager) =>
      called(
        transport.call({
          method: "PATCH",
          path: objectPath(kindOfObject(object), object.metadata),
          query: { fieldManager, force: "true", fieldValidation: "Strict" },
          contentType: "application/apply-patch+yaml",
          body: object,
        }),
      ),
    create: async (object) =>
      called(
        transport.call({
          method: "POST",
          path: collectionPath(kindOfObject(object), object.metadata.namespace),
          query: { fieldValidation: "Strict" },
          body: object,
        }),
      ),
    patch: async (kind, key, operations) => {
      try {
        return await called(
          transport.call({
            method: "PATCH",
            path: objectPath(kind, key),
            contentType: "application/json-patch+json",
            body: operations,
          }),
        );
      } catch (error) {
        if (!isFailedPatch(error)) throw error;
        // The API server answers a failed test and a patch that can never apply alike; the object tells which it was.
        const now = await transport.call({ method: "GET", path: objectPath(kind, key) });
        if (testsHold(now, operations)) throw error;
        throw new PortError("conflict", `a test of the patch of ${kind} ${key.name} failed`, { cause: error });
      }
    },
    delete: (kind, key, request) => deleteExactly(transport, kind, key, request),
    evict: (key, uid) => evict(transport, key, uid),
    approveCertificate: (name, uid, reason) => approveCertificate(transport, name, uid, reason),
    reflect: (kind, list, onEvent) => {
      const reflection = startReflector(
        reflectorSource(transport, kind, list),
        {
          timings: { ...REFLECTOR_TIMINGS, ...options.reflector },
          now: () => performance.now(),
          random: options.random ?? Math.random,
          onRelist: (reason) => options.onRelist?.(kind, reason),
          onProblem: (error) => options.onReflectorProblem?.(kind, error),
        },
        onEvent,
      );
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
      transport.close();
    },
  };
}

/** The answer as the type that the path promises: the API server is trusted to answer in its own schema. */
async function called<T>(answer: Promise<unknown>): Promise<T> {
  return (await answer) as T;
}

/**
 * Lists through all pages: the first sees the newest state, the rest the same one. A list whose pages expired under way
 * (five minutes, or a compaction) is taken again in one piece.
 */
async function listPages(
  transport: Transport,
  kind: KubernetesKind,
  list: ListOptions,
): Promise<{ items: KubernetesObject[]; resourceVersion: string }> {
  const page = async (limit: number | undefined, token?: string): Promise<RawList> =>
    (await transport.call({
      method: "GET",
      path: collectionPath(kind, list.namespace),
      query: {
        labelSelector: list.labelSelector,
        fieldSelector: list.fieldSelector,
        limit: limit === undefined ? undefined : String(limit),
        continue: token,
      },
    })) as RawList;
  // Items of a list carry neither apiVersion nor kind on the wire.
  const type = { apiVersion: KUBERNETES_KINDS[kind].apiVersion, kind };
  const items: KubernetesObject[] = [];
  let answer: RawList;
  try {
    answer = await page(PAGE_SIZE);
    for (const item of answer.items ?? []) items.push({ ...item, ...type });
    while (answer.metadata?.continue) {
      answer = await page(PAGE_SIZE, answer.metadata.continue);
      for (const item of answer.items ?? []) items.push({ ...item, ...type });
    }
  } catch (error) {
    if (statusOf(error)?.code !== 410) throw error;
    answer = await page(undefined);
    items.splice(0, items.length, ...(answer.items ?? []).map((item) => ({ ...item, ...type })));
  }
  return { items, resourceVersion: answer.metadata?.resourceVersion ?? "" };
}

function reflectorSource(transport: Transport, kind: KubernetesKind, list: ListOptions): ReflectorSource {
  return {
    list: () => listPages(transport, kind, list),
    watch: (resourceVersion, timeoutSeconds, signal) =>
      transport.stream(
        {
          method: "GET",
          path: collectionPath(kind, list.namespace),
          query: {
            watch: "true",
            allowWatchBookmarks: "true",
            resourceVersion,
            timeoutSeconds: String(timeoutSeconds),
            labelSelector: list.labelSelector,
            fieldSelector: list.fieldSelector,
          },
        },
        signal,
      ),
  };
}

const deleteExactly = async (
  transport: Transport,
  kind: KubernetesKind,
  key: ObjectKey,
  request: Parameters<Kubernetes["delete"]>[2],
): Promise<boolean> => {
  try {
    await transport.call({
      method: "DELETE",
      path: objectPath(kind, key),
      body: {
        apiVersion: "v1",
        kind: "DeleteOptions",
        preconditions: {
          uid: request.uid,
          ...(request.resourceVersion === undefined ? {} : { resourceVersion: request.resourceVersion }),
        },
        ...(request.propagation === undefined ? {} : { propagationPolicy: request.propagation }),
        ...(request.gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds: request.gracePeriodSeconds }),
      },
    });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    // A namespace on its way out answers a second delete with 409; it is what we asked for.
    if (kind === "Namespace" && /ensuring all content is removed/.test(statusOf(error)?.message ?? "")) return true;
    throw error;
  }
};

const evict = async (transport: Transport, key: ObjectKey, uid: string): ReturnType<Kubernetes["evict"]> => {
  try {
    await transport.call({
      method: "POST",
      path: `${objectPath("Pod", key)}/eviction`,
      body: {
        apiVersion: "policy/v1",
        kind: "Eviction",
        metadata: { name: key.name, namespace: key.namespace },
        deleteOptions: { preconditions: { uid } },
      },
    });
    return "evicted";
  } catch (error) {
    if (isNotFound(error)) return "gone";
    const status = statusOf(error);
    if (status === undefined) throw error;
    if (status.code === 409 && /precondition/i.test(status.message)) return "gone";
    const budget = status.causes.find((cause) => cause.reason === "DisruptionBudget");
    if (status.code === 429 && budget !== undefined) {
      const name = /disruption budget (\S+)/.exec(budget.message)?.[1];
      return { blockedBy: name ?? budget.message, retryAfterMs: status.retryAfterMs ?? DEFAULT_PDB_RETRY_MS };
    }
    // Answered as 500, yet no retry will ever pass: two budgets cover one pod.
    if (/more than one PodDisruptionBudget/.test(status.message)) {
      throw new PortError("invalid", status.message, { cause: status });
    }
    throw error;
  }
};

/** Approves by the approval subresource, on the exact version that was read. A request that is approved already is fine. */
const approveCertificate = async (transport: Transport, name: string, uid: string, reason: string): Promise<void> => {
  const path = objectPath("CertificateSigningRequest", { name });
  const request = await called<ObjectByKind["CertificateSigningRequest"]>(transport.call({ method: "GET", path }));
  if (request.metadata.uid !== uid) throw new PortError("conflict", `another request has the name ${name} now`);
  const conditions = request.status?.conditions ?? [];
  if (conditions.some(({ type }) => type === "Denied" || type === "Failed")) {
    throw new PortError("conflict", `certificate signing request ${name} was refused already`);
  }
  if (conditions.some(({ type }) => type === "Approved")) return;
  const approved = { type: "Approved", status: "True", reason: "BerthApproved", message: reason };
  await transport.call({
    method: "PUT",
    path: `${path}/approval`,
    body: { ...request, status: { ...request.status, conditions: [...conditions, approved] } },
  });
};

function isNotFound(error: unknown): boolean {
  return error instanceof PortError && error.kind === "not_found";
}

/** A patch that does not apply answers 422 without causes; a patched object that is not valid names the fields. */
function isFailedPatch(error: unknown): boolean {
  const status = statusOf(error);
  return status?.code === 422 && status.causes.length === 0;
}
