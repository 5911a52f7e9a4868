import {
  type ClusterId,
  type CredentialId,
  type DecisionId,
  type IdKind,
  type IdSource,
  type InstanceId,
  idFromUuid,
  type KubeId,
  type LaunchId,
  type MachineId,
  type OrganizationId,
  type PoolId,
} from "@berth/domain";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createEnvelope } from "../envelope.ts";
import { secretKeeper } from "../secrets.ts";
import { createMigratedDatabase } from "../testing/migrated-database.ts";
import { clusterStore } from "./clusters.ts";
import { LeaseLost } from "./fenced.ts";
import { machineStore } from "./machines.ts";
import { placementStore } from "./placement.ts";
import type { HeldLease } from "./types.ts";

let sequence = 0;
const id = <K extends IdKind>(kind: K) => idFromUuid(kind, (++sequence).toString(16).padStart(32, "0"));
const ids: IdSource = { next: (kind) => id(kind) };

const org = id("organization") as OrganizationId;
const project = id("project");
const kube = id("kube") as KubeId;
const poolId = id("pool") as PoolId;
const cluster = id("cluster") as ClusterId;
const component = id("component");
const instance = id("instance") as InstanceId;
const credential = id("credential") as CredentialId;
const operation = id("operation");
const envelope = createEnvelope({
  keyId: "test",
  wrap: async (dataKey) => Uint8Array.from(dataKey),
  unwrap: async (wrapped) => Uint8Array.from(wrapped),
});
const sqlOf = (pool: pg.Pool) => ({
  pool,
  query: async <Row extends object>(text: string, values: readonly unknown[] = []) =>
    (await pool.query<Row & pg.QueryResultRow>(text, [...values])).rows as Row[],
});
const lease: HeldLease = { name: "any", holder: "me", epoch: 7n };

describe("the loops' statements", () => {
  let pool: pg.Pool;
  let drop: () => Promise<void>;

  beforeAll(async () => {
    const database = await createMigratedDatabase();
    pool = new pg.Pool({ connectionString: database.url });
    drop = async () => {
      await pool.end();
      await database.drop();
    };
    const sql = (text: string, values: unknown[]) => pool.query(text, values);
    await sql("insert into organization (id, name) values ($1, 'acme')", [org]);
    await sql("insert into project (id, organization_id, name) values ($1, $2, 'default')", [project, org]);
    await sql(
      "insert into kube (id, name, region, zones, api_server_url) values ($1, 'k', 'us-east-1', '{us-east-1a}', 'https://k')",
      [kube],
    );
    await sql(
      "insert into pool (id, kube_id, name, zones, machine_types) values ($1, $2, 'general', '{us-east-1a}', '{m7i.large}')",
      [poolId, kube],
    );
    await sql(
      `insert into offering (region, zone, machine_type, price_micro_usd_per_hour, vcpu, memory_mib, ebs_volume_limit, ebs_volume_limit_type, architecture)
       values ('us-east-1', 'us-east-1a', 'm7i.large', 100800, 2, 8192, 32, 'dedicated', 'x86_64')`,
      [],
    );
    await sql(
      "insert into cluster (id, organization_id, project_id, kube_id, name, region, engine, initial_masters, instance_count, memory_mib, storage_mib, price_micro_usd_per_hour) values ($1, $2, $3, $4, 'demo', 'us-east-1', 'elasticsearch', '{data-0}', 1, 1024, 30720, 22000)",
      [cluster, org, project, kube],
    );
    await sql("insert into release (id, organization_id, cluster_id, number, spec) values ($1, $2, $3, 1, $4)", [
      id("release"),
      org,
      cluster,
      JSON.stringify({ version: "8.19.21" }),
    ]);
    await sql(
      `insert into component (id, organization_id, cluster_id, name, roles, size, instance_count, memory_mib, cpu_milli, storage_mib, price_micro_usd_per_hour, zones)
       values ($1, $2, $3, 'data', '{master,data}', '1g', 1, 1024, 250, 30720, 22000, '{us-east-1a}')`,
      [component, org, cluster],
    );
    await sql(
      "insert into instance (id, organization_id, cluster_id, component_id, ordinal, zone, pod_name) values ($1, $2, $3, $4, 0, 'us-east-1a', 'data-0')",
      [instance, org, cluster, component],
    );
    await sql(
      "insert into credential (id, organization_id, cluster_id, username, role, hint) values ($1, $2, $3, 'admin', 'customer_admin', 'abcd')",
      [credential, org, cluster],
    );
    const steps = ["objects", "placement"].map((name) => ({
      name,
      state: "pending",
      startedAt: null,
      finishedAt: null,
      message: null,
    }));
    await sql(
      `insert into operation (id, organization_id, kind, target_type, target_id, generation, steps, requested_by, request_id)
       values ($1, $2, 'cluster.create', 'cluster', $3, 1, $4, 'key', 'req')`,
      [operation, org, cluster, JSON.stringify(steps)],
    );
    await sql(
      "insert into lease (name, holder, epoch, expires_at) values ('any', 'me', 7, now() + interval '1 hour')",
      [],
    );
  });
  afterAll(() => drop());

  it("reads a cluster with everything that the next step depends on", async () => {
    const found = await clusterStore(pool, ids).find(cluster);
    expect(found).toMatchObject({
      id: cluster,
      version: "8.19.21",
      storageClass: "gp3",
      cpuLimitPercent: 400,
      usersReady: false,
    });
    expect(found?.instances).toEqual([{ id: instance, podName: "data-0", roles: ["master", "data"] }]);
    expect(found?.operation).toEqual({ id: operation, kind: "cluster.create" });
  });

  it("refuses every record once a later epoch holds the lease, and writes nothing", async () => {
    const late = { ...lease, epoch: 6n };
    await expect(clusterStore(pool, ids).recordFormed(late, cluster, "u1")).rejects.toThrow(LeaseLost);
    expect((await clusterStore(pool, ids).find(cluster))?.engineUuid).toBeUndefined();
  });

  it("plans a machine, launches it, is refused, tries the next, and lets it go", async () => {
    const placement = placementStore(pool);
    const before = await placement.findKube(kube);
    expect(before?.instances[0]?.leaving).toBe(false);
    expect(before?.offerings).toHaveLength(1);
    const machine = id("machine") as MachineId;
    const allocatable = { cpuMilli: 1500, memoryMib: 6000, volumes: 30, pods: 16 };
    const decision = id("decision") as DecisionId;
    await placement.recordPlan(
      lease,
      kube,
      [
        {
          id: machine,
          poolId,
          nodeName: "mac-1",
          zone: "us-east-1a",
          machineType: "m7i.large",
          priceMicroUsdPerHour: 100_800,
          allocatable,
          alternatives: [{ machineType: "m7i.xlarge", zone: "us-east-1a", allocatable }],
        },
      ],
      [
        {
          id: decision,
          organizationId: org,
          clusterId: cluster,
          instanceId: instance,
          podUid: "pod",
          outcome: "waiting_for_machine",
          nodeName: "mac-1",
          machineId: machine,
          candidates: [{ target: "new m7i.large" }],
          considered: 1,
          refusals: [],
          reasons: [],
        },
      ],
    );
    await placement.recordExecuted(lease, [decision]);
    const verdicts = [{ instanceId: instance, verdict: "bound" as const }];
    expect(await placement.recordVerdicts(lease, verdicts)).toEqual(["bound"]);
    expect(await placement.recordVerdicts(lease, verdicts)).toEqual([]);
    expect((await placement.findKube(kube))?.machines[0]?.state).toBe("planned");
    expect((await clusterStore(pool, ids).find(cluster))?.instances[0]).toMatchObject({
      nodeName: "mac-1",
      machineState: "planned",
    });

    const secrets = secretKeeper(sqlOf(pool), envelope);
    const machines = machineStore(pool, secrets);
    const launchSecrets = async () =>
      (await pool.query("select owner from secret_value where owner like 'launch/%'")).rows.length;
    const attempt = async (number: number, machineType: string, held = lease) => {
      const launch = id("launch") as LaunchId;
      await machines.openAttempt(held, machine, {
        id: launch,
        attempt: number,
        machineType,
        zone: "us-east-1a",
        bootstrapTokenId: `token${number}`,
        bootstrapToken: "abcdef.0123456789abcdef",
        maxPods: 22,
        userData: "#!/bin/bash",
        request: {
          clientToken: `t${number}`,
          machineType,
          zone: "us-east-1a",
          imageId: "ami",
          tags: {},
          rootVolumeGib: 50,
        },
      });
      return launch;
    };
    const lost = { ...lease, epoch: lease.epoch + 1n };
    await expect(attempt(1, "m7i.large", lost)).rejects.toThrow(LeaseLost);
    expect(await launchSecrets()).toBe(0); // Of an attempt that was not written nothing stays.
    const first = await attempt(1, "m7i.large");
    await machines.recordRefused(lease, machine, first, { message: "no", unavailableForMs: 60_000, retrySame: false });
    expect((await placement.findKube(kube))?.offerings[0]?.unavailableUntil).toBeInstanceOf(Date);
    expect((await machines.find(machine))?.launch).toMatchObject({ outcome: "refused" });
    const second = await attempt(2, "m7i.xlarge");
    expect(await machines.find(machine)).toMatchObject({ attempt: 2, machineType: "m7i.xlarge", alternatives: [] });
    expect(await machines.machineOfToken("token2")).toBe(machine);
    await machines.recordLaunched(lease, machine, second, "i-1");
    await machines.recordAllocatable(lease, machine, { cpuMilli: 1, memoryMib: 2 }, undefined);
    expect(await machines.listAlive()).toEqual([{ id: machine, kubeId: kube, cloudInstanceId: "i-1" }]);
    expect(await machines.listRegions()).toEqual(["us-east-1"]);
    const status = {
      emptySince: undefined,
      waitingFor: [],
      lastFailure: undefined,
      failures: 0,
      wakes: 0,
      nextCheckAt: undefined,
    };
    expect((await machines.launchSecrets(second)).bootstrapToken).toBe("abcdef.0123456789abcdef");
    await machines.recordStatus(lease, machine, { ...status, state: "terminated" });
    expect(await machines.listAlive()).toEqual([]);
    expect(await launchSecrets()).toBe(0);
    await placement.recordKube(lease, kube, {
      health: "healthy",
      message: undefined,
      version: "v1.37.2",
      waitingFor: [],
      failures: 0,
      wakes: 0,
      nextCheckAt: new Date(),
    });
  });

  it("gives a brought node one row, which comes back with it", async () => {
    const placement = placementStore(pool);
    const fixed = id("kube") as KubeId;
    const fixedPool = id("pool") as PoolId;
    await pool.query(
      "insert into kube (id, name, region, is_static, api_server_url) values ($1, 'fixed', 'eu-west-1', true, 'https://f')",
      [fixed],
    );
    await pool.query("insert into pool (id, kube_id, name) values ($1, $2, 'racks')", [fixedPool, fixed]);
    const facts = { poolId: fixedPool, nodeName: "rack-1", zone: "a", machineType: "unknown", priceMicroUsdPerHour: 0 };
    const allocatable = { cpuMilli: 1000, memoryMib: 4000, volumes: 10, pods: 16 };
    const bring = () =>
      placement.recordBrought(lease, fixed, [
        { ...facts, id: id("machine") as MachineId, allocatable, alternatives: [] },
      ]);
    const rows = async () => (await placement.findKube(fixed))?.machines;
    await bring();
    await bring();
    const [machine, ...more] = (await rows()) ?? [];
    expect(machine).toMatchObject({ nodeName: "rack-1", state: "ready", allocatable });
    expect(more).toEqual([]);
    await pool.query("update machine set state = 'terminated', terminated_at = now() where id = $1", [
      machine?.machineId,
    ]);
    expect(await rows()).toEqual([]);
    await bring();
    expect(await rows()).toEqual([machine]);
  });

  it("knows for a while which machines ended in use, and since when they were not to be had", async () => {
    const placement = placementStore(pool);
    const machines = machineStore(pool, secretKeeper(sqlOf(pool), envelope));
    const end = async (name: string, states: readonly ("draining" | "terminating")[], notReadySince?: string) => {
      const machine = id("machine") as MachineId;
      const guards = notReadySince === undefined ? [] : [{ name: "node_not_ready", since: notReadySince }];
      await pool.query(
        `insert into machine (id, kube_id, pool_id, state, node_name, zone, machine_type, price_micro_usd_per_hour, allocatable, waiting_for)
         values ($1, $2, $3, 'ready', $4, 'us-east-1a', 'm7i.large', 1, '{}', $5)`,
        [machine, kube, poolId, name, JSON.stringify(guards)],
      );
      for (const state of [...states, "terminated" as const]) {
        const rest = { emptySince: undefined, waitingFor: [], lastFailure: undefined, failures: 0, wakes: 0 };
        await machines.recordStatus(lease, machine, { ...rest, state, nextCheckAt: undefined });
      }
    };
    const silentSince = new Date(Date.now() - 60_000).toISOString();
    await end("ours", ["draining", "terminating"]);
    await end("theirs", ["terminating"], silentSince);
    await end("long-silent", ["terminating"], new Date(Date.now() - 3_600_000).toISOString());
    const lost = (await placement.findKube(kube))?.lost;
    expect(lost).toMatchObject([{ poolId, zone: "us-east-1a" }]);
    expect(new Date(lost?.[0]?.lostAt ?? "").toISOString()).toBe(silentSince);
    await pool.query("delete from machine where node_name in ('ours', 'theirs', 'long-silent')");
  });

  it("records progress: each change of a step is one event, and a step that ended never goes back", async () => {
    const store = clusterStore(pool, ids);
    const record = (state: "running" | "succeeded", ended?: "succeeded", volumeName?: string) =>
      store.recordStatus(lease, cluster, {
        state: "creating",
        health: "unknown",
        observedGeneration: 1,
        waitingFor: [],
        lastFailure: undefined,
        failures: 0,
        wakes: 0,
        nextCheckAt: new Date(),
        instances: [
          { id: instance, state: "running", podAddress: "127.0.0.9", nodeName: undefined, volumeName, restarts: 0 },
        ],
        operation: { id: operation, steps: [{ name: "objects", state, message: "m" }], ended },
      });
    await record("running", undefined, "pvc-1");
    await record("succeeded");
    await record("running", "succeeded");
    const events = await pool.query(
      "select type, data ->> 'state' as state from event where target_id = $1 order by seq",
      [cluster],
    );
    expect(events.rows).toEqual([
      { type: "cluster.create.step", state: "running" },
      { type: "cluster.create.step", state: "succeeded" },
      { type: "cluster.create.succeeded", state: "creating" },
    ]);
    // What one look did not see stays as it was seen before.
    expect((await store.find(cluster))?.instances[0]).toMatchObject({ nodeName: "mac-1", volumeName: "pvc-1" });
    expect((await store.find(cluster))?.operation).toBeUndefined();
  });

  it("keeps a row due when somebody asked for a look meanwhile", async () => {
    await pool.query("update cluster set wakes = wakes + 1 where id = $1", [cluster]);
    await clusterStore(pool, ids).recordStatus(lease, cluster, {
      state: "running",
      health: "green",
      observedGeneration: 1,
      waitingFor: [],
      lastFailure: undefined,
      failures: 0,
      wakes: 0,
      nextCheckAt: new Date("2099-01-01"),
      instances: [],
      operation: undefined,
    });
    const { rows } = await pool.query("select next_check_at <= now() as due from cluster where id = $1", [cluster]);
    expect(rows[0].due).toBe(true);
  });

  it("records formation once, users and from then on no password of theirs, and closes everything at the end", async () => {
    const store = clusterStore(pool, ids);
    await store.recordFormed(lease, cluster, "u1");
    await store.recordFormed(lease, cluster, "u1");
    await expect(store.recordFormed(lease, cluster, "u2")).rejects.toThrow("another UUID");
    const later = id("credential") as CredentialId;
    await pool.query(
      "insert into credential (id, organization_id, cluster_id, username, role, hint) values ($1, $2, $3, 'later', 'customer_read', 'abcd')",
      [later, org, cluster],
    );
    const secrets = secretKeeper(sqlOf(pool), envelope);
    for (const one of [credential, later]) await secrets.put(`credential/${one}`, "password", "secret");
    await store.recordUsers(lease, cluster, [credential]);
    expect(await store.find(cluster)).toMatchObject({
      usersReady: true,
      credentials: [{ state: "active" }, { state: "pending" }],
    });
    // A password is forgotten once the engine has it, and not before.
    expect(await secrets.get(`credential/${credential}`, "password")).toBeUndefined();
    expect(await secrets.get(`credential/${later}`, "password")).toBe("secret");
    await store.recordCredentialDeleted(lease, cluster, credential);
    await store.recordDeleted(lease, cluster);
    // Nobody asked for its end, or somebody took that back.
    expect((await store.find(cluster))?.state).not.toBe("deleted");
    await pool.query("update cluster set state = 'deleting', purge_at = now() where id = $1", [cluster]);
    await store.recordDeleted(lease, cluster);
    expect((await store.find(cluster))?.state).toBe("deleted");
  });
});
