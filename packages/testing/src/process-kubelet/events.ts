import { randomBytes } from "node:crypto";
import type { ApiClient } from "./api-client.ts";
import type { Pod } from "./objects.ts";
import { wireTime } from "./pod-record.ts";

/** Tells about pods what a kubelet tells, as Event objects. The same words about a pod are told once a minute. */
export interface PodEvents {
  tell(pod: Pod, reason: string, message: string): void;
  warn(pod: Pod, reason: string, message: string): void;
}

const AGAIN_AFTER_MS = 60_000;

export function podEvents(
  api: ApiClient,
  nodeName: string,
  signal: AbortSignal,
  log: (line: string) => void,
): PodEvents {
  const toldAt = new Map<string, number>();

  const send = (pod: Pod, type: "Normal" | "Warning", reason: string, message: string): void => {
    const key = `${pod.metadata.uid} ${reason} ${message}`;
    const now = Date.now();
    if (signal.aborted || now - (toldAt.get(key) ?? 0) < AGAIN_AFTER_MS) return;
    toldAt.set(key, now);
    if (type === "Warning") log(`${pod.metadata.namespace}/${pod.metadata.name}: ${reason}: ${message}`);
    const { name, namespace, uid } = pod.metadata;
    const at = wireTime(new Date(now));
    // Events are hints: one that is lost (the namespace ends, the server is away) is not missed.
    void api
      .create(`/api/v1/namespaces/${namespace}/events`, {
        apiVersion: "v1",
        kind: "Event",
        metadata: { name: `${name}.${randomBytes(8).toString("hex")}`, namespace },
        involvedObject: { apiVersion: "v1", kind: "Pod", name, namespace, uid },
        type,
        reason,
        message: message.slice(0, 1000),
        source: { component: "kubelet", host: nodeName },
        reportingComponent: "kubelet",
        reportingInstance: nodeName,
        firstTimestamp: at,
        lastTimestamp: at,
        count: 1,
      })
      .catch(() => undefined);
  };

  return {
    tell: (pod, reason, message) => send(pod, "Normal", reason, message),
    warn: (pod, reason, message) => send(pod, "Warning", reason, message),
  };
}
