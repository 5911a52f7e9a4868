import { createHash } from "node:crypto";
import { type EngineTarget, PortError } from "@berth/ports";
import { Agent, request } from "undici";
import type { z } from "zod";
import { portErrorOf } from "./errors.ts";

export interface EngineCall<T> {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  /** Path and query, already encoded. */
  readonly path: string;
  readonly body?: unknown;
  readonly answer: z.ZodType<T>;
  /** Statuses besides 2xx whose body is an answer: a health check that waited in vain says 408. */
  readonly alsoOk?: readonly number[];
}

export interface TransportOptions {
  readonly readTimeoutMs: number;
  readonly mutateTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly maxAnswerBytes: number;
  readonly port: number;
  /** Clusters whose connections are kept; the longest unused one is closed first. */
  readonly maxPools: number;
}

export interface Transport {
  call<T>(target: EngineTarget, call: EngineCall<T>): Promise<T>;
  close(): Promise<void>;
}

interface Pool {
  readonly agent: Agent;
  /** Where the last call was answered: asked first, so that a dead pod costs its connect timeout once. */
  lastGood: string | undefined;
}

/**
 * Calls to engines over TLS, the certificate checked against the cluster's own CA and name.
 *
 * Any address will do, so an address that does not answer leads to the next one; what was answered with a refusal is not
 * asked twice. All tries of a call share one deadline. Mutations are repeated too: every one that the port has is idempotent.
 */
export function createTransport(options: TransportOptions): Transport {
  const pools = new Map<string, Pool>();

  const poolOf = (target: EngineTarget): Pool => {
    const key = createHash("sha256").update(`${target.serverName}\n${target.caCertPem}`).digest("base64");
    const known = pools.get(key);
    if (known !== undefined) {
      pools.delete(key);
      pools.set(key, known);
      return known;
    }
    const pool: Pool = { agent: agentOf(target, options), lastGood: undefined };
    pools.set(key, pool);
    for (const [oldest, old] of pools) {
      if (pools.size <= options.maxPools) break;
      pools.delete(oldest);
      void old.agent.close();
    }
    return pool;
  };

  return {
    call: async (target, call) => {
      const pool = poolOf(target);
      const timeoutMs = call.method === "GET" ? options.readTimeoutMs : options.mutateTimeoutMs;
      const deadline = AbortSignal.timeout(timeoutMs);
      let last: PortError | undefined;
      for (const address of inOrder(target.addresses, pool.lastGood)) {
        try {
          const answer = await callOne(target, address, call, pool.agent, deadline, options.port);
          pool.lastGood = address;
          return answer;
        } catch (error) {
          last = asPortError(error, `${call.method} ${call.path} at ${address}`);
          if (last.kind !== "unavailable" || deadline.aborted) throw last;
        }
      }
      throw last ?? new PortError("unavailable", `${call.method} ${call.path}: the cluster has no address yet`);
    },
    close: async () => {
      const agents = [...pools.values()].map(({ agent }) => agent.destroy());
      pools.clear();
      await Promise.all(agents);
    },
  };
}

function agentOf(target: EngineTarget, options: TransportOptions): Agent {
  return new Agent({
    connections: 4,
    pipelining: 1,
    keepAliveTimeout: 20_000,
    headersTimeout: options.mutateTimeoutMs,
    bodyTimeout: options.readTimeoutMs,
    maxResponseSize: options.maxAnswerBytes,
    connect: { ca: target.caCertPem, servername: target.serverName, timeout: options.connectTimeoutMs },
  });
}

async function callOne<T>(
  target: EngineTarget,
  address: string,
  call: EngineCall<T>,
  agent: Agent,
  signal: AbortSignal,
  port: number,
): Promise<T> {
  const secured = target.capabilities.securityFlavour !== "none";
  const host = address.includes(":") ? `[${address}]` : address;
  const credentials = Buffer.from(`${target.username}:${target.password}`, "utf8").toString("base64");
  const answer = await request(`${secured ? "https" : "http"}://${host}:${port}${call.path}`, {
    method: call.method,
    dispatcher: agent,
    signal,
    headers: {
      accept: "application/json",
      ...(call.body === undefined ? {} : { "content-type": "application/json" }),
      ...(secured ? { authorization: `Basic ${credentials}` } : {}),
    },
    body: call.body === undefined ? null : JSON.stringify(call.body),
  });
  const text = await answer.body.text();
  const accepted = (answer.statusCode >= 200 && answer.statusCode < 300) || call.alsoOk?.includes(answer.statusCode);
  if (accepted !== true) throw portErrorOf(answer.statusCode, text, `${call.method} ${call.path}`);

  const parsed = call.answer.safeParse(text === "" ? {} : jsonOf(text));
  if (parsed.success) return parsed.data;
  // What we cannot read is never taken for good news.
  const where = parsed.error.issues[0]?.path.join(".") ?? "";
  throw new PortError("unavailable", `${call.method} ${call.path}: an answer of unknown shape at "${where}"`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function inOrder(addresses: readonly string[], first: string | undefined): readonly string[] {
  if (first === undefined || !addresses.includes(first)) return addresses;
  return [first, ...addresses.filter((address) => address !== first)];
}

function asPortError(error: unknown, action: string): PortError {
  if (error instanceof PortError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new PortError("unavailable", `${action}: ${reason}`, { cause: error });
}
