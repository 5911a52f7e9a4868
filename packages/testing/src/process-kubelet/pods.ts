import type { KubeApi } from "../control-plane/kube-api.ts";
import { waitFor } from "../wait-for.ts";
import type { Pod } from "./objects.ts";

/** Looks at pods of one namespace, for tests. */
export interface PodsOf {
  read(name: string): Promise<Pod | undefined>;
  untilReady(name: string, timeoutMs?: number): Promise<Pod>;
  /** With as many restarts as said. */
  untilRestarted(name: string, restarts: number, timeoutMs?: number): Promise<Pod>;
  untilGone(name: string, timeoutMs?: number): Promise<void>;
}

export function podsOf(api: KubeApi, namespace: string): PodsOf {
  const read = async (name: string): Promise<Pod | undefined> => {
    const answer = await api.get(`/api/v1/namespaces/${namespace}/pods/${name}`);
    return answer.status === 200 ? (answer.body as Pod) : undefined;
  };
  const until = async (name: string, what: string, holds: (pod: Pod) => boolean, timeoutMs: number): Promise<Pod> => {
    let last: Pod | undefined;
    const find = async () => {
      last = await read(name);
      return last !== undefined && holds(last) ? last : undefined;
    };
    return waitFor(find, { timeoutMs, what: `${name} to be ${what}`, intervalMs: 100 }).catch((error: Error) => {
      throw new Error(`${error.message}: ${JSON.stringify(last?.status)}`, { cause: error });
    });
  };
  return {
    read,
    untilReady: (name, timeoutMs = 120_000) => until(name, "ready", isReady, timeoutMs),
    untilRestarted: (name, restarts, timeoutMs = 60_000) =>
      until(name, `restarted ${restarts} times`, (pod) => restartsOf(pod) === restarts, timeoutMs),
    untilGone: async (name, timeoutMs = 60_000) => {
      await waitFor(async () => (await read(name)) === undefined, { timeoutMs, what: `${name} to be gone` });
    },
  };
}

export function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
}

const restartsOf = (pod: Pod): number =>
  (pod.status?.containerStatuses ?? []).reduce((total, one) => total + one.restartCount, 0);
