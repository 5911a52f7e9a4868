import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { ApiError } from "./api-client.ts";
import { type ContainerRun, containerRun } from "./container-run.ts";
import type { Pod } from "./objects.ts";
import { podFolder } from "./places.ts";
import { type Ending, messageOf, type NodeContext, type PodContext, podNameOf } from "./pod-context.ts";
import { newPodRecord } from "./pod-record.ts";
import { statusReporter } from "./status-reporter.ts";
import { podVolumes } from "./volumes.ts";

/** One pod on this node, from its binding to its end. */
export interface PodRun {
  readonly pod: () => Pod;
  readonly podIp: string;
  /** Takes a newer version of the object: labels to files, and its deletion. */
  update(pod: Pod): void;
  /** Ends it; a second word may only make it quicker. */
  end(how: Ending): void;
  /** Main and init containers, with what they are doing. */
  readonly containers: ReadonlyMap<string, { readonly run: ContainerRun; restartCount(): number }>;
  /** No process of it runs; its address and its folder are free. */
  readonly ended: Promise<void>;
}

const RETRY_MS = 250;
/** So long may volumes be missing before an event says so: watches bring their objects a moment after the pod. */
const PATIENCE_MS = 3000;

/**
 * Runs a pod as a kubelet does: volumes, init containers one after the other, then all containers at once; at its deletion
 * each is ended in order, and last the object goes.
 *
 * `after` holds it back until an earlier pod of the same name is gone for good: the two share their claims.
 */
export function runPod(node: NodeContext, first: Pod, after: Promise<void>): PodRun {
  let pod = first;
  let ending: Ending | undefined;
  const over = new AbortController();
  const record = newPodRecord(first, new Date());
  const folder = podFolder(node.dataDir, first.metadata.uid);
  const addresses = { podIp: node.addresses.take(), hostIp: node.hostIp };
  const onTrouble = (message: string) => node.events.warn(pod, "FailedMount", message);
  const context: PodContext = {
    node,
    pod: () => pod,
    addresses,
    volumes: podVolumes(first, { api: node.api, files: node.files, addresses, folder, onTrouble }),
    folder,
    reporter: statusReporter(node, () => pod, record),
    over: over.signal,
    ending: () => ending,
  };
  const { volumes, reporter } = context;
  const init = record.init.map((one) => containerRun(context, one, false));
  const main = record.main.map((one) => containerRun(context, one, true));
  const all = [...init, ...main];

  async function prepareSandbox(): Promise<void> {
    mkdirSync(join(folder, "logs"), { recursive: true });
    const startedAt = performance.now();
    while (!over.signal.aborted) {
      try {
        await volumes.prepare();
        record.podIp = addresses.podIp;
        record.isSandboxReady = true;
        reporter.report();
        return;
      } catch (error) {
        if (performance.now() - startedAt > PATIENCE_MS) onTrouble(messageOf(error));
      }
      await pause(RETRY_MS, undefined, { signal: over.signal }).catch(() => undefined);
    }
  }

  async function runInit(): Promise<boolean> {
    for (const container of init) {
      if (over.signal.aborted || !(await container.keepRunning())) return false;
    }
    return true;
  }

  async function runToTheEnd(): Promise<void> {
    await after;
    reporter.report();
    await prepareSandbox();
    if (await runInit()) {
      record.isInitialized = true;
      await Promise.all(main.map((container) => container.keepRunning()));
    }
    reporter.report();
    // Completed, or failed for good: the object stays until somebody deletes it.
    if (!over.signal.aborted) await new Promise((resolve) => over.signal.addEventListener("abort", resolve));
  }

  /** The last word about a deleted pod: its containers have ended, the object may go. */
  async function deleteObject(): Promise<void> {
    const path = `/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}`;
    const preconditions = { uid: pod.metadata.uid };
    while (!node.signal.aborted) {
      try {
        await node.api.delete(path, { kind: "DeleteOptions", gracePeriodSeconds: 0, preconditions });
        return;
      } catch (error) {
        if (error instanceof ApiError && [404, 409].includes(error.status)) return; // Gone, or another has the name.
        node.log(`${podNameOf(pod)}: ${messageOf(error)}`);
      }
      await pause(RETRY_MS);
    }
  }

  async function finish(): Promise<void> {
    const how = ending;
    await reporter.close(how === "deleted");
    if (how === "deleted") await deleteObject();
    volumes.close();
    node.addresses.release(addresses.podIp);
    // A node that ends leaves its disk as it is.
    if (how === "deleted" || how === "gone") rmSync(folder, { recursive: true, force: true });
    node.log(`${podNameOf(pod)}: ended (${how})`);
  }

  function end(how: Ending): void {
    if (ending !== undefined) {
      endSooner(how);
      return;
    }
    ending = how;
    over.abort();
    if (how === "deleted") node.events.tell(pod, "Killing", "Stopping the containers of the pod");
    for (const container of all) container.terminate();
  }

  /** The pod ends already: a hook or a grace may still run. */
  function endSooner(how: Ending): void {
    if (how === "deleted") return;
    ending = how;
    for (const container of all) {
      if (how === "node stops") container.running()?.terminate();
      else container.running()?.kill();
    }
  }

  const ended = runToTheEnd()
    .catch((error: unknown) => {
      node.log(`${podNameOf(pod)}: ${error instanceof Error ? error.stack : String(error)}`);
      for (const container of all) container.running()?.kill();
    })
    .then(finish);
  if (first.metadata.deletionTimestamp !== undefined) end("deleted");

  return {
    pod: () => pod,
    podIp: addresses.podIp,
    update: (changed) => {
      pod = changed;
      volumes.refresh(changed);
      reporter.report();
      if (changed.metadata.deletionTimestamp !== undefined) end("deleted");
    },
    end,
    containers: new Map(
      [...record.init, ...record.main].map((one, index) => {
        const run = all[index] as ContainerRun;
        return [one.container.name, { run, restartCount: () => one.restartCount }];
      }),
    ),
    ended,
  };
}
