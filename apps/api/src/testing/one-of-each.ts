import { randomInt } from "node:crypto";
import type { IdKind } from "@berth/domain";
import { systemIds } from "@berth/runtime";
import { playWorker } from "./play-worker.ts";
import { aCluster, MANY, type Tenant, type TestApi } from "./test-api.ts";

/** A customer with one of each kind of thing, and what the platform has beside it. */
export interface OneOfEach {
  readonly tenant: Tenant;
  /** Of every kind that a path, query or body names. */
  readonly ids: Readonly<Partial<Record<IdKind, string>>>;
  /** Of the invitation, which is open. */
  readonly invitationToken: string;
  /** A personal key of the member. */
  readonly memberKey: string;
}

/** As the engine gives it. */
export const A_COLD_PLAN = {
  plan: {
    priceMicroUsdPerHour: 201_600,
    machines: 1,
    instances: 1,
    machinesByType: [{ machineType: "m7i.xlarge", machines: 1 }],
    densityMean: 1,
    densityMax: 1,
    blastRadius: 1,
    tenantBlastRadius: 0,
    zones: [],
  },
  fleetMicroUsdPerHour: 403_200,
  fleetMachines: 2,
  instancesWithoutPlace: 0,
  lowerBoundNanoUsdPerHour: "200000000",
  proofGap: 0.001,
  verified: true,
  refusals: [],
  strandedMicroUsdPerHour: 203_200,
  stranded: [{ nodeName: "n1", strandedMicroUsdPerHour: 201_600 }],
  violations: 0,
  iterations: 400,
  rounds: 2,
};

/** Makes them anew: the cluster runs and nothing is under way on it, the project is empty, nobody else knows of any. */
export async function oneOfEach(api: TestApi): Promise<OneOfEach> {
  const tenant = await api.newTenant(MANY);
  const { organizationId, key } = tenant;
  const make = async (path: string, body: object) => (await api.ask("POST", path, { key, body })).json();
  const [cluster, project, apiKey, member, invitation] = await Promise.all([
    make("/v1/clusters", aCluster({ instances: 1 })),
    make("/v1/projects", { name: "empty" }),
    make("/v1/api_keys", { name: "made" }),
    api.newMember(organizationId, "viewer"),
    make(`/v1/organizations/${organizationId}/invitations`, { email: "friend@example.com", role: "viewer" }),
  ]);
  await playWorker(api, cluster.id, { state: "running", health: "green", ended: "succeeded" });
  const machine = systemIds.next("machine");
  const decision = systemIds.next("decision");
  await api.owner.query(
    `insert into machine (id, kube_id, pool_id, state, node_name, zone, machine_type, price_micro_usd_per_hour, allocatable, attempt)
     select $1, kube_id, id, 'ready', $1, 'us-east-1a', 'm7i.xlarge', 201600,
            '{"cpuMilli": 3500, "memoryMib": 13000, "volumes": 25, "pods": 16}', 1 from pool order by id limit 1`,
    [machine],
  );
  await api.owner.query(
    `insert into placement_decision (id, kube_id, organization_id, cluster_id, instance_id, pod_uid, outcome, node_name, machine_id, candidates)
     select $1, m.kube_id, i.organization_id, i.cluster_id, i.id, 'uid', 'placed', m.id, m.id, '[]'
       from instance i, machine m where i.cluster_id = $2 and m.id = $3`,
    [decision, cluster.id, machine],
  );
  const priceBook = systemIds.next("priceBook");
  // Of a region of its own: two worlds that are made at once would both be a region's next version.
  await api.owner.query(
    `insert into price_book (id, region, version, source, prices) values ($1, $2, 1, 'a list', '{"m7i.large": 100800}')`,
    [priceBook, `eu-${randomInt(10 ** 9)}`],
  );
  const priceReading = systemIds.next("priceReading");
  await api.owner.query("insert into price_reading (id, region, next_check_at) values ($1, $2, null)", [
    priceReading,
    `eu-${randomInt(10 ** 9)}`,
  ]);
  const commitment = systemIds.next("commitment");
  await api.owner.query(
    `insert into commitment (id, kind, term, payment_option, commitment_micro_usd_per_hour, external_id, source, starts_at, ends_at)
     values ($1, 'compute_savings_plan', '1y', 'no_upfront', 1000000, $1, 'operator', '2026-01-01Z', '2027-01-01Z')`,
    [commitment],
  );
  const reservationPlan = systemIds.next("reservationPlan");
  await proposeReservations(api, reservationPlan);
  const reservationPurchase = systemIds.next("reservationPurchase");
  await planPurchase(api, reservationPurchase, reservationPlan);
  const rebalancePlan = systemIds.next("rebalancePlan");
  await proposeRebalance(api, rebalancePlan, cluster.id);
  const packingStudy = systemIds.next("packingStudy");
  const request = { kind: "cold_plan", seconds: 1, boundSeconds: 1, seed: 1 };
  await api.owner.query(
    `insert into packing_study (id, kube_id, kind, state, request, created_by, result, types_text, instances_text,
                                certificate_text, started_at, finished_at, next_check_at)
     select $1, kube_id, 'cold_plan', 'succeeded', $2, 'system', $3, '[]', '[]', '{}', now(), now(), null from machine where id = $4`,
    [packingStudy, JSON.stringify(request), JSON.stringify(A_COLD_PLAN), machine],
  );
  const [rest] = await api.owner.query<Record<"instance" | "event" | "auditEvent" | "kube" | "pool", string>>(
    `select (select id from instance where cluster_id = $1) as instance,
            (select id from event where organization_id = $2 limit 1) as event,
            (select id from audit_event where organization_id = $2 limit 1) as "auditEvent",
            m.kube_id as kube, m.pool_id as pool from machine m where id = $3`,
    [cluster.id, organizationId, machine],
  );
  const ids = {
    organization: organizationId,
    project: project.id,
    apiKey: apiKey.id,
    member: member.id,
    invitation: invitation.id,
    cluster: cluster.id,
    operation: cluster.current_operation.id,
    credential: cluster.initial_credential.id,
    machine,
    decision,
    priceBook,
    priceReading,
    commitment,
    reservationPlan,
    reservationPurchase,
    rebalancePlan,
    packingStudy,
    ...rest,
  };
  return { tenant, ids, invitationToken: invitation.token, memberKey: member.key };
}

/** Deletes the cluster, to the point where its volumes alone are left: what a restore is for. */
export async function stopCluster(api: TestApi, { ids, tenant }: OneOfEach): Promise<void> {
  const id = ids.cluster ?? "";
  await api.ask("DELETE", `/v1/clusters/${id}`, { key: tenant.key });
  await playWorker(api, id, { ended: "succeeded" });
}

/** A purchase that waits for its month. */
export async function planPurchase(api: TestApi, id: string, planId: string, state = "planned"): Promise<void> {
  await api.owner.query(
    `insert into reservation_purchase (id, plan_id, purchase, part, state, product, region, machine_type, count, offering_class, term,
                                       payment_option, upfront_micro_usd, hourly_micro_usd, due_at, asked_at, external_id)
     values ($1, $2, 0, 0, $3, 'm7i 1y', 'us-east-1', 'm7i.xlarge', 2, 'standard', '1y', 'no_upfront', 0, 133360, now() + interval '1 day',
             case when $3 in ('buying', 'bought') then now() end, case when $3 = 'bought' then $1 end)`,
    [id, planId, state],
  );
}

/** Takes the purchase to where nobody knows whether EC2 heard of it, which an operator's act can begin from. */
export async function loseReservationPurchase(api: TestApi, id: string | undefined): Promise<void> {
  await api.owner.query(
    "update reservation_purchase set state = 'buying', asked_at = now(), waiting_for = $2 where id = $1",
    [id, JSON.stringify([{ name: "purchase_unknown", subject: id, since: new Date().toISOString(), hint: "look" }])],
  );
}

/** A made plan in a state of its own: they do not supersede one another here. */
export async function proposeReservations(api: TestApi, id: string, state = "proposed"): Promise<void> {
  await api.owner.query(
    `insert into reservation_plan (id, state, created_by, case_text, case_sha256, result, finished_at, next_check_at, decided_by, decided_at, reason)
     values ($1, $2, 'system', '{}', repeat('0', 64), '{"purchases": [], "costUsd": "1.000000000", "withoutPurchasesUsd": "2.000000000"}', now(), null,
             case when $2 in ('approved', 'rejected') then 'key_1' end, case when $2 in ('approved', 'rejected') then now() end,
             case when $2 = 'rejected' then 'no' end)`,
    [id, state],
  );
}

/** A plan of a pool of its own that moves the cluster's first instance. */
export async function proposeRebalance(api: TestApi, id: string, clusterId: string, state = "proposed"): Promise<void> {
  const move = { action: 0, hour: 0, round: 1, kind: "move", from: "node-1", to: "node-2" };
  const plan = { steps: [move], actions: [], held: [{ reason: "no_room", nodes: 1, instances: 3 }] };
  await api.owner.query(
    `insert into rebalance_plan (id, kube_id, pool_id, state, saving_micro_usd_per_hour, cost_micro_usd, disrupted_minutes,
                                 instances, clusters, launches, removals, hours, plan, digest, approved_at)
     select $1, min(k.id), $2, $3, 100800, 120000, 2, 1, 1, 0, 1, 1, $4::jsonb, $1, case when $3 <> 'proposed' then now() end
       from kube k`,
    [id, systemIds.next("pool"), state, JSON.stringify(plan)],
  );
  await api.owner.query(
    `insert into rebalance_move (plan_id, step, instance_id, cluster_id, from_node, to_node)
     select $1, 0, i.id, i.cluster_id, 'node-1', 'node-2' from instance i where i.cluster_id = $2 order by i.id limit 1`,
    [id, clusterId],
  );
}

/** Takes the plan to a state that an operator's act can begin from. */
export async function setRebalanceState(api: TestApi, { ids }: OneOfEach, state: string): Promise<void> {
  await api.owner.query("update rebalance_plan set state = $2, approved_at = now() where id = $1", [
    ids.rebalancePlan,
    state,
  ]);
}
