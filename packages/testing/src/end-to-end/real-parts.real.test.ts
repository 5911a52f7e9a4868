import { mkdtempSync, readFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createKubernetes, parseKubeconfig } from "@berth/kubernetes";
import type { Kubernetes } from "@berth/ports";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../wait-for.ts";
import { berthCli } from "./berth-cli.ts";
import { processesUnder, type RealParts, startRealParts } from "./real-parts.ts";

interface Connection {
  readonly endpoints: readonly { readonly host: string; readonly port: number }[];
  readonly ca_certificate: string;
  readonly server_name: string;
}

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: an engine's answer, read field by field.
  readonly body: any;
}

/**
 * The whole way on real parts: the command line, the API, PostgreSQL, the worker, kube-apiserver, kube-scheduler and the
 * engines' own processes. Only EC2 is simulated: its machines are process kubelets.
 */
describe("a customer's cluster on real parts", () => {
  const scratch = mkdtempSync(join(tmpdir(), "berth-e2e-"));
  let parts: RealParts;
  let kube: Kubernetes;
  let customer: ReturnType<typeof berthCli>;
  let operator: ReturnType<typeof berthCli>;

  beforeAll(async () => {
    parts = await startRealParts(join(scratch, "data"));
    const { apiUrl, customerKey, operatorKey } = parts.dev;
    customer = berthCli({ apiUrl, apiKey: customerKey, home: scratch });
    operator = berthCli({ apiUrl, apiKey: operatorKey, home: scratch });
    const connection = parseKubeconfig(parts.kubeconfig);
    if (!connection.ok) throw new Error(connection.error.detail);
    kube = createKubernetes(connection.value);
    // Machines that nothing is on go soon, so that their going is seen here.
    await parts.keepEmptyMachines(5);
  });
  afterAll(async () => {
    kube?.close();
    if (parts !== undefined) expect(await parts.dev.stop()).toBe(0);
    expect(processesUnder(scratch)).toEqual([]);
  });

  const engines = [
    ["elasticsearch", "8.19.21"],
    ["elasticsearch", "9.5.3"],
    ["opensearch", "2.19.4"],
  ] as const;

  for (const [engine, version] of engines) {
    it(
      `${engine} ${version}: created, packed as decided, green, used, and deleted without a trace`,
      async () => {
        const name = `e2e-${engine}-${version.replaceAll(".", "-")}`;
        const credentialFile = join(scratch, `${name}.json`);
        const spec = ["--engine", engine, "--version", version, "--size", "1g", "--instances", "3", "--zones", "3"];
        const created = await customer(
          "cluster",
          "create",
          name,
          ...spec,
          "--wait",
          "--credential-file",
          credentialFile,
        );
        expect(created, created.stderr).toMatchObject({ code: 0 });

        const cluster = JSON.parse((await customer("cluster", "get", name, "-o", "json")).stdout);
        expect(cluster.status).toMatchObject({ state: "running", health: "green" });
        const namespace = `cl-${cluster.id.slice(3)}`;

        await expectPlacedAsDecided(cluster.id, namespace);
        await expectUsable(name, credentialFile);

        const deleted = await customer("cluster", "delete", name, "--purge", "--confirm", name, "--wait");
        expect(deleted, deleted.stderr).toMatchObject({ code: 0 });
        await expectNothingLeft(namespace);
      },
      8 * 60_000,
    );
  }

  /** Every pod is bound by kube-scheduler to the node that the stored decision names, and the three are in three zones. */
  async function expectPlacedAsDecided(clusterId: string, namespace: string): Promise<void> {
    const pods = await kube.list("Pod", { namespace });
    expect(pods).toHaveLength(3);
    const instances: { id: string; name: string }[] = JSON.parse(
      (await customer("instance", "list", clusterId, "-o", "json")).stdout,
    ).data;
    const listed = await operator("admin", "placement", "list", "--cluster", clusterId, "-o", "json");
    const decisions: { instance_id: string; node_name: string }[] = JSON.parse(listed.stdout).data;
    for (const pod of pods) {
      const instance = instances.find((one) => one.name === pod.metadata.name);
      // Newest first: a pod that was taken back and planned again has more than one.
      const decision = decisions.find((one) => one.instance_id === instance?.id);
      expect(decision?.node_name).toBe(pod.spec.nodeName);
    }
    const nodes = await kube.list("Node");
    const zoneOf = (nodeName: string | undefined) =>
      nodes.find((node) => node.metadata.name === nodeName)?.metadata.labels?.["topology.kubernetes.io/zone"];
    expect(new Set(pods.map((pod) => zoneOf(pod.spec.nodeName))).size).toBe(3);
  }

  /** A document that was written with the returned credential is read back; without, or with another, the answer is 401. */
  async function expectUsable(name: string, credentialFile: string): Promise<void> {
    const connection: Connection = JSON.parse((await customer("cluster", "connect", name, "-o", "json")).stdout);
    const { username, password } = JSON.parse(readFileSync(credentialFile, "utf8"));
    const auth = `${username}:${password}`;
    const written = await engineCall(connection, auth, "PUT", "/books/_doc/1?refresh=true", {
      title: "A place for a ship",
    });
    expect(written.status).toBe(201);
    const read = await engineCall(connection, auth, "GET", "/books/_doc/1");
    expect(read.body._source).toEqual({ title: "A place for a ship" });
    const health = await engineCall(connection, auth, "GET", "/_cluster/health?wait_for_status=green&timeout=60s");
    expect(health.body).toMatchObject({ status: "green", number_of_nodes: 3 });
    expect((await engineCall(connection, `${username}:wrong`, "GET", "/books/_doc/1")).status).toBe(401);
    expect((await engineCall(connection, undefined, "GET", "/books/_doc/1")).status).toBe(401);
    // What would break orchestration is kept from customers by their role.
    const settings = { persistent: { "cluster.routing.allocation.enable": "none" } };
    expect((await engineCall(connection, auth, "PUT", "/_cluster/settings", settings)).status).toBe(403);
  }

  /** No namespace, volume, node, token, signing request or engine process; machines go once they were empty for a while. */
  async function expectNothingLeft(namespace: string): Promise<void> {
    expect(await kube.read("Namespace", { name: namespace })).toBeUndefined();
    await waitFor(async () => (await kube.list("PersistentVolume")).length === 0, {
      timeoutMs: 30_000,
      what: "volumes to go",
    });
    expect(processesUnder(scratch).filter((line) => /org\.(elasticsearch|opensearch)\.bootstrap/.test(line))).toEqual(
      [],
    );
    // Those that are gone are not listed.
    const machines = async () => JSON.parse((await operator("admin", "machine", "list", "-o", "json")).stdout).data;
    await waitFor(async () => (await machines()).length === 0, {
      timeoutMs: 120_000,
      what: "machines to go",
      intervalMs: 2000,
    });
    expect(await kube.list("Node")).toEqual([]);
    const secrets = await kube.list("Secret", { namespace: "kube-system" });
    expect(secrets.filter((secret) => secret.metadata.name.startsWith("bootstrap-token-"))).toEqual([]);
  }
});

function engineCall(
  connection: Connection,
  auth: string | undefined,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> {
  const endpoint = connection.endpoints[0];
  if (endpoint === undefined) throw new Error("the cluster has no endpoint");
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: endpoint.host,
        port: endpoint.port,
        method,
        path,
        ca: connection.ca_certificate,
        servername: connection.server_name,
        ...(auth === undefined ? {} : { auth }),
        headers: body === undefined ? {} : { "content-type": "application/json" },
        timeout: 60_000,
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk) => (text += chunk));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body: parsed(text) }));
      },
    );
    call.on("timeout", () => call.destroy(new Error(`${method} ${path}: no answer`)));
    call.on("error", reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
