import { ROUTES, type RouteShape } from "@berth/contract";
import {
  appendAudit,
  createDatabase,
  type Database,
  findAuditHead,
  insertOrganization,
  insertProject,
  listProjects,
  migrate,
  operatorDatabase,
  type ScopedDatabase,
  sqlTransaction,
  type Tx,
  tenantDatabase,
} from "@berth/db";
import { err, type OrganizationId, ok } from "@berth/domain";
import { systemIds } from "@berth/runtime";
import { createDatabase as createTestDatabase, type TestDatabase } from "@berth/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startRecording } from "./on-record.ts";

let test: TestDatabase;
let owner: Database;
let tenants: Database;
let operators: Database;
let organizationId: OrganizationId;

beforeAll(async () => {
  test = await createTestDatabase({
    template: { name: "berth", prepare: async (url) => void (await migrate({ url })) },
  });
  owner = createDatabase({ url: test.url });
  tenants = createDatabase({ url: test.url, role: "berth_api", pipeline: true, poolSize: 1 });
  operators = createDatabase({ url: test.url, role: "berth_operator", poolSize: 1 });
});
afterAll(async () => {
  await Promise.all([owner.close(), tenants.close(), operators.close()]);
  await test.drop();
});
beforeEach(async () => {
  organizationId = systemIds.next("organization");
  await sqlTransaction(owner, (tx) => insertOrganization(tx, { id: organizationId, name: organizationId }));
});

const KINDS = {
  tenant: () => tenantDatabase(tenants, { organizationId, projectIds: [], clusterIds: [] }) as ScopedDatabase,
  operator: () => operatorDatabase(operators) as ScopedDatabase,
};

const change = (tx: Tx) => {
  const id = systemIds.next("project");
  return insertProject(tx, { id, organizationId, name: id });
};
const record = (tx: Tx) =>
  appendAudit(tx, systemIds, {
    organizationId,
    actor: "key_1",
    requestId: "req",
    action: "project.create",
    targetType: "project",
    targetId: "prj_1",
  });
const asked = (shape: RouteShape, query: object = {}) => ({
  shape,
  query,
  principal: undefined,
  ip: "203.0.113.9",
  userAgent: undefined,
});
const kept = async () => ({
  projects: (await listProjects(owner, organizationId)).length,
  rows: Number((await findAuditHead(owner, organizationId)).number),
});

describe.each(Object.entries(KINDS))("a changing request's transaction on the %s's database", (_, open) => {
  const run = (work: (tx: Tx) => Promise<unknown>) =>
    startRecording(asked(ROUTES.updateCluster)).onRecord(open()).transaction(work);

  it("commits with its change and one row", async () => {
    await run(async (tx) => {
      await change(tx);
      await record(tx);
      return ok(true);
    });
    expect(await kept()).toEqual({ projects: 1, rows: 1 });
  });

  it("keeps nothing when it changes something without a row, also right after another that had one", async () => {
    // The project, and the count of projects in its organization's row.
    for (const committed of [1, 2]) {
      await run(async (tx) => {
        await change(tx);
        await record(tx);
      });
      await expect(run(change)).rejects.toThrow("updateCluster would change 2 rows without an audit row");
      expect(await kept()).toEqual({ projects: committed, rows: committed });
    }
  });

  it("keeps nothing when it would write two rows", async () => {
    const twice = run(async (tx) => {
      await record(tx);
      await record(tx);
    });
    await expect(twice).rejects.toThrow("would write 2 audit rows");
    expect(await kept()).toEqual({ projects: 0, rows: 0 });
  });

  it("needs no row when it has changed nothing, whatever it has locked", async () => {
    const answer = await run(async (tx) => {
      await tx.query("select 1 as one from organization where id = $1 for update", [organizationId]);
      await tx.query("update organization set generation = generation + 1 where id = 'org_none'");
      return ok("as it was");
    });
    expect(answer).toEqual(ok("as it was"));
  });

  it("gives a refusal back and keeps nothing of it, not even a row", async () => {
    const answer = await run(async (tx) => {
      await change(tx);
      await record(tx);
      return err({ code: "invalid_state", detail: "no" });
    });
    expect(answer).toEqual(err({ code: "invalid_state", detail: "no" }));
    expect(await kept()).toEqual({ projects: 0, rows: 0 });
  });
});

describe("a request", () => {
  it("writes one row, though it has two transactions", async () => {
    const db = startRecording(asked(ROUTES.updateCluster)).onRecord(KINDS.tenant());
    await db.transaction(record);
    await expect(db.transaction(record)).rejects.toThrow("would write 2 audit rows");
  });

  it("that changes something is not answered with success when no transaction of its was held to the rule", () => {
    const answered = (shape: RouteShape, outcome: object, query?: object) => () =>
      startRecording(asked(shape, query)).checkAnswer(outcome as { ok: boolean });
    expect(answered(ROUTES.updateCluster, ok(1))).toThrow("it is not on record");
    expect(answered(ROUTES.updateCluster, err(1))).not.toThrow();
    expect(answered(ROUTES.createCluster, ok(1), { dry_run: true })).not.toThrow();
    expect(answered(ROUTES.createCluster, ok(1), { dry_run: false })).toThrow("it is not on record");
    expect(answered(ROUTES.getCluster, ok(1))).not.toThrow();
  });

  it("that only computes is not held to it", async () => {
    const computing = { ...ROUTES.createCluster, safe: "It only computes." };
    const recording = startRecording(asked(computing));
    expect(await recording.onRecord(KINDS.tenant()).transaction(async () => 1)).toBe(1);
    expect(() => recording.checkAnswer(ok(1))).not.toThrow();
  });
});
