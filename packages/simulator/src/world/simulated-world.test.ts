import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DescribeInstancesCommand, EC2Client } from "@aws-sdk/client-ec2";
import { Agent, request } from "undici";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { parse } from "yaml";
import { takeAddressRange } from "./address-range.ts";
import { type SimulatedWorld, startSimulatedWorld } from "./simulated-world.ts";
import { applyCluster, approveAll, launchMachine, podAddresses, publishSeeds, readyPods } from "./testing.ts";

const REGION = { seed: 1, region: "us-east-1", zones: ["us-east-1a", "us-east-1b", "us-east-1c"], speed: 5 };
const WAIT = { timeout: 15_000, interval: 50 };

let folder: string;
let running: SimulatedWorld | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-world-"));
});
afterEach(async () => {
  await running?.close();
  rmSync(folder, { recursive: true });
});

const start = async () => {
  running = await startSimulatedWorld({ ...REGION, dataDir: folder });
  return running;
};

const engineCall = async (address: string, path: string, method = "GET", body?: unknown) => {
  const answer = await request(`http://${address}:9200${path}`, {
    method: method as "GET",
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  return { status: answer.statusCode, body: (await answer.body.json()) as Record<string, unknown> };
};

/** A pod is ready when its process answers; that its cluster has formed and its shards have started may come a moment later. */
const keepBook = (address: string) =>
  vi.waitFor(async () => {
    const { status } = await engineCall(address, "/books/_doc/1", "PUT", { title: "kept" });
    expect([200, 201]).toContain(status);
  }, WAIT);
const findBook = (address: string) =>
  vi.waitFor(
    async () => expect((await engineCall(address, "/books/_doc/1")).body).toMatchObject({ found: true }),
    WAIT,
  );

async function seenByEc2({ ec2Endpoint, credentials }: SimulatedWorld): Promise<string[]> {
  const client = new EC2Client({ endpoint: ec2Endpoint, region: "us-east-1", credentials });
  const { Reservations = [] } = await client.send(new DescribeInstancesCommand({}));
  client.destroy();
  return Reservations.flatMap(({ Instances = [] }) => Instances.map(({ State }) => State?.Name ?? ""));
}

async function nodesByApi({ kubeconfig }: SimulatedWorld): Promise<number> {
  const config = parse(kubeconfig) as {
    clusters: { cluster: { server: string; "certificate-authority-data": string } }[];
    users: { user: { token: string } }[];
  };
  const [{ cluster } = { cluster: { server: "", "certificate-authority-data": "" } }] = config.clusters;
  const ca = Buffer.from(cluster["certificate-authority-data"], "base64").toString();
  const agent = new Agent({ connect: { ca } });
  const answer = await request(`${cluster.server}/api/v1/nodes`, {
    dispatcher: agent,
    headers: { authorization: `Bearer ${config.users[0]?.user.token}` },
  });
  const { items } = (await answer.body.json()) as { items: unknown[] };
  await agent.close();
  return items.length;
}

test("cloud, cluster and engines answer on their sockets, and all of it outlives a restart", {
  timeout: 60_000,
}, async () => {
  const first = await start();
  const { world } = first;
  for (const [index, zone] of REGION.zones.entries())
    launchMachine(world, `mac-${index}`, zone, { endpoint: first.kubernetesUrl });
  let approved = 0;
  await vi.waitFor(() => {
    approved += approveAll(world);
    expect(approved).toBe(3);
  }, WAIT);
  await vi.waitFor(async () => expect(await nodesByApi(first)).toBe(3), WAIT);
  expect(await seenByEc2(first)).toEqual(["running", "running", "running"]);

  applyCluster(world);
  await vi.waitFor(() => expect(podAddresses(world)).toHaveLength(3), WAIT);
  publishSeeds(world);
  await vi.waitFor(() => expect(readyPods(world)).toHaveLength(3), WAIT);
  const [address = ""] = podAddresses(world);
  await keepBook(address);
  const { cluster_uuid: uuid } = (await engineCall(address, "/")).body;
  await first.close();

  const second = await start();
  expect(second.kubernetesUrl).toBe(first.kubernetesUrl);
  expect(second.kubeconfig).toBe(first.kubeconfig);
  expect(second.ec2Endpoint).toBe(first.ec2Endpoint);
  await vi.waitFor(() => expect(readyPods(second.world)).toHaveLength(3), WAIT);
  const [after = ""] = podAddresses(second.world);
  await vi.waitFor(
    async () => expect((await engineCall(after, "/_cluster/health")).body).toMatchObject({ number_of_nodes: 3 }),
    WAIT,
  );
  expect((await engineCall(after, "/")).body).toMatchObject({ cluster_uuid: uuid });
  await findBook(after);
  expect(await seenByEc2(second)).toEqual(["running", "running", "running"]);
});

test("two worlds on one machine use different pod addresses", async () => {
  const first = await start();
  const other = await startSimulatedWorld(REGION);
  launchMachine(other.world, "mac-1", "us-east-1a", { endpoint: other.kubernetesUrl });
  await vi.waitFor(() => expect(approveAll(other.world)).toBe(1), WAIT);
  expect(other.kubernetesUrl).not.toBe(first.kubernetesUrl);
  await other.close();
});

test("a world whose pod addresses another one took meanwhile starts its pods at others, on their volumes", {
  timeout: 60_000,
}, async () => {
  const first = await start();
  for (const [index, zone] of REGION.zones.entries())
    launchMachine(first.world, `mac-${index}`, zone, { endpoint: first.kubernetesUrl });
  let approved = 0;
  await vi.waitFor(() => {
    approved += approveAll(first.world);
    expect(approved).toBe(3);
  }, WAIT);
  applyCluster(first.world);
  await vi.waitFor(() => expect(podAddresses(first.world)).toHaveLength(3), WAIT);
  publishSeeds(first.world);
  await vi.waitFor(() => expect(readyPods(first.world)).toHaveLength(3), WAIT);
  const before = podAddresses(first.world);
  await keepBook(before[0] ?? "");
  await first.close();

  const range = before[0]?.split(".").slice(0, 2).join(".") as `127.${number}`;
  const other = await takeAddressRange(range);
  expect(other.prefix).toBe(range);
  const { world } = await start();
  await vi.waitFor(() => {
    const now = podAddresses(world);
    expect(now).toHaveLength(3);
    expect(now.filter((address) => address.startsWith(`${range}.`))).toEqual([]);
  }, WAIT);
  publishSeeds(world);
  await vi.waitFor(() => expect(readyPods(world)).toHaveLength(3), WAIT);
  const [address = ""] = podAddresses(world);
  await findBook(address);
  await other.release();
});

test("a machine that was told another endpoint never joins", async () => {
  const { world } = await start();
  const id = launchMachine(world, "mac-1", "us-east-1a", { endpoint: "https://127.0.0.1:1" });
  await vi.waitFor(
    () => expect(world.events.map(({ what }) => what)).toContain("cannot reach or trust https://127.0.0.1:1"),
    WAIT,
  );
  expect(world.events.at(-1)?.instanceId).toBe(id);
  expect(approveAll(world)).toBe(0);
});
