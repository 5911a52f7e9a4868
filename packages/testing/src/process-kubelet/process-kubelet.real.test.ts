import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ControlPlane, startControlPlane } from "../control-plane/start.ts";
import { waitFor } from "../wait-for.ts";
import type { ContainerStatus, PersistentVolume } from "./objects.ts";
import { isReady, type PodsOf, podsOf } from "./pods.ts";
import { type ProcessKubelet, type ProcessKubeletOptions, startProcessKubelet } from "./start-process-kubelet.ts";
import { startVolumeProvisioner, type VolumeProvisioner } from "./volume-provisioner.ts";

const NODE = "mac-one";
const INSIDE = "/api/v1/namespaces/default";

let folder: string;
let controlPlane: ControlPlane;
let volumes: VolumeProvisioner;
let pods: PodsOf;
let kubelet: ProcessKubelet;
let options: ProcessKubeletOptions;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "berth-process-kubelet-"));
  controlPlane = await startControlPlane({
    dataDir: join(folder, "control-plane"),
    nodeMonitorGracePeriodMs: 8000,
  });
  const zones = ["eu-west-1b"];
  const dataDir = join(folder, "volumes");
  volumes = await startVolumeProvisioner({ kubeconfig: controlPlane.adminKubeconfig, dataDir, zones });
  pods = podsOf(controlPlane.api, "default");
  options = {
    nodeName: NODE,
    zone: "eu-west-1b",
    machineType: "m6i.large",
    allocatable: { cpuMilli: 1900, memoryMib: 7000, pods: 40, volumes: 25 },
    labels: { "berth.dev/pool": "main" },
    taints: [],
    podAddressPrefix: "127.61.0",
    dataDir: join(folder, "node"),
    restartBackoffMs: 500,
  };
});
afterAll(async () => {
  await kubelet?.stop();
  await volumes?.stop();
  await controlPlane?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function create(path: string, object: object): Promise<void> {
  const answer = await controlPlane.api.post(path, object);
  if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${answer.body.message}`);
}

const SHELL_USER = { runAsUser: 1000, runAsGroup: 1000, fsGroup: 2000 };

/** A pod of one container that runs a shell script with this machine's tools. */
async function createPod(name: string, script: string, container: object = {}, spec: object = {}): Promise<void> {
  await create(`${INSIDE}/pods`, {
    metadata: { name, labels: { app: name } },
    spec: {
      securityContext: SHELL_USER,
      terminationGracePeriodSeconds: 5,
      containers: [{ name: "main", image: "busybox:1", command: ["bash", "-c", script], ...container }],
      ...spec,
    },
  });
}

function logOf(pod: string): string {
  const process = kubelet.processes().find((one) => one.pod === pod);
  return process === undefined ? "" : readFileSync(process.logFile, "utf8");
}

const untilLogged = (pod: string, text: string, timeoutMs = 10_000): Promise<unknown> =>
  waitFor(() => logOf(pod).includes(text), { timeoutMs, what: `${pod} to write ${text}` });

const containerOf = async (pod: string): Promise<ContainerStatus | undefined> =>
  (await pods.read(pod))?.status?.containerStatuses?.[0];

const untilWaiting = (pod: string, reason: string): Promise<unknown> =>
  waitFor(async () => (await containerOf(pod))?.state?.waiting?.reason === reason, {
    timeoutMs: 15_000,
    what: `${pod} to wait with ${reason}`,
  });

const WAIT = "trap 'exit 0' TERM; while :; do sleep 0.1; done";

describe("a node", () => {
  it("joins by a bootstrap token once somebody approves, and is Ready with what its machine has", async () => {
    const [id, secret] = [randomBytes(3).toString("hex"), randomBytes(8).toString("hex")];
    await create("/api/v1/namespaces/kube-system/secrets", {
      metadata: { name: `bootstrap-token-${id}` },
      type: "bootstrap.kubernetes.io/token",
      stringData: {
        "token-id": id,
        "token-secret": secret,
        "usage-bootstrap-authentication": "true",
        "auth-extra-groups": "system:bootstrappers:berth",
        expiration: new Date(Date.now() + 600_000).toISOString(),
      },
    });
    const { apiServerUrl, caCertPem, api } = controlPlane;
    const starting = startProcessKubelet({ ...options, join: { apiServerUrl, caCertPem, token: `${id}.${secret}` } });

    const csrs = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
    const csr = await waitFor(async () => (await api.get(csrs)).body.items[0], { timeoutMs: 10_000, what: "a CSR" });
    csr.status.conditions = [{ type: "Approved", status: "True", reason: "Test", message: "launched" }];
    await api.put(`${csrs}/${csr.metadata.name}/approval`, csr);
    kubelet = await starting;

    const { body: node } = await api.get(`/api/v1/nodes/${NODE}`);
    expect(node.metadata.labels).toMatchObject({
      "kubernetes.io/hostname": NODE,
      "topology.kubernetes.io/zone": "eu-west-1b",
      "topology.kubernetes.io/region": "eu-west-1",
      "node.kubernetes.io/instance-type": "m6i.large",
      "berth.dev/pool": "main",
    });
    expect(node.spec.providerID).toMatch(/^aws:\/\/\/eu-west-1b\/i-/);
    expect(node.status.allocatable).toMatchObject({ cpu: "1900m", memory: "7000Mi", pods: "40" });
    expect((await api.get(`/apis/storage.k8s.io/v1/csinodes/${NODE}`)).body.spec.drivers[0].allocatable.count).toBe(25);
    const lease = `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${NODE}`;
    const renewedAt = async (): Promise<string | undefined> => (await api.get(lease)).body.spec?.renewTime;
    const first = await waitFor(renewedAt, { timeoutMs: 5000, what: "a lease" });
    await waitFor(async () => (await renewedAt()) !== first, { timeoutMs: 10_000, what: "a renewed lease" });
  });
});

describe("a pod", () => {
  it("gets its environment, files, user and address as its spec says", async () => {
    await create(`${INSIDE}/configmaps`, {
      metadata: { name: "settings" },
      data: { colour: "blue", "a.txt": "first" },
    });
    await create(`${INSIDE}/secrets`, { metadata: { name: "keys" }, stringData: { password: "hunter2" } });
    const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
    const script = `
      echo "[$NAME $APP $COLOUR $PASSWORD $BOTH $MEMORY $PREFIX_colour]"
      echo "[$(id -u):$(id -g) $(id -G)] [$(hostname)] [$1]"
      echo "[$(cat /files/a.txt) $(cat /all/token | cut -c1-2) $(cat /all/labels) $(cat /one.txt)]"
      echo "[$(stat -c '%a %g' -L /keys/password) $(stat -c %a /scratch)]"
      touch /usr/x 2>/dev/null || echo "[read-only]"; touch /scratch/x && echo "[writable]"
      echo "[pid $BASHPID]"
      ${WAIT}`;
    await createPod(
      "complete",
      script,
      {
        args: ["ignored", "$(COLOUR)-$$(COLOUR)-$(NOBODY)"],
        env: [
          field("NAME", "metadata.name"),
          field("APP", "metadata.labels['app']"),
          field("POD_IP", "status.podIP"),
          { name: "COLOUR", valueFrom: { configMapKeyRef: { name: "settings", key: "colour" } } },
          { name: "PASSWORD", valueFrom: { secretKeyRef: { name: "keys", key: "password" } } },
          { name: "GONE", valueFrom: { secretKeyRef: { name: "none", key: "none", optional: true } } },
          { name: "BOTH", value: "$(COLOUR)+$(POD_IP)" },
          { name: "MEMORY", valueFrom: { resourceFieldRef: { resource: "limits.memory", divisor: "1Mi" } } },
        ],
        envFrom: [{ prefix: "PREFIX_", configMapRef: { name: "settings" } }],
        resources: { limits: { memory: "64Mi" } },
        securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false },
        volumeMounts: [
          { name: "files", mountPath: "/files" },
          { name: "files", mountPath: "/one.txt", subPath: "a.txt" },
          { name: "keys", mountPath: "/keys", readOnly: true },
          { name: "all", mountPath: "/all" },
          { name: "scratch", mountPath: "/scratch" },
        ],
      },
      {
        volumes: [
          { name: "files", configMap: { name: "settings", items: [{ key: "a.txt", path: "a.txt" }] } },
          { name: "keys", secret: { secretName: "keys", defaultMode: 0o400 } },
          { name: "scratch", emptyDir: {} },
          {
            name: "all",
            projected: {
              sources: [
                { serviceAccountToken: { path: "token" } },
                { downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels['app']" } }] } },
              ],
            },
          },
        ],
      },
    );
    const pod = await pods.untilReady("complete", 20_000);
    await untilLogged("complete", "[pid 1]");
    const ip = pod.status?.podIP;
    expect(ip).toMatch(/^127\.61\.0\.\d+$/);
    const lines = logOf("complete").split("\n");
    expect(lines).toContain(`[complete complete blue hunter2 blue+${ip} 64 blue]`);
    expect(lines).toContain("[1000:1000 1000 2000] [complete] [blue-$(COLOUR)-$(NOBODY)]");
    expect(lines).toContain("[first ey complete first]");
    expect(lines).toContain("[440 2000 2777]");
    expect(lines).toEqual(expect.arrayContaining(["[read-only]", "[writable]"]));
  });

  it("sees a changed ConfigMap and label in its files within moments", async () => {
    const script = `while :; do echo "$(cat /files/a.txt) $(cat /labels/labels)"; sleep 0.1; done`;
    const labels = { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }] };
    await createPod(
      "watching",
      script,
      {
        volumeMounts: [
          { name: "files", mountPath: "/files" },
          { name: "labels", mountPath: "/labels" },
        ],
      },
      {
        volumes: [
          { name: "files", configMap: { name: "settings" } },
          { name: "labels", downwardAPI: labels },
        ],
      },
    );
    await untilLogged("watching", "first");
    await controlPlane.api.patch("merge", `${INSIDE}/configmaps/settings`, { data: { "a.txt": "second" } });
    await untilLogged("watching", "second", 3000);
    await controlPlane.api.patch("merge", `${INSIDE}/pods/watching`, { metadata: { labels: { colour: "green" } } });
    await untilLogged("watching", 'colour="green"', 3000);
  });

  it("waits by name for what is missing, and starts when it comes", async () => {
    await createPod(
      "early",
      WAIT,
      {
        env: [{ name: "LATE", valueFrom: { secretKeyRef: { name: "late", key: "key" } } }],
        volumeMounts: [{ name: "late", mountPath: "/late" }],
      },
      { volumes: [{ name: "late", configMap: { name: "late" } }] },
    );
    await untilWaiting("early", "PodInitializing");
    await create(`${INSIDE}/configmaps`, { metadata: { name: "late" }, data: {} });
    await untilWaiting("early", "CreateContainerConfigError");
    await create(`${INSIDE}/secrets`, { metadata: { name: "late" }, stringData: { key: "1" } });
    await pods.untilReady("early", 20_000);

    await createPod("unknown", WAIT, { image: "nobody/knows:1" });
    await untilWaiting("unknown", "ImagePullBackOff");
  });

  it("is started again when it ends, later and later", async () => {
    await createPod("crashing", "exit 3");
    await untilWaiting("crashing", "CrashLoopBackOff");
    await pods.untilRestarted("crashing", 3, 20_000);
    expect((await containerOf("crashing"))?.lastState?.terminated).toMatchObject({ exitCode: 3, reason: "Error" });

    await createPod("fine", WAIT);
    await pods.untilReady("fine", 20_000);
    kubelet.killPod("default", "fine");
    await pods.untilRestarted("fine", 1, 20_000);
    expect((await containerOf("fine"))?.lastState?.terminated).toMatchObject({ exitCode: 137 });
  });

  it("runs init containers in order, and to a final phase where it is not to be restarted", async () => {
    const step = (name: string, script: string) => ({
      name,
      image: "busybox",
      command: ["sh", "-c", script],
      volumeMounts: [{ name: "work", mountPath: "/work" }],
    });
    await createPod(
      "once",
      "cat /work/log; exit 7",
      { volumeMounts: [{ name: "work", mountPath: "/work" }] },
      {
        restartPolicy: "Never",
        initContainers: [step("one", "echo 1 >> /work/log"), step("two", "echo 2 >> /work/log")],
        volumes: [{ name: "work", emptyDir: {} }],
      },
    );
    const phase = async () => (await pods.read("once"))?.status?.phase;
    await waitFor(async () => (await phase()) === "Failed", { timeoutMs: 20_000, what: "a final phase" });
    expect((await containerOf("once"))?.state?.terminated).toMatchObject({ exitCode: 7 });
    expect((await pods.read("once"))?.status?.initContainerStatuses?.map((one) => one.ready)).toEqual([true, true]);
  });

  it("is not ready while it hangs, and is ended by a liveness probe that fails", async () => {
    const server = `require("http").createServer((_, a) => a.end()).listen(8000, process.env.POD_IP)`;
    const probe = { httpGet: { port: "web", path: "/" }, periodSeconds: 1, failureThreshold: 1 };
    const container = {
      command: [process.execPath, "-e", server],
      ports: [{ name: "web", containerPort: 8000 }],
      env: [{ name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }],
    };
    await createPod("server", "", { ...container, readinessProbe: probe });
    await pods.untilReady("server", 20_000);
    kubelet.freezePod("default", "server");
    const ready = async () => isReady((await pods.read("server")) ?? expect.fail("the pod is gone"));
    await waitFor(async () => !(await ready()), { timeoutMs: 10_000, what: "the frozen pod to be not ready" });
    kubelet.thawPod("default", "server");
    await waitFor(ready, { timeoutMs: 10_000, what: "the pod to be ready again" });
    expect((await containerOf("server"))?.restartCount).toBe(0);

    const live = { exec: { command: ["test", "!", "-e", "/tmp/sick"] }, periodSeconds: 1, failureThreshold: 2 };
    await createPod("sick", `sleep 1; touch /tmp/sick; ${WAIT}`, { livenessProbe: live });
    await pods.untilRestarted("sick", 1, 20_000);
  });
});

describe("a deleted pod", () => {
  it("runs its hook, gets SIGTERM, and is killed when its grace is over", async () => {
    const mounts = { volumeMounts: [{ name: "out", mountPath: "/out" }] };
    const out = join(folder, "out");
    const spec = { securityContext: {}, volumes: [{ name: "out", hostPath: { path: folder } }] };
    const lifecycle = { preStop: { exec: { command: ["sh", "-c", "echo hook >> /out/out"] } } };
    await createPod(
      "polite",
      `trap 'echo term >> /out/out; exit 0' TERM; ${WAIT.split(";").slice(1).join(";")}`,
      { ...mounts, lifecycle },
      spec,
    );
    await createPod("stubborn", "trap '' TERM; while :; do sleep 0.1; done", {}, { terminationGracePeriodSeconds: 2 });
    await pods.untilReady("polite", 20_000);
    await pods.untilReady("stubborn", 20_000);
    await controlPlane.api.delete(`${INSIDE}/pods/polite`);
    await pods.untilGone("polite", 10_000);
    expect(readFileSync(out, "utf8")).toBe("hook\nterm\n");

    const pid = kubelet.processes().find((one) => one.pod === "stubborn")?.pid;
    await controlPlane.api.delete(`${INSIDE}/pods/stubborn`);
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    await pods.untilGone("stubborn", 10_000);
    expect(existsSync(`/proc/${pid}`)).toBe(false);
  });

  it("dies at once when it is deleted by force, before its successor starts", async () => {
    await createPod("forced", "trap '' TERM; while :; do sleep 0.1; done");
    await pods.untilReady("forced", 20_000);
    const pid = kubelet.processes().find((one) => one.pod === "forced")?.pid;
    await controlPlane.api.delete(`${INSIDE}/pods/forced`, { gracePeriodSeconds: 0 });
    await createPod("forced", WAIT);
    await pods.untilReady("forced", 20_000);
    expect(existsSync(`/proc/${pid}`)).toBe(false);
  });
});

describe("a claim", () => {
  const CLAIM = `${INSIDE}/persistentvolumeclaims/disk`;
  const disk = [{ name: "disk", persistentVolumeClaim: { claimName: "disk" } }];
  const mounts = { volumeMounts: [{ name: "disk", mountPath: "/disk" }] };
  const script = `ls /disk; date +%s%N >> /disk/starts; ${WAIT}`;

  it("is a volume in the node's zone that outlives its pods, grows, and can be lost", async () => {
    await create(`${INSIDE}/persistentvolumeclaims`, {
      metadata: { name: "disk" },
      spec: {
        accessModes: ["ReadWriteOnce"],
        storageClassName: "gp3",
        resources: { requests: { storage: "1Gi" } },
      },
    });
    await createPod("writer", script, mounts, { volumes: disk });
    await pods.untilReady("writer", 30_000);
    const { body: claim } = await controlPlane.api.get(CLAIM);
    const volume = (await controlPlane.api.get(`/api/v1/persistentvolumes/${claim.spec.volumeName}`)).body;
    expect(JSON.stringify(volume.spec.nodeAffinity)).toContain("eu-west-1b");

    await controlPlane.api.delete(`${INSIDE}/pods/writer`);
    await pods.untilGone("writer");
    await createPod("writer", script, mounts, { volumes: disk });
    await untilLogged("writer", "starts", 30_000);

    await controlPlane.api.patch("merge", CLAIM, { spec: { resources: { requests: { storage: "4Gi" } } } });
    const capacity = async () => (await controlPlane.api.get(CLAIM)).body.status.capacity.storage;
    await waitFor(async () => (await capacity()) === "4Gi", { timeoutMs: 10_000, what: "the claim to grow" });

    await kubelet.loseVolume("default", "disk");
    expect(existsSync(join(folderOf(volume), "starts"))).toBe(false);
  });

  it("takes its folder along when it is deleted, if the reclaim policy says so", async () => {
    const { body: claim } = await controlPlane.api.get(CLAIM);
    const path = `/api/v1/persistentvolumes/${claim.spec.volumeName}`;
    const volume = (await controlPlane.api.get(path)).body;
    await controlPlane.api.delete(`${INSIDE}/pods/writer`);
    await pods.untilGone("writer");
    await controlPlane.api.delete(CLAIM);
    await waitFor(async () => (await controlPlane.api.get(path)).status === 404, {
      timeoutMs: 20_000,
      what: "the volume to be reclaimed",
    });
    expect(existsSync(folderOf(volume))).toBe(false);
  });
});

describe("a node that dies", () => {
  it("takes its processes along, is found out, and starts its pods again when it comes back", async () => {
    const before = await pods.untilReady("fine", 20_000);
    const pids = kubelet.processes().map(({ pid }) => pid);
    expect(pids.length).toBeGreaterThan(2);
    await kubelet.kill();
    expect(pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
    const nodeReady = async (): Promise<string | undefined> => {
      const { body } = await controlPlane.api.get(`/api/v1/nodes/${NODE}`);
      return body.status.conditions.find((one: { type: string }) => one.type === "Ready")?.status;
    };
    await waitFor(async () => (await nodeReady()) === "Unknown", {
      timeoutMs: 30_000,
      what: "the node to be NotReady",
    });

    kubelet = await startProcessKubelet({ ...options, kubeconfig: controlPlane.adminKubeconfig });
    await waitFor(async () => (await nodeReady()) === "True", { timeoutMs: 10_000, what: "the node to be Ready" });
    const after = await pods.untilRestarted("fine", 2, 20_000);
    expect(after.metadata.uid).toBe(before.metadata.uid);
    await pods.untilReady("fine", 20_000);
  });
});

function folderOf(volume: PersistentVolume): string {
  return volume.spec.csi?.volumeAttributes?.["berth.dev/folder"] ?? "";
}
