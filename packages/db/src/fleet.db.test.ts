import { nodeNameOf } from "@berth/domain";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findApiKeysByPublicId, insertApiKey, noteApiKeyUses } from "./api-keys.ts";
import { findDecision, listDecisions } from "./decisions.ts";
import { insertCluster } from "./insert-cluster.ts";
import { findKube, findKubeCapacities, insertKube, listKubes, listOpenRegions } from "./kubes.ts";
import { acquireLease } from "./leases.ts";
import { placementStore } from "./loops/placement.ts";
import { findMachine, listLaunches, listMachines, listResidents } from "./machines.ts";
import { importOfferings } from "./offerings.ts";
import { findOrganization, findOrganizationByName, insertOrganization } from "./organizations.ts";
import { findPool, insertPool, listPools, lockPool, updatePool } from "./pools.ts";
import { insertPriceBook, lockPrices } from "./price-books.ts";
import { findProject, listProjects } from "./projects.ts";
import { sealSecret } from "./secrets.ts";
import { by, envelope, makeKube, makeTenant, newCluster, planOf, type Tenant } from "./testing/fixtures.ts";
import { ids, type OpenTestDatabase, openMigratedDatabase } from "./testing/migrated-database.ts";
import { sqlTransaction, transaction } from "./transaction.ts";

let db: OpenTestDatabase;
let operator: Tenant;
beforeAll(async () => {
  db = await openMigratedDatabase();
  operator = await makeTenant(db);
});
afterAll(() => db.close());

describe("tenancy", () => {
  it("finds organizations, the first of several of a name, and projects of their own organization alone", async () => {
    const { organizationId, projectId } = await makeTenant(db);
    const organization = await findOrganization(db.owner, organizationId);
    expect(organization).toMatchObject({ id: organizationId, maxClusters: 20, maxInstances: 200 });
    const name = organization?.name ?? "";
    await sqlTransaction(db.owner, (tx) => insertOrganization(tx, { id: ids.next("organization"), name }));
    expect(await findOrganizationByName(db.owner, name)).toEqual(organization);
    expect(await listProjects(db.owner, organizationId)).toMatchObject([{ id: projectId, name: "default" }]);
    expect(await findProject(db.owner, organizationId, projectId)).toMatchObject({ id: projectId });
    expect(await findProject(db.owner, operator.organizationId, projectId)).toBeUndefined();
  });

  it("finds an API key by its public part, before the tenant is known", async () => {
    const secretHash = Buffer.alloc(32, 7);
    const { organizationId } = operator;
    const key = {
      id: ids.next("apiKey"),
      organizationId,
      publicId: "abcdefghij",
      secretHash,
      name: "ci",
      createdBy: "system",
    };
    await sqlTransaction(db.owner, (tx) => insertApiKey(tx, { ...key, scopes: ["clusters:read"] }));
    const [found] = await findApiKeysByPublicId(db.owner, ["klmnopqrst", "abcdefghij"]);
    expect(found).toMatchObject({
      apiKeyId: key.id,
      keyName: "ci",
      organizationId,
      organizationKind: "customer",
      scopes: ["clusters:read"],
      memberId: null,
      projectIds: [],
      revokedAt: null,
    });
    expect(Buffer.from(found?.secretHash ?? []).equals(secretHash)).toBe(true);
    expect(await findApiKeysByPublicId(db.owner, ["klmnopqrst"])).toEqual([]);
  });

  it("notes uses of many tenants' keys at once, as the API, and never an older one over a later", async () => {
    const { organizationId } = await makeTenant(db);
    const [one, other] = [ids.next("apiKey"), ids.next("apiKey")];
    const key = { secretHash: Buffer.alloc(32), name: "ci", scopes: [], createdBy: "system" };
    await sqlTransaction(db.owner, async (tx) => {
      await insertApiKey(tx, { ...key, id: one, organizationId, publicId: one.slice(-10) });
      const organization = { organizationId: operator.organizationId };
      await insertApiKey(tx, { ...key, id: other, ...organization, publicId: other.slice(-10) });
    });
    const [early, late] = [new Date(1000), new Date(2000)];
    await noteApiKeyUses(db.api, [
      { apiKeyId: one, at: late, address: "10.0.0.1" },
      { apiKeyId: other, at: early, address: null },
      { apiKeyId: ids.next("apiKey"), at: early, address: null },
    ]);
    await noteApiKeyUses(db.api, [{ apiKeyId: one, at: early, address: "10.0.0.2" }]);
    const rows = await db.owner.query(
      "select last_used_at as at, last_used_from as address from api_key where id = any ($1) order by last_used_at",
      [[one, other]],
    );
    expect(rows).toEqual([
      { at: early, address: null },
      { at: late, address: "10.0.0.1" },
    ]);
  });
});

const TEN = { order: "ascending", limit: 10 } as const;

describe("the fleet", () => {
  it("registers a kube once by its name, with its secret, due at once", async () => {
    const { kubeId } = await makeKube(db, operator.organizationId, "eu-1");
    const kube = await findKube(db.operator, kubeId);
    expect(kube).toMatchObject({ id: kubeId, region: "eu-1", health: "unknown", pools: 1, machines: 0, clusters: 0 });
    const twin = ids.next("kube");
    const kubeconfig = await sealSecret(envelope, `kube/${twin}`, "kubeconfig", "x");
    const again = await sqlTransaction(db.operator, (tx) =>
      insertKube(tx, ids, {
        id: twin,
        name: kubeId,
        region: "eu-1",
        zones: ["eu-1a"],
        isStatic: false,
        simulated: false,
        apiServerUrl: "https://k",
        storageClass: "gp3",
        kubeconfig,
        organizationId: operator.organizationId,
        ...by,
      }),
    );
    expect(again).toBe(false);
    expect((await listOpenRegions(db.operator)).get("eu-1")).toEqual(["eu-1a", "eu-1b", "eu-1c"]);
    expect((await listKubes(db.operator, { region: "eu-1", ...TEN })).rows).toEqual([kube]);
    expect((await listKubes(db.operator, { region: "eu-9", ...TEN })).rows).toEqual([]);
  });

  it("makes pools with the defaults, changes what is named and nothing else, and wakes placement", async () => {
    const { kubeId, poolId } = await makeKube(db, operator.organizationId, "eu-2");
    await db.operator.query("update kube set next_check_at = now() + interval '1 hour' where id = $1", [kubeId]);
    const { organizationId } = operator;
    const changed = await transaction(db.operator, (tx) =>
      updatePool(tx, ids, { id: poolId, organizationId, maxMachines: 3, subnetIds: { "eu-2a": "subnet-1" }, ...by }),
    );
    expect(changed).toMatchObject({
      generation: 2,
      maxMachines: 3,
      instancesPerMachine: 16,
      subnetIds: { "eu-2a": "subnet-1" },
      machines: 0,
    });
    const [kube] = await db.operator.query("select next_check_at <= now() as due from kube where id = $1", [kubeId]);
    expect(kube).toEqual({ due: true });
    const twin = await transaction(db.operator, (tx) =>
      insertPool(tx, ids, { id: ids.next("pool"), kubeId, name: "general", organizationId, zones: ["eu-2a"], ...by }),
    );
    expect(twin).toBeUndefined();
    expect(await transaction(db.operator, (tx) => lockPool(tx, ids.next("pool")))).toBeUndefined();
    expect(await findPool(db.operator, poolId)).toEqual(changed);
    expect((await listPools(db.operator, { kubeId, ...TEN })).rows).toEqual([changed]);
  });

  it("gives placement and previews the same rules of a pool, without those that hold nothing back", async () => {
    const { kubeId, poolId } = await makeKube(db, operator.organizationId, "eu-6");
    const { organizationId } = operator;
    const rules = async () => {
      const [capacity] = await findKubeCapacities(db.operator, "eu-6");
      const placed = (await placementStore(db.worker.pool).findKube(kubeId))?.pools;
      expect(capacity?.pools).toEqual(placed);
      return placed?.[0];
    };
    const zones = ["eu-6a", "eu-6b", "eu-6c"];
    const plain = { poolId, zones, machineTypes: ["m7i.large"], instancesPerMachine: 16, maxMachines: 1000 };
    expect(await rules()).toEqual({ ...plain, tenantSharePercent: 100, heldZones: [] });
    const cap = 10_000_000_000;
    const policy = {
      tenantSharePercent: 40,
      headroomInstances: 2,
      headroomCpuMilli: 500,
      headroomMemoryMib: 2048,
      spendCapMicroUsdPerHour: cap,
      heldZones: ["eu-6b"],
    };
    const changed = await transaction(db.operator, (tx) =>
      updatePool(tx, ids, { id: poolId, organizationId, ...policy, ...by }),
    );
    expect(changed).toMatchObject(policy);
    expect(await rules()).toEqual({
      ...plain,
      tenantSharePercent: 40,
      headroom: { instances: 2, cpuMilli: 500, memoryMib: 2048, volumes: 1 },
      spendCapMicroUsdPerHour: cap,
      heldZones: ["eu-6b"],
    });
  });

  it("gives previews the zones that a pool just lost, beside those that its policy holds, and no other guard", async () => {
    const { kubeId, poolId } = await makeKube(db, operator.organizationId, "eu-11");
    const guard = (name: string, subject: string) => ({
      name,
      subject,
      since: "2026-11-28T12:00:00Z",
      hint: "as it is",
    });
    const guards = [guard("zone_held", `${poolId}/eu-11c`), guard("no_capacity", "ins_1/eu-11a")];
    await db.owner.query("update kube set waiting_for = $2 where id = $1", [kubeId, JSON.stringify(guards)]);
    await db.owner.query("update pool set held_zones = '{eu-11b}' where id = $1", [poolId]);
    const [capacity] = await findKubeCapacities(db.operator, "eu-11");
    expect(capacity?.pools[0]?.heldZones).toEqual(["eu-11b", "eu-11c"]);
  });

  it("imports a catalogue: only differences are written, and a lack of capacity stays", async () => {
    const row = {
      region: "eu-3",
      zone: "eu-3a",
      machineType: "m7i.xlarge",
      priceMicroUsdPerHour: 200_000,
      vcpu: 4,
      memoryMib: 16_384,
      ebsVolumeLimit: 32,
      ebsVolumeLimitType: "dedicated",
      architecture: "x86_64",
    };
    expect(await importOfferings(db.worker, [row])).toBe(1);
    expect(await importOfferings(db.worker, [row])).toBe(0);
    await db.owner.query("update offering set unavailable_until = '2030-01-01' where region = 'eu-3'");
    expect(await importOfferings(db.worker, [{ ...row, priceMicroUsdPerHour: 1 }])).toBe(1);
    expect(
      await db.owner.query(
        "select price_micro_usd_per_hour as price, unavailable_until as until from offering where region = 'eu-3'",
      ),
    ).toEqual([{ price: 1, until: new Date("2030-01-01T00:00:00Z") }]);
  });

  it("imports no price over a price book's, for what is new either, and keeps those of types that it does not have", async () => {
    const region = "eu-7";
    const of = (machineType: string, zone: string) => ({
      region,
      zone,
      machineType,
      priceMicroUsdPerHour: 200_000,
      vcpu: 4,
      memoryMib: 16_384,
      ebsVolumeLimit: 32,
      ebsVolumeLimitType: "dedicated",
      architecture: "x86_64",
    });
    await importOfferings(db.worker, [of("m7i.xlarge", "eu-7a"), of("c7i.xlarge", "eu-7a")]);
    const book = { region, source: "a list" };
    const importPrice = (price: number) =>
      transaction(db.operator, async (tx) => {
        const { last } = await lockPrices(tx, region);
        const prices = new Map([["m7i.xlarge", price]]);
        return [last.get("m7i.xlarge"), await insertPriceBook(tx, { id: ids.next("priceBook"), ...book, prices })];
      });
    expect(await importPrice(210_000)).toEqual([200_000, 1]);
    expect(await importPrice(220_000)).toEqual([210_000, 1]);
    expect(await importOfferings(db.worker, [of("m7i.xlarge", "eu-7a"), of("m7i.xlarge", "eu-7b")])).toBe(1);
    const rows = await db.owner.query(
      `select machine_type || zone as at, price_micro_usd_per_hour as price from offering where region = $1 order by 1`,
      [region],
    );
    expect(rows).toEqual([
      { at: "c7i.xlargeeu-7a", price: 200_000 },
      { at: "m7i.xlargeeu-7a", price: 220_000 },
      { at: "m7i.xlargeeu-7b", price: 220_000 },
    ]);
    await expect(db.operator.query("update price_book set source = 'x'")).rejects.toThrow(/permission denied/);
    await expect(db.operator.query("delete from price_book")).rejects.toThrow(/permission denied/);
  });

  it("shows machines with who is on them, decisions with their candidates, and both to capacity", async () => {
    const { kubeId, poolId } = await makeKube(db, operator.organizationId, "eu-4");
    const tenant = await makeTenant(db);
    const cluster = await newCluster(tenant, kubeId, { plan: planOf(1, "eu-4") });
    await sqlTransaction(db.owner, (tx) => insertCluster(tx, ids, cluster));
    const store = placementStore(db.worker.pool);
    const lease = await acquireLease(db.worker, `kube/${kubeId}`, "w", 60_000);
    if (lease === undefined) throw new Error("nobody else holds it");
    const [instance] = (await store.findKube(kubeId))?.instances ?? [];
    if (instance === undefined) throw new Error("the cluster has one instance");
    const machineId = ids.next("machine");
    const decisionId = ids.next("decision");
    const allocatable = { cpuMilli: 1500, memoryMib: 6000, volumes: 30, pods: 16 };
    const machine = { id: machineId, poolId, nodeName: nodeNameOf(machineId), zone: "eu-4a", machineType: "m7i.large" };
    await store.recordPlan(
      lease,
      kubeId,
      [{ ...machine, priceMicroUsdPerHour: 100_800, allocatable, alternatives: [] }],
      [
        {
          id: decisionId,
          organizationId: tenant.organizationId,
          clusterId: cluster.id,
          instanceId: instance.instanceId,
          podUid: "uid",
          outcome: "waiting_for_machine",
          nodeName: machine.nodeName,
          machineId,
          candidates: [{ target: "new m7i.large", score: 1 }, { target: "new m7i.xlarge" }],
          considered: 300,
          refusals: [{ reason: "pool_full", count: 1 }],
          reasons: [],
        },
      ],
    );

    expect((await listMachines(db.operator, { kubeId, ...TEN })).rows).toMatchObject([
      { id: machineId, state: "planned", allocatable },
    ]);
    expect((await listMachines(db.operator, { kubeId, zone: "eu-4b", ...TEN })).rows).toEqual([]);
    const otherType = { kubeId, machineType: "m7i.metal", ...TEN };
    expect((await listMachines(db.operator, otherType)).rows).toEqual([]);
    expect((await listMachines(db.operator, { poolId, state: "failed", ...TEN })).rows).toEqual([]);
    expect(await findMachine(db.operator, machineId)).toMatchObject({ nodeName: machine.nodeName });
    expect(await listResidents(db.operator, [machineId])).toMatchObject([
      { id: instance.instanceId, machineId, podName: "data-0", memoryMib: 1024, decisionId },
    ]);
    expect(await listLaunches(db.operator, machineId)).toEqual([]);
    const listed = await listDecisions(db.operator, { kubeId, outcome: "waiting_for_machine", ...TEN });
    expect(listed.rows).toMatchObject([{ id: decisionId, candidateCount: 300, executedAt: null, verdict: null }]);
    const elsewhere = { clusterId: cluster.id, machineId: ids.next("machine"), ...TEN };
    expect((await listDecisions(db.operator, elsewhere)).rows).toEqual([]);
    expect((await findDecision(db.operator, decisionId))?.candidates).toHaveLength(2);
    const [capacity] = await findKubeCapacities(db.operator, "eu-4");
    expect(capacity).toMatchObject({ kubeId, clusters: 0, zones: ["eu-4a", "eu-4b", "eu-4c"], isStatic: false });
    expect(capacity?.machines).toMatchObject([
      {
        machineId,
        allocatable,
        instances: [{ roles: ["master", "data"], zone: "eu-4a" }],
      },
    ]);
    // Another tenant may be on the machine: what is said of it names nobody.
    expect(JSON.stringify(capacity?.machines)).not.toMatch(/\b(ins|cl|org)_/);
    expect(capacity?.offerings.map((one) => one.zone)).toEqual(["eu-4a", "eu-4b", "eu-4c"]);
    expect(capacity?.offerings[0]?.unavailableUntil).toBeNull();
  });
});
