import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { idFromUuid } from "@berth/domain";
import { type CertifiedKey, createClusterCa, hashPassword, issueLeaf, serverNameOf } from "@berth/kubernetes";
import { Agent, request } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ControlPlane, startControlPlane } from "../control-plane/start.ts";
import { waitFor } from "../wait-for.ts";
import { type HandWrittenCluster, handWrittenPod, NAMES, surroundings } from "./hand-written-pods.ts";
import { type PodsOf, podsOf } from "./pods.ts";
import { type ProcessKubelet, startProcessKubelet } from "./start-process-kubelet.ts";
import { startVolumeProvisioner, type VolumeProvisioner } from "./volume-provisioner.ts";

const ZONES = ["eu-west-1a", "eu-west-1b", "eu-west-1c"];
const NAMESPACE = "by-hand";
const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;
const CLUSTER = idFromUuid("cluster", "01890000-0000-7000-8000-000000000001");

let folder: string;
let controlPlane: ControlPlane;
let volumes: VolumeProvisioner;
let cluster: HandWrittenCluster;
let ca: CertifiedKey;
let tls: Agent;
let pods: PodsOf;
const nodes: ProcessKubelet[] = [];
const log: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "berth-engine-pods-"));
  controlPlane = await startControlPlane({ dataDir: join(folder, "control-plane") });
  const kubeconfig = controlPlane.adminKubeconfig;
  const onLog = (line: string) => void log.push(line);
  volumes = await startVolumeProvisioner({ kubeconfig, dataDir: join(folder, "volumes"), zones: ZONES, onLog });
  for (const [index, zone] of ZONES.entries()) {
    const nodeName = `node-${index}`;
    const kubelet = await startProcessKubelet({
      kubeconfig,
      nodeName,
      zone,
      machineType: "m6i.xlarge",
      allocatable: { cpuMilli: 3900, memoryMib: 15_000, pods: 20, volumes: 20 },
      labels: {},
      taints: [],
      podAddressPrefix: `127.60.${index}`,
      dataDir: join(folder, nodeName),
      onLog,
    });
    nodes.push(kubelet);
  }
  ca = await createClusterCa(CLUSTER, new Date());
  const leaf = await issueLeaf(ca, CLUSTER, new Date());
  tls = new Agent({ connect: { ca: ca.certPem, servername: serverNameOf(CLUSTER) } });
  cluster = {
    namespace: NAMESPACE,
    version: "8.19.21",
    tls: { caCertPem: ca.certPem, certPem: leaf.certPem, keyPem: leaf.keyPem },
    passwordHash: await hashPassword("tester-password"),
  };
  pods = podsOf(controlPlane.api, NAMESPACE);
});
afterAll(async () => {
  await tls?.close();
  await Promise.all(nodes.map((node) => node.stop()));
  await volumes?.stop();
  await controlPlane?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function create(path: string, object: object): Promise<void> {
  const answer = await controlPlane.api.post(path, object);
  if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${answer.body.message}`);
}

async function addressOf(name: string): Promise<string> {
  const find = async () => (await pods.read(name))?.status?.podIP;
  return waitFor(find, { timeoutMs: 60_000, what: `the address of ${name}` });
}

async function tellSeedHosts(): Promise<void> {
  const addresses = await Promise.all(NAMES.map(addressOf));
  const path = `/api/v1/namespaces/${NAMESPACE}/configmaps/seed-hosts`;
  await controlPlane.api.patch("merge", path, { data: { "unicast_hosts.txt": `${addresses.join("\n")}\n` } });
}

async function call(name: string, method: "GET" | "PUT", path: string, body?: object, user = "tester:tester-password") {
  const answer = await request(`https://${await addressOf(name)}:9200${path}`, {
    method,
    dispatcher: tls,
    headers: {
      "content-type": "application/json",
      authorization: `Basic ${Buffer.from(user).toString("base64")}`,
    },
    body: body === undefined ? null : JSON.stringify(body),
  });
  // biome-ignore lint/suspicious/noExplicitAny: whatever the engine said.
  return { status: answer.statusCode, body: (await answer.body.json()) as any };
}

async function untilGreen(via: string): Promise<void> {
  const isGreen = async () => {
    const { body } = await call(via, "GET", "/_cluster/health");
    return body.status === "green" && body.number_of_nodes === 3;
  };
  await waitFor(isGreen, { timeoutMs: 120_000, what: "three nodes and green", intervalMs: 250 });
}

describe("three Elasticsearch pods", () => {
  it("form a green cluster over TLS, once the seed hosts' ConfigMap names their addresses", async () => {
    for (const [path, object] of surroundings(cluster)) await create(path, object);
    for (const name of NAMES) await create(PODS, handWrittenPod(cluster, name));
    await tellSeedHosts();
    const ready = await Promise.all(NAMES.map((name) => pods.untilReady(name)));
    await untilGreen("es-0");

    expect(new Set(ready.map((pod) => pod.spec.nodeName)).size).toBe(3);
    expect((await call("es-1", "GET", "/", undefined, "tester:wrong")).status).toBe(401);
    const stranger = new Agent({ connect: { servername: serverNameOf(CLUSTER) } });
    const trusting = request(`https://${await addressOf("es-0")}:9200/`, { dispatcher: stranger });
    await expect(trusting).rejects.toThrow(/self-signed|unable to (get|verify)/);
    await stranger.close();
  });

  it("serve a new certificate without a restart, once its Secret is changed", async () => {
    const address = await addressOf("es-0");
    const before = await serialOf(address);
    const { certPem, keyPem } = await issueLeaf(ca, CLUSTER, new Date());
    await controlPlane.api.patch("merge", `/api/v1/namespaces/${NAMESPACE}/secrets/tls`, {
      stringData: { "tls.crt": certPem, "tls.key": keyPem },
    });
    const changed = async () => (await serialOf(address)) !== before;
    await waitFor(changed, { timeoutMs: 30_000, what: "the new certificate", intervalMs: 250 });
    expect((await pods.read("es-0"))?.status?.containerStatuses?.[0]?.restartCount).toBe(0);
  });

  it("keep a document through the crash of a process, which is started again in its pod", async () => {
    const written = await call("es-0", "PUT", "/books/_doc/1?refresh=true", { title: "Berth" });
    expect(written.status).toBe(201);
    await untilGreen("es-0");

    const before = await pods.read("es-1");
    nodeOf("es-1").killPod(NAMESPACE, "es-1");
    const after = await pods.untilRestarted("es-1", 1);
    expect(after.metadata.uid).toBe(before?.metadata.uid);
    expect(after.status?.podIP).toBe(before?.status?.podIP);
    expect(after.status?.containerStatuses?.[0]?.lastState?.terminated).toMatchObject({ exitCode: 137 });
    await pods.untilReady("es-1");
    await untilGreen("es-0");
    expect((await call("es-1", "GET", "/books/_doc/1")).body).toMatchObject({ _source: { title: "Berth" } });
  });

  it("end in order when a pod is deleted, and come back on the same claim with another address", async () => {
    const oldAddress = await addressOf("es-2");
    await controlPlane.api.delete(`${PODS}/es-2`);
    await pods.untilGone("es-2", 30_000);
    // The engine said good-bye by itself: nobody had to kill it.
    expect(log).toContain(`${nodeOfAddress(oldAddress)}: ${NAMESPACE}/es-2: engine ended with 143`);

    await create(PODS, handWrittenPod(cluster, "es-2"));
    await tellSeedHosts();
    await pods.untilReady("es-2");
    await untilGreen("es-2");
    expect(await addressOf("es-2")).not.toBe(oldAddress);
    const { body } = await call("es-2", "GET", "/_nodes/es-2?filter_path=nodes.*.attributes.zone");
    expect(JSON.stringify(body)).toContain((await pods.read("es-2"))?.spec.nodeName);
  });
});

/** Of the certificate that is served at this moment. */
function serialOf(address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const servername = serverNameOf(CLUSTER);
    const socket = connect({ host: address, port: 9200, ca: ca.certPem, servername }, () => {
      const { serialNumber } = socket.getPeerCertificate();
      socket.destroy();
      resolve(serialNumber);
    });
    socket.once("error", reject);
  });
}

function nodeOf(pod: string): ProcessKubelet {
  const node = nodes.find((one) => one.processes().some((process) => process.pod === pod));
  if (node === undefined) throw new Error(`no node runs ${pod}`);
  return node;
}

const nodeOfAddress = (address: string): string => `node-${address.split(".")[2]}`;
