import type { PodRuntime } from "../pod-runtime.ts";
import { createAdmission } from "./admission.ts";
import { createBudgetController } from "./budgets.ts";
import { createCertificateController } from "./certificates.ts";
import type { Cluster, Controller } from "./cluster.ts";
import { EventRecorder } from "./event-recorder.ts";
import { type FaultSwitches, faultSwitches } from "./fault-switches.ts";
import { type FaultState, Faults } from "./faults.ts";
import { createGarbageCollector } from "./garbage.ts";
import { Identity } from "./identity.ts";
import { KubeletPods } from "./kubelet-pods.ts";
import { type KubeletState, Kubelets } from "./kubelets.ts";
import { createNamespaceController } from "./namespaces.ts";
import { createNodeController } from "./nodes.ts";
import type { KubeObject } from "./objects.ts";
import { type KubernetesModelDeps, QUICK_KUBERNETES_TIMINGS } from "./options.ts";
import { PodAddresses } from "./pod-addresses.ts";
import { createQuotaController } from "./quota-status.ts";
import { Registry } from "./registry.ts";
import type { ApiRequest, ApiResponse } from "./request.ts";
import { RESOURCES, resourceOfKind } from "./resources.ts";
import { handle } from "./rest.ts";
import { createScheduler } from "./scheduler.ts";
import { prepareCluster } from "./seed-objects.ts";
import type { ServerContext } from "./server-context.ts";
import { createStatefulSetController } from "./statefulsets.ts";
import { Store, type StoreState } from "./store.ts";
import { type AttachmentState, VolumeAttachments } from "./volume-attachments.ts";
import { type ClaimContents, createVolumeController } from "./volumes.ts";
import { WatchHub } from "./watch-hub.ts";
import { type Authority, createAuthority } from "./x509.ts";

/** All that the model remembers: plain JSON. */
export interface KubernetesSnapshot {
  readonly version: 1;
  readonly seed: number;
  readonly store: StoreState;
  readonly kubelets: readonly KubeletState[];
  readonly attachments: AttachmentState;
  readonly contents: Readonly<Record<string, string>>;
  readonly nextPodAddress: number;
  readonly faults: FaultState;
}

/** A simulated Kubernetes cluster on the simulation's clock. */
export interface KubernetesModel {
  /** Answers one call, at once; controllers and kubelets follow on the clock. */
  handle(request: ApiRequest): ApiResponse;
  readonly kubelets: Kubelets;
  readonly faults: FaultSwitches;
  /** Bearer token of the administrator (system:masters). */
  readonly adminToken: string;
  /** Signs client certificates, and the certificate of the HTTP skin. */
  readonly authority: Authority;
  /** What is stored now, without going through the API: for invariants. The objects must not be changed. */
  objects(kind: string, namespace?: string): readonly KubeObject[];
  snapshot(): KubernetesSnapshot;
  /** Takes over a snapshot: open watches end, watches from before answer 410, running pods are started again in the runtime. */
  restore(snapshot: KubernetesSnapshot): void;
  /** Cancels all timers and ends all watches. */
  close(): void;
}

const instantRuntime: PodRuntime = {
  start: () => undefined,
  refreshFiles: () => undefined,
  isReady: () => true,
  stop: () => undefined,
  discardClaim: () => undefined,
};

const HISTORY_LIMIT = 20_000;
const HISTORY_MS = 300_000;

/** One idea: a store with the rules of the API server around it, and controllers that write to it in scheduled steps. */
export function createKubernetesModel(deps: KubernetesModelDeps): KubernetesModel {
  const { clock, podRuntime = instantRuntime, options = {} } = deps;
  const timings = { ...QUICK_KUBERNETES_TIMINGS, ...options.timings };
  let seed = deps.random.integer(0, 2 ** 32 - 1);
  const identity = new Identity(() => seed);
  const store = new Store(clock, {
    historyLimit: options.historyLimit ?? HISTORY_LIMIT,
    historyMs: options.historyMs ?? HISTORY_MS,
  });
  const registry = new Registry(store, clock, identity);
  const events = new EventRecorder(clock, store, registry, options.events ?? true);
  const cluster: Cluster = { clock, identity, options, timings, store, registry, events };
  registry.use(createAdmission(cluster, () => authority.certificatePem));
  const hub = new WatchHub(clock, store, timings);
  const faults = new Faults(identity);
  let authority = createAuthority("berth-simulator", identity.bytes("authority"));
  let adminToken = identity.uid("admin-token");
  const context: ServerContext = { ...cluster, hub, faults, adminToken: () => adminToken };
  const call = (request: ApiRequest): ApiResponse => handle(context, request);

  const contents: ClaimContents = new Map();
  const addresses = new PodAddresses(options.podAddressPrefix ?? "127.30");
  const kubelets = new Kubelets(cluster, call);
  const isAlive = (nodeName: string): boolean => kubelets.isAlive(nodeName);
  const attachments = new VolumeAttachments(cluster, isAlive);
  const pods = new KubeletPods(cluster, podRuntime, { addresses, attachments, isAlive });
  kubelets.use(pods);
  const controllers: Controller[] = [
    createGarbageCollector(cluster),
    createNamespaceController(cluster),
    createStatefulSetController(cluster),
    createScheduler(cluster),
    createVolumeController(cluster, podRuntime, contents),
    createBudgetController(cluster),
    createQuotaController(cluster),
    createNodeController(cluster),
    createCertificateController(cluster, () => authority),
    kubelets,
    pods,
  ];
  prepareCluster(cluster);

  return {
    handle: call,
    kubelets,
    faults: faultSwitches({ faults, hub, store, pods }),
    get adminToken() {
      return adminToken;
    },
    get authority() {
      return authority;
    },
    objects: (kind, namespace) => {
      const resource = resourceOfKind("v1", kind) ?? RESOURCES.find((each) => each.kind === kind);
      return resource === undefined ? [] : store.sorted(resource, namespace);
    },
    snapshot: () => ({
      version: 1,
      seed,
      store: store.snapshot(),
      kubelets: kubelets.snapshot(),
      attachments: { ...attachments.state },
      contents: Object.fromEntries(contents),
      nextPodAddress: addresses.next,
      faults: structuredClone(faults.state),
    }),
    restore: (snapshot) => {
      for (const controller of controllers) controller.stop();
      hub.stop();
      seed = snapshot.seed;
      store.restore(snapshot.store);
      kubelets.restore(snapshot.kubelets);
      attachments.state = { ...snapshot.attachments };
      contents.clear();
      for (const [claim, volume] of Object.entries(snapshot.contents)) contents.set(claim, volume);
      addresses.next = snapshot.nextPodAddress;
      faults.state = structuredClone(snapshot.faults);
      authority = createAuthority("berth-simulator", identity.bytes("authority"));
      adminToken = identity.uid("admin-token");
      for (const controller of controllers) controller.resync();
    },
    close: () => {
      for (const controller of controllers) controller.stop();
      hub.stop();
    },
  };
}
