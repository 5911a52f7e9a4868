import { join } from "node:path";

/** Where a node keeps what belongs to a pod, but for its claims. */
export function podFolder(dataDir: string, podUid: string): string {
  return join(dataDir, "pods", podUid);
}

/** What one run of a container wrote. */
export function containerLogFile(folderOfPod: string, container: string, restartCount: number): string {
  return join(folderOfPod, "logs", `${container}.${restartCount}.log`);
}
