import { type Identity, timeText } from "./identity.ts";
import type { Container, Pod } from "./objects.ts";
import { formatAmount, vectorOf } from "./quantities.ts";
import type { Target } from "./request.ts";
import { PODS } from "./resources.ts";
import { parseLabelSelector } from "./selectors.ts";
import type { ServerContext } from "./server-context.ts";

/** As metrics-server scrapes by default. */
const WINDOW_MS = 15_000;
const DAY_MS = 86_400_000;
/** Of what containers ask for. CPU has its peak once a day, at an hour of the pod's own. */
const CPU_MEAN = [0.05, 0.4] as const;
const CPU_SWING = 0.5;
const MEMORY = [0.55, 0.9] as const;

export function isPodMetrics({ apiVersion, plural }: Target): boolean {
  return apiVersion === "metrics.k8s.io/v1beta1" && plural === "pods";
}

/**
 * The Metrics API's list of pods. Nothing is measured: what a container "uses" is a share of its requests that depends on
 * the seed, its pod's name and the time of day.
 */
export function listPodMetrics(context: ServerContext, { namespace }: Target, query: URLSearchParams): object {
  const selector = query.get("labelSelector") ?? "";
  const matches = selector === "" ? () => true : parseLabelSelector(selector);
  const at = Math.floor(context.clock.now() / WINDOW_MS) * WINDOW_MS;
  const pods = context.store
    .sorted(PODS, namespace)
    .filter(({ metadata, status }) => status.phase === "Running" && matches(metadata.labels));
  return {
    kind: "PodMetricsList",
    apiVersion: "metrics.k8s.io/v1beta1",
    metadata: {},
    items: pods.map((pod) => podMetrics(context.identity, pod, at)),
  };
}

function podMetrics(identity: Identity, { metadata, spec }: Pod, at: number): object {
  const { name, namespace, labels } = metadata;
  const shares = sharesOf(identity, `${namespace}/${name}`, at);
  return {
    metadata: { name, namespace, creationTimestamp: timeText(at), ...(labels === undefined ? {} : { labels }) },
    timestamp: timeText(at),
    window: `${WINDOW_MS / 1000}s`,
    containers: spec.containers.map((container) => ({ name: container.name, usage: usageOf(container, shares) })),
  };
}

type Shares = Readonly<Record<"cpu" | "memory", number>>;

function sharesOf(identity: Identity, key: string, at: number): Shares {
  const random = identity.random(`usage/${key}`);
  const within = ([low, high]: readonly [number, number]) => low + random.next() * (high - low);
  const [mean, memory, peak] = [within(CPU_MEAN), within(MEMORY), random.next()];
  return { cpu: mean * (1 + CPU_SWING * Math.cos(2 * Math.PI * (at / DAY_MS - peak))), memory };
}

function usageOf({ resources }: Container, shares: Shares): Record<string, string> {
  const requests = vectorOf(resources?.requests);
  const used = (resource: "cpu" | "memory") => Math.ceil((requests[resource] ?? 0) * shares[resource]);
  return { cpu: formatAmount("cpu", used("cpu")), memory: `${Math.ceil(used("memory") / 1024)}Ki` };
}
