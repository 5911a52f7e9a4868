import { randomUUID } from "node:crypto";
import { type EngineName, type EngineVersion, findEngineVersion, idFromUuid, namespaceOf } from "@berth/domain";
import {
  type ClusterManifestInput,
  CONTROLLER_USER,
  componentConfigManifest,
  createClusterCa,
  hashPassword,
  issueLeaf,
  seedHostsManifest,
  serverNameOf,
  tlsSecretManifest,
  userFilesOf,
  usersSecretManifest,
} from "@berth/kubernetes";
import type { EngineTarget } from "@berth/ports";
import { Agent, request } from "undici";
import type { EngineEnv } from "./engine.ts";

/** Three instances of an engine as Berth's own manifests configure them. */
export interface EngineCluster {
  readonly namespace: string;
  readonly version: EngineVersion;
  readonly nodes: readonly { readonly name: string; readonly address: string; readonly zone: string }[];
  /** Mount path -> file -> content, the same for all three. */
  readonly files: Readonly<Record<string, Readonly<Record<string, Uint8Array>>>>;
  readonly target: EngineTarget;
}

/** Prepares a cluster on addresses `prefix`1 to 3, as `127.72.1.`: nothing runs yet. */
export async function prepareEngineCluster(
  engine: EngineName,
  version: string,
  prefix: string,
): Promise<EngineCluster> {
  const nodes = [0, 1, 2].map((ordinal) => ({
    name: `data-${ordinal}`,
    address: `${prefix}${ordinal + 1}`,
    zone: `zone-${ordinal}`,
  }));
  const addresses = nodes.map(({ address }) => address);
  const made = await engineManifestInput(engine, version, "gp3");
  const input = { ...made.input, seedAddresses: addresses };
  const anchor = { uid: randomUUID() };
  return {
    namespace: namespaceOf(input.clusterId),
    version: input.engine,
    nodes,
    files: {
      "/berth/config": utf8(componentConfigManifest(input, anchor, ENGINE_COMPONENT).data),
      "/berth/seed-hosts": utf8(seedHostsManifest(input, anchor).data),
      "/berth/tls": base64(tlsSecretManifest(input, anchor).data),
      "/berth/users": base64(usersSecretManifest(input, anchor).data),
    },
    target: { ...made.target, addresses },
  };
}

/** Three instances that do everything, small enough for a test. */
export const ENGINE_COMPONENT = {
  name: "data",
  roles: ["master", "data", "ingest"],
  instances: 3,
  size: "1g",
  memoryMib: 1024,
  cpuMilli: 250,
  cpuLimitMilli: 1000,
  storageMib: 1024,
} as const;

/** A new cluster's manifests' input, and how to reach it once it has addresses. */
export async function engineManifestInput(
  engine: EngineName,
  version: string,
  storageClass: string,
): Promise<{ readonly input: ClusterManifestInput; readonly target: EngineTarget }> {
  const found = findEngineVersion(engine, version);
  if (found === undefined) throw new Error(`${engine} ${version} is not in the catalogue`);
  const clusterId = idFromUuid("cluster", randomUUID());
  const now = new Date();
  const ca = await createClusterCa(clusterId, now);
  const leaf = await issueLeaf(ca, clusterId, now);
  const password = randomUUID();
  return {
    input: {
      environment: "test",
      clusterId,
      organizationId: idFromUuid("organization", randomUUID()),
      projectId: idFromUuid("project", randomUUID()),
      generation: 1,
      engine: found,
      components: [ENGINE_COMPONENT],
      labels: {},
      storageClass,
      initialMasters: ["data-0", "data-1", "data-2"],
      seedAddresses: [],
      tls: { caCertPem: ca.certPem, certPem: leaf.certPem, keyPem: leaf.keyPem },
      userFiles: userFilesOf(engine, await hashPassword(password)),
      workerAccess: [],
      gatewayAccess: [],
      snapshotAccess: [],
    },
    target: {
      engine,
      version,
      capabilities: found.capabilities,
      addresses: [],
      caCertPem: ca.certPem,
      serverName: serverNameOf(clusterId),
      username: CONTROLLER_USER,
      password,
    },
  };
}

/** The environment of the engine's suite for a cluster that runs. */
export function engineEnvOf(
  cluster: Pick<EngineCluster, "target" | "namespace"> & { readonly nodes: readonly { readonly name: string }[] },
  deadAddress: string,
  patienceMs: number,
): EngineEnv & { close(): Promise<void> } {
  const { target } = cluster;
  const agent = new Agent({ connect: { ca: target.caCertPem, servername: target.serverName } });
  return {
    target,
    clusterName: cluster.namespace,
    nodeNames: cluster.nodes.map(({ name }) => name),
    deadAddress,
    patienceMs,
    raw: async (who, method, path, body) => {
      const answer = await request(`https://${target.addresses[0]}:9200${path}`, {
        method: method as "GET",
        dispatcher: agent,
        headers: {
          authorization: `Basic ${Buffer.from(`${who.username}:${who.password}`).toString("base64")}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        body: body === undefined ? null : JSON.stringify(body),
      });
      return { status: answer.statusCode, body: await answer.body.text() };
    },
    close: () => agent.close(),
  };
}

function utf8(data: Readonly<Record<string, string>> = {}): Record<string, Uint8Array> {
  return Object.fromEntries(Object.entries(data).map(([name, text]) => [name, Buffer.from(text, "utf8")]));
}

function base64(data: Readonly<Record<string, string>> = {}): Record<string, Uint8Array> {
  return Object.fromEntries(Object.entries(data).map(([name, text]) => [name, Buffer.from(text, "base64")]));
}
