import type { Client } from "@berth/client";
import type { Cluster, CreateClusterBody, CreatedCluster, Operation } from "@berth/contract";
import type { Database } from "@berth/db";
import { waitFor } from "../wait-for.ts";

/** Where clusters are made: a platform, or a dev whose rows only it can see. */
export interface ClusterHome {
  readonly customer: Client;
  readonly world: { readonly region: string };
  readonly database?: Database;
}

/** Asks for a cluster: three instances of 1 GiB in three zones unless told otherwise. */
export async function createTestCluster(
  home: ClusterHome,
  name: string,
  over: Partial<CreateClusterBody> = {},
): Promise<CreatedCluster> {
  const size = over.components === undefined ? { size: "1g", instances: 3 } : {};
  const body = { name, region: home.world.region, ...size, ...over };
  const answer = await home.customer.createCluster({ body });
  if (answer.status !== 202) throw new Error(`create answered ${answer.status}`);
  return answer.body;
}

/** Deletes a cluster with its volumes, at once; gives the operation's id. */
export async function purgeCluster(home: ClusterHome, cluster: { id: string; name: string }): Promise<string> {
  const { body } = await home.customer.deleteCluster({
    params: { cluster_id: cluster.id },
    query: { purge: true, confirm: cluster.name },
  });
  return operationOf(body);
}

/** Deletes a cluster, whose volumes are kept for the grace period; gives the operation's id. */
export async function deleteForGrace(home: ClusterHome, cluster: { id: string }): Promise<string> {
  const { body } = await home.customer.deleteCluster({ params: { cluster_id: cluster.id }, query: {} });
  return operationOf(body);
}

/** Brings a deleted cluster back; gives the operation's id. */
export async function restoreCluster(home: ClusterHome, cluster: { id: string }): Promise<string> {
  const { body } = await home.customer.restoreCluster({ params: { cluster_id: cluster.id } });
  return operationOf(body);
}

function operationOf({ current_operation }: Cluster): string {
  if (current_operation === null) throw new Error("an accepted change has an operation");
  return current_operation.id;
}

/** Waits until an operation has ended, and refuses any other end than success, with the steps and guards seen last. */
export async function untilSucceeded(home: ClusterHome, operationId: string, timeoutMs: number): Promise<Operation> {
  const params = { operation_id: operationId };
  const ended = await waitFor(
    async () => {
      const { body } = await home.customer.getOperation({ params });
      if (body.finished_at !== null) return body;
      throw new Error(await whyNot(home, body));
    },
    { timeoutMs, what: `operation ${operationId} to end`, intervalMs: 100 },
  );
  if (ended.state !== "succeeded") throw new Error(`${ended.kind} ended ${ended.state}: ${JSON.stringify(ended)}`);
  return ended;
}

async function whyNot({ database }: ClusterHome, operation: Operation): Promise<string> {
  const steps = operation.progress.steps.map(({ name, state, message }) => `${name} ${state} (${message})`);
  if (database === undefined) return `${operation.kind} is ${operation.state}: ${steps.join("; ")}`;
  const rows = await database.query<{ text: string }>(
    `select format('%s: %s %s %s', id, state, waiting_for::text, last_failure::text) as text from cluster where id = $1
     union all select format('%s: %s %s %s', id, state, waiting_for::text, last_failure::text) from machine where state <> 'ready'
     union all select format('%s: %s %s', id, health, waiting_for::text) from kube`,
    [operation.target.id],
  );
  return `${operation.kind} is ${operation.state}: ${steps.join("; ")} | ${rows.map(({ text }) => text).join(" | ")}`;
}
