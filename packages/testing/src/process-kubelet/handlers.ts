import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { Agent, request } from "undici";
import type { RunningContainer } from "./container.ts";
import type { Container, Handler } from "./objects.ts";

/** Where a container's handlers knock. */
export interface HandlerTarget {
  readonly podIp: string;
  readonly container: Container;
  readonly running: RunningContainer;
  /** Ports that the process was given in place of those that the pod names. */
  readonly ports: ReadonlyMap<number, number>;
}

export type HandlerResult = { readonly ok: true } | { readonly ok: false; readonly message: string };

/** Runs a probe or a lifecycle hook once. Never throws: whatever goes wrong is the answer. */
export async function runHandler(
  handler: Handler,
  target: HandlerTarget,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<HandlerResult> {
  try {
    if (handler.tcpSocket) {
      const { host = target.podIp, port } = handler.tcpSocket;
      return await tryConnect(host, portOf(target, port), timeoutMs);
    }
    if (handler.httpGet) return await tryGet(handler.httpGet, target, timeoutMs);
    if (handler.exec) {
      const { exitCode, output } = await target.running.exec(handler.exec.command, timeoutMs);
      return exitCode === 0 ? { ok: true } : { ok: false, message: `exit code ${exitCode}: ${output}`.trim() };
    }
    if (handler.sleep) {
      await pause(handler.sleep.seconds * 1000, undefined, signal && { signal });
      return { ok: true };
    }
    return { ok: false, message: "a kind of handler that the process kubelet does not know" };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

function portOf(target: HandlerTarget, port: number | string): number {
  const named = target.container.ports?.find((one) => one.name === port)?.containerPort;
  const number = named ?? Number(port);
  if (!Number.isInteger(number)) throw new Error(`the container has no port named ${port}`);
  return target.ports.get(number) ?? number;
}

async function tryConnect(host: string, port: number, timeoutMs: number): Promise<HandlerResult> {
  const socket = connect({ host, port });
  try {
    await once(socket, "connect", { signal: AbortSignal.timeout(timeoutMs) });
    return { ok: true };
  } finally {
    socket.destroy();
  }
}

async function tryGet(
  get: NonNullable<Handler["httpGet"]>,
  target: HandlerTarget,
  timeoutMs: number,
): Promise<HandlerResult> {
  // A kubelet checks no certificates: they are the pod's own business.
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
  try {
    const scheme = (get.scheme ?? "HTTP").toLowerCase();
    const url = new URL(get.path ?? "/", `${scheme}://${get.host ?? target.podIp}:${portOf(target, get.port)}`);
    const headers = Object.fromEntries((get.httpHeaders ?? []).map(({ name, value }) => [name, value]));
    const answer = await request(url, { dispatcher, headers, signal: AbortSignal.timeout(timeoutMs) });
    await answer.body.dump();
    const ok = answer.statusCode >= 200 && answer.statusCode < 400;
    return ok ? { ok } : { ok, message: `HTTP probe failed with statuscode: ${answer.statusCode}` };
  } finally {
    void dispatcher.destroy();
  }
}
