import { apiClient } from "../process-kubelet/api-client.ts";
import { connectionOf } from "../process-kubelet/connect.ts";
import { follow } from "../process-kubelet/follow.ts";
import type { Pod } from "../process-kubelet/objects.ts";

/** One engine's process, as the API server showed it. */
export interface EngineStart {
  readonly podUid: string;
  readonly nodeName: string;
  /** When it was seen to run, in milliseconds since 1970: Kubernetes' own times have whole seconds. */
  readonly seenAt: number;
}

export interface EngineStarts {
  /** Of the pods that a namespace has or had. */
  of(namespace: string): readonly EngineStart[];
  stop(): Promise<void>;
}

/** Watches for engine containers that start, in all namespaces. A container that is started again keeps its first time. */
export function watchEngineStarts(kubeconfig: string): EngineStarts {
  const api = apiClient(connectionOf(kubeconfig));
  const over = new AbortController();
  const starts = new Map<string, EngineStart & { readonly namespace: string }>();
  const onPresent = ({ metadata, spec, status }: Pod) => {
    const engine = status?.containerStatuses?.find(({ name }) => name === "engine");
    if (engine?.state?.running === undefined || starts.has(metadata.uid)) return;
    const { namespace = "", uid } = metadata;
    starts.set(uid, { namespace, podUid: uid, nodeName: spec.nodeName ?? "", seenAt: Date.now() });
  };
  const following = follow<Pod>(api, "/api/v1/pods", {}, { onPresent, onGone: () => undefined }, over.signal);
  return {
    of: (wanted) => [...starts.values()].filter(({ namespace }) => namespace === wanted),
    stop: async () => {
      over.abort();
      await following;
      api.close();
    },
  };
}
