import type { Client } from "@berth/client";

/** A cluster of the seeded fleet. */
interface FleetCluster {
  readonly name: string;
  readonly size: string;
  readonly instances: number;
  readonly engine?: "opensearch";
}

/** What each of the three tenants runs: 100 instances in 12 clusters, from many small to few large. */
export const FLEET_CLUSTERS: readonly FleetCluster[] = [
  { name: "logs", size: "8g", instances: 18 },
  { name: "metrics", size: "4g", instances: 12 },
  { name: "search", size: "8g", instances: 12 },
  { name: "shop", size: "16g", instances: 9 },
  { name: "audit", size: "4g", instances: 9, engine: "opensearch" },
  { name: "traces", size: "8g", instances: 9 },
  { name: "vectors", size: "16g", instances: 6 },
  { name: "staging", size: "2g", instances: 6 },
  { name: "catalogue", size: "8g", instances: 6 },
  { name: "mail", size: "4g", instances: 6, engine: "opensearch" },
  { name: "archive", size: "32g", instances: 4 },
  { name: "sandbox", size: "1g", instances: 3 },
];

const LOOK_EVERY_MS = 1000;
const TIMEOUT_MS = 20 * 60_000;

export interface FleetDeps {
  /** A client for each tenant. */
  readonly tenants: readonly Client[];
  readonly operator: Client;
  readonly region: string;
  readonly tell: (text: string) => void;
  readonly stopped: AbortSignal;
}

/** Creates what the fleet lacks through the API, as its tenants would, and waits until all of it runs. Safe to repeat. */
export async function seedFleet(deps: FleetDeps): Promise<void> {
  deps.tell("Seeding a fleet: three tenants, 300 instances.");
  // Each tenant asks one after the other, as the quota of an organization is counted under a lock; tenants run beside.
  await Promise.all(deps.tenants.map((tenant) => createMissing(tenant, deps)));
  await untilRunning(deps);
}

async function createMissing(tenant: Client, { region, stopped }: FleetDeps): Promise<void> {
  const { data: there } = (await tenant.listClusters({ query: { limit: 200 } })).body;
  for (const { name, size, instances, engine } of FLEET_CLUSTERS) {
    if (stopped.aborted) return;
    if (there.some((cluster) => cluster.name === name)) continue;
    await tenant.createCluster({
      body: {
        name,
        region,
        size,
        instances,
        zones: 3,
        labels: { seeded: "true" },
        ...(engine === undefined ? {} : { engine }),
      },
    });
  }
}

async function untilRunning({ tenants, operator, tell, stopped }: FleetDeps): Promise<void> {
  const deadline = performance.now() + TIMEOUT_MS;
  for (let told = ""; !stopped.aborted; ) {
    const pages = await Promise.all(tenants.map((tenant) => tenant.listClusters({ query: { limit: 200 } })));
    const seeded = pages.flatMap(({ body }) => body.data.filter((cluster) => cluster.labels.seeded === "true"));
    const running = seeded.filter(({ status }) => status.state === "running").length;
    const sum = (pick: (counts: { total: number; running: number }) => number) =>
      seeded.reduce((total, { status }) => total + pick(status.instances), 0);
    const { data: machines } = (await operator.listMachines({ query: { limit: 200 } })).body;
    const text =
      `fleet: ${running} of ${seeded.length} clusters run, ${sum((c) => c.running)} of ${sum((c) => c.total)} ` +
      `instances, ${machines.filter(({ status }) => status.state === "ready").length} of ${machines.length} machines`;
    if (text !== told) tell(text);
    told = text;
    if (running === seeded.length) return;
    if (performance.now() > deadline) throw new Error(`the fleet did not come up in time. ${text}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
