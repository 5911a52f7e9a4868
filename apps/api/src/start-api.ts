import type { AddressInfo } from "node:net";
import { createLogger, createMetrics, type Logger, type MetricsServer, serveMetrics } from "@berth/runtime";
import { type AssemblyConfig, assembleApi } from "./assemble-api.ts";
import { countRequests } from "./http/count-requests.ts";

export interface ApiConfig extends Omit<AssemblyConfig, "logger"> {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** On the same address; 0 takes a free one, no metrics when absent. */
  readonly metricsPort?: number;
  readonly logLevel: string;
  readonly logger?: Logger;
}

export interface Api {
  /** As `http://127.0.0.1:7070`. */
  readonly url: string;
  readonly metricsUrl: string | undefined;
  /** Takes no new requests, ends streams, lets running requests end, then lets go of the database. */
  close(): Promise<void>;
}

/** Starts the API: put together, then listening. Lets go of everything when a port is taken. */
export async function startApi(config: ApiConfig): Promise<Api> {
  const { host, port, metricsPort } = config;
  const logger = config.logger ?? createLogger({ name: "api", level: config.logLevel });
  const api = await assembleApi({ ...config, logger });
  const registry = createMetrics();
  countRequests(api.app, registry);
  let metrics: MetricsServer | undefined;
  const close = async () => {
    await api.close();
    await metrics?.close();
  };
  try {
    if (metricsPort !== undefined) metrics = await serveMetrics(registry, { host, port: metricsPort });
    await api.app.listen({ host, port });
  } catch (error) {
    await close();
    throw error;
  }
  const address = api.app.server.address() as AddressInfo;
  return { url: `http://${host}:${address.port}`, metricsUrl: metrics?.url, close };
}
