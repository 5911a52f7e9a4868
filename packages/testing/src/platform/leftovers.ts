import { createEc2Cloud } from "@berth/ec2";
import { createKubernetes, parseKubeconfig } from "@berth/kubernetes";
import { waitFor } from "../wait-for.ts";
import type { Platform } from "./start-platform.ts";

/** Everything of clusters and machines that is still there, a line each: `pod cl-…/data-0`, `instance i-…`. */
export async function leftovers(platform: Platform): Promise<string[]> {
  const [kubernetes, cloud, database] = await Promise.all([
    leftInKubernetes(platform),
    leftInCloud(platform),
    leftInDatabase(platform),
  ]);
  return [...kubernetes, ...cloud, ...database, ...platform.world.engines().map((name) => `engine ${name}`)];
}

/** Waits until nothing is left. The error says what is. */
export async function untilNothingIsLeft(platform: Platform, timeoutMs: number): Promise<void> {
  const refuse = (left: readonly string[]) => {
    if (left.length > 0) throw new Error(left.join(", "));
  };
  await waitFor(
    async () => {
      refuse(await leftInDatabase(platform)); // Cheap to ask; machines are the last to go.
      refuse(await leftovers(platform));
      return true;
    },
    { timeoutMs, what: "nothing to be left over", intervalMs: 250 },
  );
}

async function leftInKubernetes({ world }: Platform): Promise<string[]> {
  const connection = parseKubeconfig(world.kubeconfig);
  if (!connection.ok) throw new Error(connection.error.detail);
  const kubernetes = createKubernetes(connection.value);
  try {
    const [namespaces, nodes, pods, claims, volumes, requests, tokens] = await Promise.all([
      kubernetes.list("Namespace"),
      kubernetes.list("Node"),
      kubernetes.list("Pod"),
      kubernetes.list("PersistentVolumeClaim"),
      kubernetes.list("PersistentVolume"),
      kubernetes.list("CertificateSigningRequest"),
      kubernetes.list("Secret", { namespace: "kube-system" }),
    ]);
    const named = (kind: string, objects: readonly { metadata: { name: string; namespace?: string } }[]) =>
      objects.map(({ metadata }) => `${kind} ${[metadata.namespace, metadata.name].filter(Boolean).join("/")}`);
    const isOurs = (namespace: string | undefined) => namespace?.startsWith("cl-") === true;
    return [
      ...named(
        "namespace",
        namespaces.filter(({ metadata }) => isOurs(metadata.name)),
      ),
      ...named("node", nodes),
      ...named(
        "pod",
        pods.filter(({ metadata }) => isOurs(metadata.namespace)),
      ),
      ...named(
        "claim",
        claims.filter(({ metadata }) => isOurs(metadata.namespace)),
      ),
      ...named("volume", volumes),
      ...named(
        "join request without a verdict",
        requests.filter(({ status }) => (status?.conditions ?? []).length === 0),
      ),
      ...named(
        "bootstrap token",
        tokens.filter(({ metadata }) => metadata.name.startsWith("bootstrap-token-")),
      ),
    ];
  } finally {
    kubernetes.close();
  }
}

async function leftInCloud({ world }: Platform): Promise<string[]> {
  const cloud = createEc2Cloud({ region: world.region, ...world.ec2 });
  try {
    return (await cloud.describe({ alive: true })).map(({ instanceId }) => `instance ${instanceId}`);
  } finally {
    cloud.close();
  }
}

/** Secrets of everything but the kube itself, and rows that still wait for somebody. */
async function leftInDatabase({ database }: Platform): Promise<string[]> {
  const rows = await database.query<{ what: string }>(
    `select 'secret ' || owner || ' ' || name as what from secret_value where owner not like 'kube/%'
     union all select 'operation ' || kind || ' ' || state from operation where state in ('pending', 'running', 'cancelling')
     union all select 'machine ' || id || ' ' || state from machine where state not in ('terminated', 'failed')
     union all select 'cluster ' || id || ' ' || state from cluster where state <> 'deleted'`,
  );
  return rows.map(({ what }) => what);
}
