import { forbidden } from "./api-error.ts";
import type { Cluster } from "./cluster.ts";
import type { Claim, KubeObject, Pod, ResourceQuota } from "./objects.ts";
import { podLimits, podRequests } from "./pod-resources.ts";
import { addTo, amountOf, formatAmount, type Vector } from "./quantities.ts";
import type { WriteOptions } from "./registry.ts";
import { CLAIMS, PODS, QUOTAS, qualifiedName, RESOURCES, type Resource } from "./resources.ts";
import type { Store } from "./store.ts";

/** What one object counts for in quotas, by the names that quotas use. */
function usageOf(resource: Resource, object: KubeObject): Vector {
  const usage: Vector = { [`count/${qualifiedName(resource)}`]: 1 };
  if (resource.kind === "Pod") {
    const pod = object as Pod;
    // A pod that ended holds nothing but its count.
    if (pod.status.phase === "Succeeded" || pod.status.phase === "Failed") return usage;
    usage.pods = 1;
    for (const [name, amount] of Object.entries(podRequests(pod.spec))) {
      usage[`requests.${name}`] = amount;
      if (name === "cpu" || name === "memory") usage[name] = amount;
    }
    for (const [name, amount] of Object.entries(podLimits(pod.spec))) usage[`limits.${name}`] = amount;
    return usage;
  }
  if (resource.kind === "PersistentVolumeClaim") {
    const claim = object as Claim;
    const storage = amountOf("storage", claim.spec.resources?.requests?.storage);
    usage.persistentvolumeclaims = 1;
    usage["requests.storage"] = storage;
    if (claim.spec.storageClassName !== undefined) {
      const prefix = `${claim.spec.storageClassName}.storageclass.storage.k8s.io`;
      usage[`${prefix}/persistentvolumeclaims`] = 1;
      usage[`${prefix}/requests.storage`] = storage;
    }
    return usage;
  }
  if (PLAIN_COUNTS.has(resource.kind)) usage[resource.plural] = 1;
  return usage;
}

const PLAIN_COUNTS = new Set(["Service", "Secret", "ConfigMap", "ResourceQuota"]);

/** What a namespace uses now, of the names in a quota. */
export function namespaceUsage(store: Store, namespace: string, hard: readonly string[]): Vector {
  const usage: Vector = {};
  for (const resource of RESOURCES) {
    if (!resource.namespaced || !isCounted(resource, hard)) continue;
    for (const object of store.all(resource, namespace)) addTo(usage, usageOf(resource, object));
  }
  return Object.fromEntries(hard.map((name) => [name, usage[name] ?? 0]));
}

function isCounted(resource: Resource, hard: readonly string[]): boolean {
  if (resource.kind === "Pod") return true;
  if (resource.kind === "PersistentVolumeClaim")
    return hard.some((name) => /persistentvolumeclaims|storage/.test(name));
  return hard.some((name) => name === resource.plural || name === `count/${qualifiedName(resource)}`);
}

const MUST_SPECIFY = ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];

/** The ResourceQuota plugin: refuses with 403 what would go over a quota of the namespace. Scoped quotas are not applied. */
export function enforceQuota(
  cluster: Cluster,
  resource: Resource,
  object: KubeObject,
  before: KubeObject | undefined,
  options: WriteOptions,
): void {
  const { namespace, name } = object.metadata;
  if (!resource.namespaced || namespace === undefined || cluster.store.count(QUOTAS, namespace) === 0) return;
  if (before !== undefined && resource !== (CLAIMS as Resource) && resource !== (PODS as Resource)) return;
  if (options.dryRun === true && before !== undefined) return;

  const wanted = usageOf(resource, object);
  const delta: Vector = { ...wanted };
  if (before !== undefined) addTo(delta, usageOf(resource, before), -1);
  for (const quota of cluster.store.sorted(QUOTAS, namespace)) {
    const hard = quota.spec.hard ?? {};
    if ((quota.spec.scopes ?? []).length > 0 || quota.spec.scopeSelector !== undefined) continue;
    if (resource.kind === "Pod" && before === undefined) requireAmounts(quota, object as Pod);
    const touched = Object.keys(hard).filter((key) => (delta[key] ?? 0) > 0);
    if (touched.length === 0) continue;
    const used = namespaceUsage(cluster.store, namespace, touched);
    const over = touched
      .filter((key) => (used[key] ?? 0) + (delta[key] ?? 0) > amountOf(unitOf(key), hard[key]))
      .sort();
    if (over.length === 0) continue;
    const show = (amounts: (key: string) => string): string => over.map((key) => `${key}=${amounts(key)}`).join(",");
    throw forbidden(
      resource,
      name,
      `exceeded quota: ${quota.metadata.name}, requested: ${show((key) => formatAmount(key, delta[key] ?? 0))}, used: ${show(
        (key) => formatAmount(key, used[key] ?? 0),
      )}, limited: ${show((key) => String(hard[key]))}`,
    );
  }
}

const unitOf = (key: string): string => (key.endsWith("cpu") ? "cpu" : key);

function requireAmounts(quota: ResourceQuota, pod: Pod): void {
  const hard = quota.spec.hard ?? {};
  const missing: string[] = [];
  for (const key of MUST_SPECIFY) {
    if (hard[key] === undefined) continue;
    const short = key.replace(/^requests\./, "");
    const lacking = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].filter((container) => {
      const { requests, limits } = container.resources ?? {};
      return short.startsWith("limits.") ? limits?.[short.slice(7)] === undefined : requests?.[short] === undefined;
    });
    if (lacking.length > 0)
      missing.push(
        `${key} for: ${lacking
          .map((container) => container.name)
          .sort()
          .join(",")}`,
      );
  }
  if (missing.length === 0) return;
  throw forbidden(PODS, pod.metadata.name, `failed quota: ${quota.metadata.name}: must specify ${missing.join("; ")}`);
}
