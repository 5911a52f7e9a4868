import { X509Certificate } from "node:crypto";
import type { Status } from "./api-error.ts";
import { callerOfCertificate } from "./authentication.ts";
import { type Cluster, nowText } from "./cluster.ts";
import { hasCondition } from "./conditions.ts";
import { microTimeText } from "./identity.ts";
import type { KubeletPods } from "./kubelet-pods.ts";
import { type MachineFacts, type NodeJoin, newNode, readyConditions } from "./node-object.ts";
import type { CertificateSigningRequest, Node } from "./objects.ts";
import { type Caller, SYSTEM } from "./registry.ts";
import type { ApiRequest, ApiResponse } from "./request.ts";
import { CERTIFICATE_REQUESTS, CSI_NODES, LEASES, NODES, type Resource } from "./resources.ts";
import { WorkQueue } from "./work-queue.ts";
import { createRequest, keyFromSeed } from "./x509.ts";

type Stage = "requesting" | "waiting" | "registering" | "running" | "frozen" | "dead";

/** One simulated kubelet; plain JSON, so that it survives a restart of the world. */
export interface KubeletState {
  readonly nodeName: string;
  readonly join: NodeJoin | null;
  readonly machine: MachineFacts | null;
  readonly hostAddress: string;
  stage: Stage;
  attempt: number;
  requestName: string | null;
  lastRefusal: string | null;
  certificate: string | null;
  readyAt: number | null;
}

export interface SimulatedNode {
  readonly nodeName: string;
  /** Where it is in its life. */
  readonly stage: () => Stage;
  /** Whether its Node is there, ready and takes pods. */
  readonly isOpen: () => boolean;
  /** What the API server last refused it with while it was joining. */
  readonly lastRefusal: () => string | undefined;
}

const DRIVER = "ebs.csi.aws.com";

/**
 * The machines' side of the cluster: joining with a bootstrap token and a certificate request, registering a Node, keeping
 * its lease, and running pods through KubeletPods.
 *
 * Joining goes through the same API as anybody else's calls, so that tokens, approval and NodeRestriction are met for real.
 */
export class Kubelets {
  private readonly cluster: Cluster;
  private readonly call: (request: ApiRequest) => ApiResponse;
  private readonly steps: WorkQueue;
  private readonly leases: WorkQueue;
  private readonly states = new Map<string, KubeletState>();
  private pods: KubeletPods | undefined;

  constructor(cluster: Cluster, call: (request: ApiRequest) => ApiResponse) {
    this.cluster = cluster;
    this.call = call;
    this.steps = new WorkQueue(cluster.clock, cluster.timings.controllerMs, (name) => this.step(name));
    this.leases = new WorkQueue(cluster.clock, cluster.timings.leaseRenewMs, (name) => this.renew(name));
    cluster.store.onChange(({ resource, type, object }) => {
      if (resource === (CERTIFICATE_REQUESTS as Resource)) this.noteRequest(object as CertificateSigningRequest);
      if (resource !== (NODES as Resource)) return;
      if (type === "ADDED") this.adopt(object as Node);
      // A dead machine without a Node is of no more interest.
      const { name } = object.metadata;
      if (type === "DELETED" && this.states.get(name)?.stage === "dead") this.states.delete(name);
    });
  }

  use(pods: KubeletPods): void {
    this.pods = pods;
  }

  /** Whether a kubelet runs on the node and is heard. */
  isAlive(nodeName: string): boolean {
    return this.states.get(nodeName)?.stage === "running";
  }

  /** A machine begins to join: its Node appears when somebody has approved its certificate request. */
  join(join: NodeJoin, machine: MachineFacts): SimulatedNode {
    return this.begin({ ...this.newState(join.nodeName), join, machine, stage: "requesting" });
  }

  /** A machine that is a node at once, without token and approval: for static clusters and for tests. */
  add(join: Omit<NodeJoin, "token">, machine: MachineFacts): SimulatedNode {
    return this.begin({ ...this.newState(join.nodeName), join: { ...join, token: "" }, machine, stage: "registering" });
  }

  /** The machine is switched off, and the cloud controller has taken its Node out. */
  remove(nodeName: string): void {
    this.vanish(nodeName);
    this.states.delete(nodeName);
    if (this.cluster.store.get(NODES, undefined, nodeName) !== undefined) {
      this.cluster.registry.remove(NODES, undefined, nodeName, {}, SYSTEM);
    }
    if (this.cluster.store.get(LEASES, "kube-node-lease", nodeName) !== undefined) {
      this.cluster.registry.remove(LEASES, "kube-node-lease", nodeName, {}, SYSTEM);
    }
  }

  /** The machine dies without a word: its processes end, its Node and its pods' objects stay. */
  vanish(nodeName: string): void {
    const state = this.states.get(nodeName);
    if (state === undefined) return;
    state.stage = "dead";
    this.steps.drop(nodeName);
    this.leases.drop(nodeName);
    this.pods?.killAll(nodeName);
  }

  /** The machine is cut off: processes go on, but nobody hears of them. */
  freeze(nodeName: string): void {
    const state = this.states.get(nodeName);
    if (state?.stage === "running") state.stage = "frozen";
  }

  /** A frozen machine is heard again, or a dead one is switched on again with its certificate. */
  thaw(nodeName: string): void {
    const state = this.states.get(nodeName);
    if (state === undefined || (state.stage !== "frozen" && state.stage !== "dead")) return;
    state.stage = state.certificate === null && state.join?.token !== "" ? "requesting" : "running";
    this.renewNow(state);
    this.steps.add(nodeName);
    this.pods?.resume(nodeName);
  }

  list(): readonly SimulatedNode[] {
    return [...this.states.values()].map((state) => this.handleOf(state));
  }

  snapshot(): readonly KubeletState[] {
    return [...this.states.values()].map((state) => ({ ...state }));
  }

  restore(states: readonly KubeletState[]): void {
    this.states.clear();
    for (const state of states) this.states.set(state.nodeName, { ...state });
  }

  resync(): void {
    for (const state of this.states.values()) {
      if (state.stage !== "dead" && state.stage !== "frozen") this.steps.add(state.nodeName);
      if (state.stage === "running") this.renewNow(state);
    }
  }

  stop(): void {
    this.steps.stop();
    this.leases.stop();
  }

  private newState(nodeName: string): KubeletState {
    return {
      nodeName,
      join: null,
      machine: null,
      hostAddress: this.nextHostAddress(),
      stage: "requesting",
      attempt: 0,
      requestName: null,
      lastRefusal: null,
      certificate: null,
      readyAt: null,
    };
  }

  private nextHostAddress(): string {
    const taken = new Set([...this.states.values()].map((state) => state.hostAddress));
    let number = 10;
    while (taken.has(`10.0.${number >> 8}.${number & 255}`)) number += 1;
    return `10.0.${number >> 8}.${number & 255}`;
  }

  private begin(state: KubeletState): SimulatedNode {
    const present = this.states.get(state.nodeName);
    if (present !== undefined && present.stage !== "dead") return this.handleOf(present);
    this.states.set(state.nodeName, state);
    this.steps.add(state.nodeName);
    return this.handleOf(state);
  }

  private handleOf({ nodeName }: KubeletState): SimulatedNode {
    return {
      nodeName,
      stage: () => this.states.get(nodeName)?.stage ?? "dead",
      isOpen: () => {
        const node = this.cluster.store.get(NODES, undefined, nodeName);
        return hasCondition(node?.status.conditions, "Ready") && (node?.spec.taints ?? []).length === 0;
      },
      lastRefusal: () => this.states.get(nodeName)?.lastRefusal ?? undefined,
    };
  }

  /** A Node that somebody made by hand with this annotation is run like a machine of ours. */
  private adopt(node: Node): void {
    const { name, annotations } = node.metadata;
    if (annotations?.["simulator.berth.dev/kubelet"] !== "true" || this.states.has(name)) return;
    this.begin({ ...this.newState(name), stage: "running" });
  }

  private step(nodeName: string): void {
    const state = this.states.get(nodeName);
    switch (state?.stage) {
      case "requesting":
        this.request(state);
        return;
      case "waiting":
        this.fetchCertificate(state);
        return;
      case "registering":
        this.register(state);
        return;
      case "running":
        this.run(state);
        return;
      default:
        return;
    }
  }

  private keyOf(state: KubeletState): ReturnType<typeof keyFromSeed> {
    return keyFromSeed(this.cluster.identity.bytes(`kubelet/${state.nodeName}`));
  }

  private request(state: KubeletState): void {
    const subject = { commonName: `system:node:${state.nodeName}`, organizations: ["system:nodes"] };
    const pem = createRequest(subject, this.keyOf(state));
    const answer = this.call({
      method: "POST",
      path: "/apis/certificates.k8s.io/v1/certificatesigningrequests",
      headers: { authorization: `Bearer ${state.join?.token}`, "user-agent": "kubelet/simulated" },
      body: {
        apiVersion: "certificates.k8s.io/v1",
        kind: "CertificateSigningRequest",
        metadata: { generateName: "csr-" },
        spec: {
          request: Buffer.from(pem).toString("base64"),
          signerName: "kubernetes.io/kube-apiserver-client-kubelet",
          usages: ["digital signature", "client auth"],
        },
      },
    });
    state.attempt += 1;
    noteRefusal(state, answer);
    if (answer.status !== 201 || answer.dropped) {
      this.steps.add(state.nodeName, this.cluster.timings.joinRetryMs);
      return;
    }
    state.requestName = (answer.body as CertificateSigningRequest).metadata.name;
    state.stage = "waiting";
  }

  private noteRequest(request: CertificateSigningRequest): void {
    for (const state of this.states.values()) {
      if (state.stage === "waiting" && state.requestName === request.metadata.name) this.steps.add(state.nodeName);
    }
  }

  /** The watch that a kubelet holds open on its request: it lives on when the token is deleted. */
  private fetchCertificate(state: KubeletState): void {
    const request = this.cluster.store.get(CERTIFICATE_REQUESTS, undefined, state.requestName ?? "");
    const refused = ["Denied", "Failed"].some((type) => hasCondition(request?.status.conditions, type));
    if (request === undefined || refused) {
      state.stage = "requesting";
      this.steps.add(state.nodeName, this.cluster.timings.joinRetryMs);
      return;
    }
    if (request.status.certificate === undefined) return;
    state.certificate = Buffer.from(request.status.certificate, "base64").toString();
    state.stage = "registering";
    const { timings, identity } = this.cluster;
    this.steps.add(state.nodeName, identity.between(timings.registerNodeMs, `register/${state.nodeName}`));
  }

  /** Who the kubelet is for the API server: what its certificate says. */
  private callerOf(state: KubeletState): Caller {
    if (state.certificate !== null) return callerOfCertificate(new X509Certificate(state.certificate));
    return { username: `system:node:${state.nodeName}`, groups: ["system:nodes", "system:authenticated"] };
  }

  private register(state: KubeletState): void {
    const { join, machine } = state;
    if (join === null || machine === null) return;
    const answer = this.call({
      method: "POST",
      path: "/api/v1/nodes",
      user: this.callerOf(state),
      headers: {},
      body: newNode(state.hostAddress, join, machine),
    });
    noteRefusal(state, answer);
    if (answer.status !== 201 && answer.status !== 409) {
      this.steps.add(state.nodeName, this.cluster.timings.joinRetryMs);
      return;
    }
    if (machine.attachableVolumes !== undefined)
      this.registerDriver(state, machine.attachableVolumes, machine.providerId);
    state.stage = "running";
    this.renewNow(state);
    const { timings, identity, clock } = this.cluster;
    state.readyAt = clock.now() + identity.between(timings.nodeReadyMs, `ready/${state.nodeName}`);
    this.steps.add(state.nodeName, state.readyAt - clock.now());
  }

  private registerDriver(state: KubeletState, count: number, nodeID: string): void {
    if (this.cluster.store.get(CSI_NODES, undefined, state.nodeName) !== undefined) return;
    this.cluster.registry.create(
      CSI_NODES,
      {
        apiVersion: "storage.k8s.io/v1",
        kind: "CSINode",
        metadata: { name: state.nodeName, ownerReferences: this.ownerOf(state) },
        spec: { drivers: [{ name: DRIVER, nodeID, allocatable: { count } }] },
      },
      SYSTEM,
    );
  }

  private ownerOf(state: KubeletState): { apiVersion: string; kind: string; name: string; uid: string }[] {
    const uid = this.cluster.store.get(NODES, undefined, state.nodeName)?.metadata.uid;
    return uid === undefined ? [] : [{ apiVersion: "v1", kind: "Node", name: state.nodeName, uid }];
  }

  /** Keeps the Node's status true; a Node that somebody deleted stays deleted, as with a kubelet that is not restarted. */
  private run(state: KubeletState): void {
    if (state.readyAt !== null && state.readyAt > this.cluster.clock.now()) {
      this.steps.add(state.nodeName, state.readyAt - this.cluster.clock.now());
      return;
    }
    const node = this.cluster.store.get(NODES, undefined, state.nodeName);
    if (node === undefined) return;
    if (!hasCondition(node.status.conditions, "Ready")) {
      this.cluster.registry.update(
        NODES,
        undefined,
        state.nodeName,
        (draft) => {
          draft.status.conditions = readyConditions(draft, nowText(this.cluster));
          draft.status.addresses ??= [{ type: "InternalIP", address: state.hostAddress }];
        },
        { ...SYSTEM, part: "status" },
      );
      this.cluster.events.record(
        node,
        "Normal",
        "NodeReady",
        `Node ${state.nodeName} status is now: NodeReady`,
        "kubelet",
      );
    }
    this.pods?.resume(state.nodeName);
    if (!this.leases.has(state.nodeName)) this.renewNow(state);
  }

  private renew(nodeName: string): void {
    const state = this.states.get(nodeName);
    if (state?.stage === "running") this.renewNow(state);
  }

  private renewNow(state: KubeletState): void {
    const { store, registry, clock, timings } = this.cluster;
    const renewTime = microTimeText(clock.now());
    const lease = store.get(LEASES, "kube-node-lease", state.nodeName);
    this.leases.add(state.nodeName);
    if (lease !== undefined) {
      registry.update(
        LEASES,
        "kube-node-lease",
        state.nodeName,
        (draft) => {
          draft.spec.renewTime = renewTime;
        },
        SYSTEM,
      );
      if (!hasCondition(store.get(NODES, undefined, state.nodeName)?.status.conditions, "Ready"))
        this.steps.add(state.nodeName);
      return;
    }
    if (store.get(NODES, undefined, state.nodeName) === undefined) return;
    registry.create(
      LEASES,
      {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: { name: state.nodeName, namespace: "kube-node-lease", ownerReferences: this.ownerOf(state) },
        spec: {
          holderIdentity: state.nodeName,
          leaseDurationSeconds: Math.ceil((timings.leaseRenewMs * 4) / 1000),
          renewTime,
        },
      },
      SYSTEM,
    );
  }
}

function noteRefusal(state: KubeletState, answer: ApiResponse): void {
  const refused = answer.status >= 400 && answer.status !== 409;
  state.lastRefusal = refused ? `${answer.status} ${(answer.body as Status).message ?? ""}` : null;
}
