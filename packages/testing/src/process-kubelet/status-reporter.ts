import { setTimeout as pause } from "node:timers/promises";
import { ApiError } from "./api-client.ts";
import type { Pod, PodStatus } from "./objects.ts";
import { messageOf, type NodeContext, podNameOf } from "./pod-context.ts";
import { type PodRecord, podStatusOf, type StatusPatch } from "./pod-record.ts";

/** Sends a pod's status to the API server, the newest only, one request at a time. */
export interface StatusReporter {
  /** Something of the record changed. */
  report(): void;
  /** Sends nothing more, after a last report when it is asked for. */
  close(isLastReportWanted: boolean): Promise<void>;
}

const RETRY_MS = 500;

export function statusReporter(
  node: Pick<NodeContext, "api" | "hostIp" | "signal" | "log">,
  pod: () => Pod,
  record: PodRecord,
): StatusReporter {
  let isDirty = false;
  let isClosed = false;
  let isStopped = false;
  let sending: Promise<void> | undefined;
  let sent: Pick<PodStatus, "conditions"> | undefined = pod().status;
  let sentText = "";

  async function sendAll(): Promise<void> {
    while (isDirty && !isStopped && !node.signal.aborted) {
      isDirty = false;
      const status = podStatusOf(pod(), record, node.hostIp, sent, new Date());
      const text = JSON.stringify(status);
      if (text === sentText) continue;
      try {
        await sendOne(status);
        sent = status;
        sentText = text;
      } catch (error) {
        // Gone, or another pod has the name by now: the uid in the patch is refused.
        if (error instanceof ApiError && [404, 409, 422].includes(error.status)) isStopped = true;
        node.log(`${podNameOf(pod())}: status: ${messageOf(error)}`);
        if (isStopped) return;
        isDirty = true;
        await pause(RETRY_MS, undefined, { signal: node.signal }).catch(() => undefined);
      }
    }
  }

  const sendOne = (status: StatusPatch): Promise<void> => {
    const { namespace, name, uid } = pod().metadata;
    return node.api.patch(`/api/v1/namespaces/${namespace}/pods/${name}/status`, { metadata: { uid }, status });
  };

  const start = (): void => {
    sending ??= sendAll().finally(() => {
      sending = undefined;
      // Came between the last look and this line.
      if (isDirty && !isStopped && !node.signal.aborted) start();
    });
  };

  const report = (): void => {
    if (isClosed) return;
    isDirty = true;
    start();
  };

  return {
    report,
    close: async (isLastReportWanted) => {
      if (isLastReportWanted) report();
      isClosed = true;
      if (!isLastReportWanted) isStopped = true;
      await sending;
    },
  };
}
