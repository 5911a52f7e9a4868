import { randomUUID } from "node:crypto";
import {
  alarmExpiries,
  clusterStore,
  createDatabase,
  createEnvelope,
  createLeases,
  ensurePriceReadings,
  findDue,
  listen,
  listLaunchRegions,
  machineStore,
  orphanStore,
  parseDue,
  placementStore,
  priceReadingStore,
  purchaseStore,
  queueNightlyColdPlans,
  queueNightlyReservationPlan,
  rebalanceStore,
  recordCloudCommitments,
  reservationStore,
  secretKeeper,
  studyStore,
} from "@berth/db";
import type { KubeId } from "@berth/domain";
import { type AwsPricesOptions, createAwsPrices, createEc2Cloud, type Ec2CloudOptions } from "@berth/ec2";
import { createEngine } from "@berth/engine";
import { createKubernetes, parseKubeconfig } from "@berth/kubernetes";
import type { StudyRequest } from "@berth/packing";
import { type Cloud, PortError } from "@berth/ports";
import { openQueue, type QueueConfig, startRelay } from "@berth/queue";
import {
  createLocalKeyProvider,
  createLogger,
  type Logger,
  serveMetrics,
  systemClock,
  systemIds,
} from "@berth/runtime";
import { readEngineSecrets } from "./clusters/material.ts";
import { sweepNamespaces } from "./clusters/orphans.ts";
import { everyObserver, listInto, strikeAt } from "./effect-observers.ts";
import { type ReadOnlyCloud, readOnly } from "./effects.ts";
import { isLeaseLost } from "./failure.ts";
import { createKubeRegistry } from "./kubes.ts";
import { type Loop, loopTable } from "./loops.ts";
import { sweepOrphans } from "./machines/orphans.ts";
import { measureUsage } from "./measure-usage.ts";
import { createWorkerMetrics } from "./metrics.ts";
import { readCommitments } from "./read-commitments.ts";
import { observeReservations } from "./reservations/observe.ts";
import { planInThread } from "./reservations/plan-in-thread.ts";
import { forgetWhatIsOld } from "./retention.ts";
import { samplePacking } from "./sample-packing.ts";
import { runInThread } from "./studies/run-in-thread.ts";
import { startSweeps } from "./sweeps.ts";
import { createWaker } from "./wake.ts";

export interface WorkerConfig {
  readonly databaseUrl: string;
  readonly queue: QueueConfig;
  /** Wrapping key of secrets, 32 bytes. */
  readonly key: Uint8Array;
  readonly environment: string;
  readonly leaseTtlMs: number;
  readonly logLevel: string;
  readonly ec2?: Omit<Ec2CloudOptions, "region">;
  readonly prices: AwsPricesOptions;
  /** Whether AWS's prices are read each day, or only when an operator asks. */
  readonly priceReading: "daily" | "on_request";
  readonly crashAt?: string;
  readonly freezeAt?: string;
  readonly effectsFile?: string;
  /** Whether rebalance plans are carried out: nowhere, or on kubes where nothing is real. */
  readonly rebalance: "off" | "simulated";
  /** Where /metrics is served; nowhere when absent. */
  readonly metrics?: { readonly host: string; readonly port: number };
  readonly logger?: Logger;
}

export interface Worker {
  /** Takes no new jobs, lets the running ones end, frees what is held. */
  close(): Promise<void>;
}

const WAKE_DELAY_MS = 50;
const ORPHAN_SWEEP_MS = 30_000;
const NAMESPACE_SWEEP_MS = 60_000;
const RETENTION_SWEEP_MS = 10 * 60_000;
const USAGE_SWEEP_MS = 60_000;
const COMMITMENT_SWEEP_MS = 2 * 60_000;
const EXPIRY_SWEEP_MS = 15 * 60_000;
/** Of the ten minutes that a sample stands for, none is missed. */
const SAMPLE_SWEEP_MS = 2 * 60_000;
const NIGHTLY_SWEEP_MS = 5 * 60_000;
/** When the least is going on in the Americas and in Europe. */
const NIGHTLY_HOUR_UTC = 4;
const NIGHTLY_COLD_PLAN: StudyRequest = { kind: "cold_plan", seconds: 30, boundSeconds: 60, seed: 1 };
const DAY_MS = 24 * 3_600_000;
const CLOSE_GRACE_MS = 20_000;
const POOL_SIZE = 20;

/** Starts one worker: every loop, the relay that feeds them, and the sweeps. Wiring only, in the order of dependency. */
export async function startWorker(config: WorkerConfig): Promise<Worker> {
  const logger = config.logger ?? createLogger({ name: "worker", level: config.logLevel });
  const holder = `worker-${randomUUID()}`;
  const databaseOptions = {
    url: config.databaseUrl,
    role: "berth_worker",
    poolSize: POOL_SIZE,
    applicationName: "berth-worker",
  } as const;
  const database = createDatabase({
    ...databaseOptions,
    onIdleError: (err) => logger.warn({ err }, "database connection broke"),
  });
  const leases = createLeases(database, {
    holder,
    ttlMs: config.leaseTtlMs,
    onRenewalError: (lease, err) => logger.warn({ lease, err }, "lease not renewed"),
  });
  const secrets = secretKeeper(database, createEnvelope(createLocalKeyProvider(config.key)));
  const metrics = createWorkerMetrics();
  const effects = everyObserver([
    metrics.effects,
    ...(config.effectsFile === undefined ? [] : [listInto(config.effectsFile)]),
    ...(config.crashAt === undefined ? [] : [strikeAt(config.crashAt, () => process.kill(process.pid, "SIGKILL"))]),
    ...(config.freezeAt === undefined ? [] : [strikeAt(config.freezeAt, () => process.kill(process.pid, "SIGSTOP"))]),
  ]);

  const queue = await openQueue(config.queue, {
    lockMs: config.leaseTtlMs,
    onError: (err) => logger.warn({ err }, "queue"),
    onStuck: (loop) => {
      logger.fatal({ loop }, "the queue answers but gives no jobs: this process ends, to be started anew");
      process.kill(process.pid, "SIGTERM");
    },
  });
  const waker = createWaker(queue.producer, WAKE_DELAY_MS, (err) => logger.warn({ err }, "hint not queued"));
  const machines = machineStore(database.pool, secrets);
  const studies = studyStore(database.pool);
  const kubeconfigOf = async (kubeId: KubeId) => {
    const text = await secrets.get(`kube/${kubeId}`, "kubeconfig");
    if (text === undefined) throw new PortError("denied", `kube ${kubeId} has no stored kubeconfig`);
    const parsed = parseKubeconfig(text);
    if (!parsed.ok) throw new PortError("denied", parsed.error.detail);
    return parsed.value;
  };
  const kubes = createKubeRegistry({
    connect: async (kubeId) =>
      createKubernetes(await kubeconfigOf(kubeId), {
        onReflectorProblem: (kind, err) => logger.debug({ kubeId, kind, err }, "watch restarts"),
      }),
    waker,
    machineOfToken: machines.machineOfToken,
    onError: (err) => logger.warn({ err }, "kube"),
  });
  const engine = createEngine();
  const clouds = new Map<string, Cloud & { close(): void }>();
  const cloudOf = (region: string): ReadOnlyCloud => {
    let cloud = clouds.get(region);
    if (cloud === undefined) {
      cloud = createEc2Cloud({ region, ...config.ec2 });
      clouds.set(region, cloud);
    }
    return readOnly(cloud);
  };
  const prices = createAwsPrices(config.prices);
  const installation = {
    environment: config.environment,
    worker: [
      {
        namespaceLabels: { "kubernetes.io/metadata.name": "berth-system" },
        podLabels: { "app.kubernetes.io/name": "berth-worker" },
      },
    ],
    gateway: [{ namespaceLabels: { "berth.dev/role": "gateway" } }],
    snapshots: [{ namespaceLabels: { "berth.dev/role": "snapshot-proxy" } }],
  };

  const shared = { leases, kubes, clock: systemClock, effects };
  const stopping = new AbortController();
  const loops = loopTable({
    clusters: {
      ...shared,
      store: clusterStore(database.pool, systemIds),
      secrets,
      engine: readOnly(engine),
      installation,
      onFailure: (clusterId, { action, message }) => logger.warn({ clusterId, action, message }, "step failed"),
      appliedAt: new Map(),
      materials: new Map(),
    },
    placement: { ...shared, store: placementStore(database.pool), ids: systemIds, sawVerdict: metrics.sawVerdict },
    machines: {
      ...shared,
      store: machines,
      ids: systemIds,
      environment: config.environment,
      cloudOf,
      kubeEndpointOf: async (machine) => {
        const { server, caCertPem } = await kubeconfigOf(machine.kubeId);
        return { server, caCertPem: caCertPem ?? "" };
      },
    },
    rebalance: {
      ...shared,
      store: rebalanceStore(database.pool, systemIds),
      ids: systemIds,
      engine: readOnly(engine),
      secretsOf: (clusterId) => readEngineSecrets(secrets, clusterId),
      executes: config.rebalance === "simulated",
    },
    studies: { leases, store: studies, run: runInThread, stopping: stopping.signal },
    prices: {
      leases,
      store: priceReadingStore(database.pool, systemIds),
      source: prices,
      clock: systemClock,
      everyMs: config.priceReading === "daily" ? DAY_MS : undefined,
    },
    purchases: { leases, store: purchaseStore(database.pool), cloudOf, clock: systemClock, effects, ids: systemIds },
    reservations: {
      leases,
      store: reservationStore(database.pool),
      observe: () => observeReservations(database, studies, systemClock.now()),
      plan: planInThread,
      stopping: stopping.signal,
    },
  });
  const run = (loop: Loop) => async (id: string) => {
    const runId = systemIds.next("run");
    const startedAt = performance.now();
    const ended = (outcome: "done" | "lease_lost" | "failed") =>
      metrics.ran(loop.name, outcome, (performance.now() - startedAt) / 1000);
    try {
      await loop.run(id, runId);
      ended("done");
    } catch (err) {
      if (isLeaseLost(err)) {
        logger.warn({ loop: loop.name, id, runId }, "lease lost: the run ended before its time");
        return ended("lease_lost");
      }
      ended("failed");
      logger.error({ err, loop: loop.name, id, runId }, "run failed");
      throw err;
    }
  };
  const consumers = await Promise.all(
    loops.map((loop) => queue.consume(loop.name, run(loop), { concurrency: loop.concurrency })),
  );
  const relay = startRelay({
    producer: queue.producer,
    onError: (err) => logger.warn({ err }, "relay"),
    source: {
      findDue: (loop, limit, after) => findDue(database, loop, limit, after),
      listen: (onDue, onGap) =>
        listen({
          database: databaseOptions,
          channels: ["berth_due"],
          onNotification: (_channel, payload) => {
            const due = parseDue(payload);
            if (due !== undefined) onDue(due.loop, due.id);
          },
          onListening: onGap,
          onError: (err) => logger.warn({ err }, "listening stopped"),
        }),
    },
  });
  const sweeps = startSweeps(
    [
      {
        name: "orphans",
        everyMs: ORPHAN_SWEEP_MS,
        run: () =>
          sweepOrphans({
            leases,
            store: machines,
            cloudOf,
            clock: systemClock,
            effects,
            environment: config.environment,
            wake: (id) => waker.wake("machines", id),
            onOrphan: (instanceId, because) => logger.warn({ instanceId, because }, "orphaned instance is terminated"),
          }),
      },
      {
        name: "namespaces",
        everyMs: NAMESPACE_SWEEP_MS,
        run: () =>
          sweepNamespaces({
            leases,
            store: orphanStore(database.pool),
            kubes,
            clock: systemClock,
            effects,
            environment: config.environment,
            onOrphans: (kubeId, verdict, guards) => {
              metrics.sawOrphanedNamespaces(verdict, guards.length);
              const [first] = guards;
              logger.warn({ kubeId, verdict, count: guards.length, first }, "namespaces without a living cluster");
            },
          }),
      },
      {
        name: "usage",
        everyMs: USAGE_SWEEP_MS,
        run: () => measureUsage(database, kubes, (kubeId, err) => logger.warn({ kubeId, err }, "usage not measured")),
      },
      {
        name: "commitments",
        everyMs: COMMITMENT_SWEEP_MS,
        run: async () => {
          const { newlyLeftOut } = await readCommitments({
            listRegions: () => listLaunchRegions(database),
            record: (purchases) => recordCloudCommitments(database, systemIds, purchases),
            cloudOf,
            onError: (region, err) => logger.warn({ region, err }, "commitments not read"),
          });
          for (const purchase of newlyLeftOut) logger.info({ purchase }, "a purchase is left out of the commitments");
        },
      },
      {
        name: "commitment expiries",
        everyMs: EXPIRY_SWEEP_MS,
        run: async () => {
          for (const alarm of await alarmExpiries(database, systemIds))
            logger.warn({ alarm }, "a commitment ends soon");
        },
      },
      ...(config.priceReading === "daily"
        ? [
            {
              name: "price readings",
              everyMs: NIGHTLY_SWEEP_MS,
              run: () => ensurePriceReadings(database, systemIds),
            },
          ]
        : []),
      { name: "packing samples", everyMs: SAMPLE_SWEEP_MS, run: () => samplePacking(database) },
      {
        name: "nightly cold plans",
        everyMs: NIGHTLY_SWEEP_MS,
        run: () => queueNightlyColdPlans(database, systemIds, { hour: NIGHTLY_HOUR_UTC, request: NIGHTLY_COLD_PLAN }),
      },
      {
        name: "nightly reservation plan",
        everyMs: NIGHTLY_SWEEP_MS,
        run: () => queueNightlyReservationPlan(database, systemIds, NIGHTLY_HOUR_UTC),
      },
      { name: "retention", everyMs: RETENTION_SWEEP_MS, run: () => forgetWhatIsOld(database) },
    ],
    (sweep, err) => logger.warn({ err, sweep }, "sweep failed"),
  );

  const metricsServer = config.metrics === undefined ? undefined : await serveMetrics(metrics.registry, config.metrics);
  logger.info({ holder, metricsUrl: metricsServer?.url }, "worker runs");

  return {
    close: async () => {
      await relay.close();
      await sweeps.stop();
      stopping.abort();
      await Promise.all(consumers.map((consumer) => consumer.close(CLOSE_GRACE_MS)));
      waker.close();
      kubes.close();
      for (const cloud of clouds.values()) cloud.close();
      prices.close();
      await engine.close();
      await metricsServer?.close();
      await queue.close();
      await database.close();
    },
  };
}
