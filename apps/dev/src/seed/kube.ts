import type { Client } from "@berth/client";
import { createDatabase, createEnvelope, secretKeeper } from "@berth/db";
import { createLocalKeyProvider } from "@berth/runtime";
import { MACHINE_TYPES } from "./offerings.ts";

export interface KubeToRegister {
  readonly name: string;
  readonly region: string;
  readonly zones: readonly string[];
  readonly kubeconfig: string;
  readonly simulated: boolean;
}

/**
 * Registers the kube with one pool, through the API as an operator does; leaves alone what is there already, but for the
 * kubeconfig: a kube that starts again may listen on another port.
 */
export async function registerKube(
  operator: Client,
  kube: KubeToRegister,
  secrets: { readonly databaseUrl: string; readonly key: Uint8Array },
): Promise<void> {
  const { data: kubes } = (await operator.listKubes({ query: { limit: 200 } })).body;
  const known = kubes.find(({ name }) => name === kube.name);
  const id = known?.id ?? (await create(operator, kube));
  if (known !== undefined) await renewKubeconfig(id, kube, secrets);

  const { data: pools } = (await operator.listPools({ query: { kube_id: id } })).body;
  if (pools.length > 0) return;
  await operator.createPool({
    body: {
      kube_id: id,
      name: "default",
      zones: [...kube.zones],
      machine_types: [...MACHINE_TYPES],
      instances_per_machine: 8,
      // Long enough to be used again, short enough to be seen going.
      empty_after_seconds: 120,
      max_machines: 200,
    },
  });
}

async function create(
  operator: Client,
  { name, region, zones, kubeconfig, simulated }: KubeToRegister,
): Promise<string> {
  const { body } = await operator.createKube({ body: { name, region, zones: [...zones], kubeconfig, simulated } });
  return body.id;
}

/** There is no route for it yet, so it is written as the worker's own secrets are. */
async function renewKubeconfig(
  id: string,
  { kubeconfig }: KubeToRegister,
  { databaseUrl, key }: { readonly databaseUrl: string; readonly key: Uint8Array },
): Promise<void> {
  const database = createDatabase({ url: databaseUrl, role: "berth_worker", poolSize: 1 });
  try {
    const keeper = secretKeeper(database, createEnvelope(createLocalKeyProvider(key)));
    if ((await keeper.get(`kube/${id}`, "kubeconfig")) !== kubeconfig) {
      await keeper.put(`kube/${id}`, "kubeconfig", kubeconfig);
    }
  } finally {
    await database.close();
  }
}
