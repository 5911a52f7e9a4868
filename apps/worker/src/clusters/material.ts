import { randomBytes } from "node:crypto";
import type { ClusterRecord, HeldLease, SecretStore } from "@berth/db";
import { type ClusterId, findEngineVersion } from "@berth/domain";
import {
  type CertifiedKey,
  CONTROLLER_USER,
  createClusterCa,
  hashPassword,
  issueLeaf,
  serverNameOf,
  userFilesOf,
} from "@berth/kubernetes";
import type { EngineTarget } from "@berth/ports";

/** What a cluster's engine needs beside its spec: its certificates and Berth's own user. Made once, kept encrypted. */
export interface ClusterMaterial {
  readonly caCertPem: string;
  readonly certPem: string;
  readonly keyPem: string;
  readonly controllerPassword: string;
  readonly userFiles: Readonly<Record<string, string>>;
}

/** What it takes to ask a cluster's engine. */
export type EngineSecrets = Pick<ClusterMaterial, "caCertPem" | "controllerPassword">;

/** Names of a cluster's secret values; their owner is `cluster/<id>`. The API reads `ca_cert` to hand it to customers. */
const NAMES = {
  ca: "ca",
  caCert: "ca_cert",
  leaf: "leaf",
  password: "controller_password",
  passwordHash: "controller_password_hash",
};

/**
 * Reads a cluster's material, making what is missing.
 *
 * Two workers that race, or a crash between two values, end with one set: the first value ever stored is the one that
 * counts, and the leaf is made from the stored CA.
 */
export async function clusterMaterial(
  secrets: SecretStore,
  lease: HeldLease,
  cluster: ClusterRecord,
  now: Date,
): Promise<ClusterMaterial> {
  const owner = `cluster/${cluster.id}`;
  const keep = async (name: string, make: () => Promise<string>): Promise<string> =>
    (await secrets.get(owner, name)) ??
    (await secrets.putOnce(lease, owner, name, await make(), cluster.organizationId));

  const ca = JSON.parse(
    await keep(NAMES.ca, async () => JSON.stringify(await createClusterCa(cluster.id, now))),
  ) as CertifiedKey;
  const [caCertPem, leafText, controllerPassword] = await Promise.all([
    keep(NAMES.caCert, async () => ca.certPem),
    keep(NAMES.leaf, async () => JSON.stringify(await issueLeaf(ca, cluster.id, now))),
    keep(NAMES.password, async () => randomBytes(24).toString("base64url")),
  ]);
  const leaf = JSON.parse(leafText) as CertifiedKey;
  const passwordHash = await keep(NAMES.passwordHash, () => hashPassword(controllerPassword));
  return {
    caCertPem,
    certPem: leaf.certPem,
    keyPem: leaf.keyPem,
    controllerPassword,
    userFiles: userFilesOf(cluster.engine, passwordHash),
  };
}

/** Reads what is stored, and makes nothing. Undefined for a cluster that has none of it yet. */
export async function readEngineSecrets(
  secrets: Pick<SecretStore, "get">,
  id: ClusterId,
): Promise<EngineSecrets | undefined> {
  const owner = `cluster/${id}`;
  const [caCertPem, controllerPassword] = await Promise.all([
    secrets.get(owner, NAMES.caCert),
    secrets.get(owner, NAMES.password),
  ]);
  return caCertPem === undefined || controllerPassword === undefined ? undefined : { caCertPem, controllerPassword };
}

export function engineTargetOf(
  cluster: Pick<ClusterRecord, "id" | "engine" | "version">,
  material: EngineSecrets,
  addresses: readonly string[],
): EngineTarget {
  const version = findEngineVersion(cluster.engine, cluster.version);
  if (version === undefined) throw new Error(`${cluster.engine} ${cluster.version} is not in the catalogue`);
  return {
    engine: cluster.engine,
    version: cluster.version,
    capabilities: version.capabilities,
    addresses,
    caCertPem: material.caCertPem,
    serverName: serverNameOf(cluster.id),
    username: CONTROLLER_USER,
    password: material.controllerPassword,
  };
}
