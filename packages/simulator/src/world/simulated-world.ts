import { realSimulationClock, type SimulationClock } from "../clock.ts";
import { type Ec2Server, SIMULATED_ACCESS_KEY, startEc2Server } from "../ec2/wire/server.ts";
import type { AccessKey } from "../ec2/wire/signature.ts";
import { startEngineServers } from "../engine/server/server.ts";
import { type KubernetesServer, startKubernetesServer } from "../kubernetes/http-server.ts";
import type { KubernetesModel } from "../kubernetes/model.ts";
import { type AddressRange, takeAddressRange } from "./address-range.ts";
import type { JoinDocument } from "./join-document.ts";
import { createStateFile, type StateFile } from "./state-file.ts";
import { createWorld, QUICK_WORLD_TIMINGS, type World, type WorldOptions, type WorldSnapshot } from "./world.ts";

export interface SimulatedWorldOptions
  extends Pick<WorldOptions, "seed" | "region" | "zones" | "timings" | "faults" | "nodeShutdown" | "nodeJoiner"> {
  /** Where the world is kept between two starts; left out, it ends with the process. */
  readonly dataDir?: string;
  /** Left out: those of the last start when they are free, else any. */
  readonly ports?: { readonly kubernetes?: number; readonly ec2?: number };
  /** How much faster than the wall clock the world runs. */
  readonly speed?: number;
  /** Told of what the world cannot do, as a port that another process has. */
  readonly onWarning?: (message: string) => void;
}

export interface SimulatedWorld {
  readonly kubernetesUrl: string;
  /** For the administrator: inline CA and token. */
  readonly kubeconfig: string;
  readonly ec2Endpoint: string;
  readonly credentials: AccessKey;
  readonly world: World;
  close(): Promise<void>;
}

/** What is on disk. */
interface SavedWorld {
  readonly world: WorldSnapshot;
  readonly ports: { readonly kubernetes: number; readonly ec2: number };
  readonly podAddressPrefix: `127.${number}`;
}

const FILE = "simulated-world.json";
/** Leases and probes change the world without anybody asking; a crash loses no more of them than this. */
const SAVE_AT_LEAST_MS = 5_000;

/**
 * A whole simulated world on the real clock behind real sockets, all on loopback: the Kubernetes API, the EC2 endpoint, and
 * a port 9200 on every pod's address.
 *
 * With a data folder it outlives the process: what was written through its APIs is saved within half a second, and a start
 * on the same folder finds machines, objects, volumes and documents again; engine processes start anew on their volumes.
 * Ports and pod addresses are those of the last start unless somebody else has them by then.
 */
export async function startSimulatedWorld(options: SimulatedWorldOptions): Promise<SimulatedWorld> {
  const warn = options.onWarning ?? (() => {});
  let current: () => SavedWorld = () => {
    throw new Error("the world is not running yet");
  };
  const file: StateFile<SavedWorld> | undefined =
    options.dataDir === undefined ? undefined : createStateFile(options.dataDir, FILE, () => current());
  const saved = file?.load();
  const range = await takeAddressRange(saved?.podAddressPrefix);
  if (saved !== undefined && saved.podAddressPrefix !== range.prefix) {
    warn(`another world has the pod addresses ${saved.podAddressPrefix}.*: pods start again at ${range.prefix}.*`);
  }
  const clock = continuedClock(options.speed ?? 1, saved?.world.savedAt);

  let server: KubernetesServer | undefined;
  const world = createWorld({
    ...options,
    clock,
    timings: { ...QUICK_WORLD_TIMINGS, ...options.timings },
    kubernetes: { podAddressPrefix: range.prefix },
    acceptsJoin: (document) => leadsTo(document, server),
    ...(saved === undefined ? {} : { snapshot: saved.world }),
  });
  const touch = () => file?.touch();
  const kubernetes = await onPort(options.ports?.kubernetes, saved?.ports.kubernetes, warn, (port) =>
    startKubernetesServer({ model: noticingWrites(world.kubernetes, touch), port }),
  );
  server = kubernetes;
  const ec2 = await onPort(options.ports?.ec2, saved?.ports.ec2, warn, (port) =>
    startEc2Server({ model: world.ec2, port, now: clock.now }),
  );
  const engines = startEngineServers({
    runtime: world.engine,
    clock,
    onError: (address, error) => warn(`pod address ${address}: ${error.message}`),
  });

  const ports = { kubernetes: kubernetes.port, ec2: Number(new URL(ec2.url).port) };
  current = () => ({ world: world.snapshot(), ports, podAddressPrefix: range.prefix });
  world.ec2.onChange(touch);
  world.engine.onChange(touch);
  const saving = setInterval(touch, SAVE_AT_LEAST_MS).unref();
  touch();

  return {
    kubernetesUrl: kubernetes.url,
    kubeconfig: kubernetes.kubeconfig,
    ec2Endpoint: ec2.url,
    credentials: SIMULATED_ACCESS_KEY,
    world,
    close: () => closeAll({ world, kubernetes, ec2, engines, range, file, saving }),
  };
}

/** Ports first, so that nothing changes any more; then the world is saved as it is, and only then does it end. */
async function closeAll(parts: {
  world: World;
  kubernetes: KubernetesServer;
  ec2: Ec2Server;
  engines: { close(): Promise<void> };
  range: AddressRange;
  file: StateFile<SavedWorld> | undefined;
  saving: NodeJS.Timeout;
}): Promise<void> {
  clearInterval(parts.saving);
  await Promise.all([parts.kubernetes.close(), parts.ec2.close(), parts.engines.close()]);
  parts.file?.touch();
  parts.file?.close();
  parts.world.close();
  await parts.range.release();
}

/** A clock that never goes back behind what was saved, also when that ran faster than the wall. */
function continuedClock(speed: number, savedAt: number | undefined): SimulationClock {
  const clock = realSimulationClock(speed);
  const ahead = Math.max(0, (savedAt ?? 0) - clock.now());
  return { now: () => clock.now() + ahead, schedule: clock.schedule };
}

/** Whether a machine with this document would reach our API server and trust it. */
function leadsTo({ apiServerEndpoint, caCertPem }: JoinDocument, server: KubernetesServer | undefined): boolean {
  return apiServerEndpoint.replace(/\/$/, "") === server?.url && caCertPem.trim() === server.ca.trim();
}

/** The model, but whoever writes through it is noticed. */
function noticingWrites(model: KubernetesModel, touch: () => void): KubernetesModel {
  return Object.create(model, {
    handle: {
      value: (request: Parameters<KubernetesModel["handle"]>[0]) => {
        const answer = model.handle(request);
        if (request.method !== "GET") touch();
        return answer;
      },
    },
  }) as KubernetesModel;
}

/** A port that was asked for must be free; the one of the last time is only preferred. */
async function onPort<T>(
  wanted: number | undefined,
  last: number | undefined,
  warn: (message: string) => void,
  start: (port: number) => Promise<T>,
): Promise<T> {
  if (wanted !== undefined || last === undefined) return start(wanted ?? 0);
  try {
    return await start(last);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    warn(`port ${last} of the last start is taken: another one is used`);
    return start(0);
  }
}
