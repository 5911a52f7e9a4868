import { randomUUID } from "node:crypto";
import type { MemberId } from "@berth/domain";
import { systemIds } from "@berth/runtime";
import { type OneOfEach, planPurchase, proposeRebalance, proposeReservations } from "./one-of-each.ts";
import { playWorker } from "./play-worker.ts";
import { aCluster, aCommitment, aCommitmentFile, aKube, aPool, type Tenant, type TestApi } from "./test-api.ts";

/** What a recipe works with: the API, and things of a customer that nothing else uses. */
interface Kitchen {
  readonly api: TestApi;
  readonly world: OneOfEach;
}
type Recipe = (kitchen: Kitchen) => ReturnType<TestApi["ask"]>;

const aName = () => `n-${randomUUID().slice(0, 8)}`;

/** Requests of one customer, by path below /v1. */
const by = ({ api }: Kitchen, { key }: Pick<Tenant, "key">) => {
  const ask =
    (method: string) =>
    (path: string, body?: unknown, headers: Record<string, string> = {}) =>
      api.ask(method, `/v1/${path}`, { key, headers, ...(body === undefined ? {} : { body }) });
  return { post: ask("POST"), patch: ask("PATCH"), remove: ask("DELETE") };
};
const own = (kitchen: Kitchen) => {
  const { ids, tenant } = kitchen.world;
  const organization = `organizations/${tenant.organizationId}`;
  return {
    ...by(kitchen, tenant),
    organization,
    cluster: `clusters/${ids.cluster}`,
    credential: `clusters/${ids.cluster}/credentials/${ids.credential}`,
    project: `projects/${ids.project}`,
    key: `api_keys/${ids.apiKey}`,
    invitations: `${organization}/invitations`,
    invitation: `${organization}/invitations/${ids.invitation}`,
    members: `${organization}/members`,
    member: `${organization}/members/${ids.member}`,
    /** Changes a quota or the spend cap under the API. */
    limit: (column: string, value: number) =>
      kitchen.api.owner.query(`update organization set ${column} = $2 where id = $1`, [tenant.organizationId, value]),
  };
};
const anInvitation = () => ({ email: `${randomUUID()}@example.com`, role: "viewer" });
const member = async ({ api, world }: Kitchen) => {
  const [row] = await api.owner.query<{ email: string }>("select email from member where id = $1", [world.ids.member]);
  return row?.email;
};
/** Makes the invited one a member behind the invitation's back. */
const joinInvited = ({ api, world }: Kitchen) =>
  api.owner.query("update invitation set email = (select email from member where id = $2) where id = $1", [
    world.ids.invitation,
    world.ids.member,
  ]);
const makeOwner = ({ api, world }: Kitchen) =>
  api.owner.query("update member set role = 'owner' where id = $1", [world.ids.member]);
const accept = ({ api, world }: Kitchen) =>
  api.ask("POST", "/v1/invitations/accept", { body: { token: world.invitationToken, name: "Ada" } });

const decidedReservations = async ({ api }: Kitchen, state = "rejected") => {
  const id = systemIds.next("reservationPlan");
  await proposeReservations(api, id, state);
  return id;
};

const overPlan = async (k: Kitchen, act: string) => {
  const id = systemIds.next("rebalancePlan");
  await proposeRebalance(k.api, id, k.world.ids.cluster ?? "");
  await k.api.owner.query("update rebalance_plan set state = 'superseded', finished_at = now() where id = $1", [id]);
  return by(k, k.api.operator).post(`admin/rebalance_plans/${id}/${act}`);
};

/** Those that leave everything as it was: they may share it. */
export const HARMLESS: Readonly<Record<string, Recipe>> = {
  "createCluster topology_invalid": (k) => own(k).post("clusters", aCluster({ instances: 2 })),
  "createEstimate topology_invalid": (k) => own(k).post("estimates", { region: "us-east-1", size: "8g", instances: 2 }),
  "restoreCluster invalid_state": (k) => own(k).post(`${own(k).cluster}/restore`),
  "leaveOrganization insufficient_scope": async (k) => {
    const memberId = k.world.ids.member as MemberId;
    const key = await k.api.newKey(k.world.tenant.organizationId, [], { memberId });
    return by(k, { key }).remove("me/membership");
  },
  "leaveOrganization invalid_state": (k) => own(k).remove("me/membership"),
  "createInvitation already_member": async (k) =>
    own(k).post(own(k).invitations, { ...anInvitation(), email: await member(k) }),
  "createInvitation already_invited": async (k) => {
    const body = anInvitation();
    await own(k).post(own(k).invitations, body);
    return own(k).post(own(k).invitations, body);
  },
  "createProject name_taken": (k) => own(k).post("projects", { name: "default" }),
  "updateProject name_taken": (k) => own(k).patch(own(k).project, { name: "default" }),
  "deleteProject invalid_state": (k) => own(k).remove(`projects/${k.world.tenant.projectId}`),
  "suspendOrganization invalid_state": (k) =>
    by(k, k.api.operator).post(`admin/organizations/${k.api.operator.organizationId}/suspend`, { reason: "no" }),
  "approveRebalancePlan invalid_state": (k) => overPlan(k, "approve"),
  "pauseRebalancePlan invalid_state": (k) => overPlan(k, "pause"),
  "resumeRebalancePlan invalid_state": (k) => overPlan(k, "resume"),
  "cancelRebalancePlan invalid_state": (k) => overPlan(k, "cancel"),
  "getPackingStudyFile invalid_state": async (k) => {
    const body = { kind: "density_curve", kube_id: k.world.ids.kube };
    const { id } = (await by(k, k.api.operator).post("admin/packing_studies", body)).json();
    return k.api.ask("GET", `/v1/admin/packing_studies/${id}/file`, { key: k.api.operator.key });
  },
  "createKube name_taken": (k) => by(k, k.api.operator).post("admin/kubes", aKube()),
  "createCommitment already_registered": async (k) => {
    const body = aCommitment();
    await by(k, k.api.operator).post("admin/commitments", body);
    return by(k, k.api.operator).post("admin/commitments", body);
  },
  "deleteCommitment invalid_state": async (k) => {
    const id = systemIds.next("commitment");
    await k.api.owner.query(
      `insert into commitment (id, kind, term, payment_option, commitment_micro_usd_per_hour, source, starts_at, ends_at)
       values ($1, 'compute_savings_plan', '1y', 'no_upfront', 1000000, 'ec2', '2020-01-01Z', '2021-01-01Z')`,
      [id],
    );
    return by(k, k.api.operator).remove(`admin/commitments/${id}`);
  },
  "importCommitments already_registered": async (k) => {
    const csv = aCommitmentFile();
    await by(k, k.api.operator).post("admin/commitment_imports", { csv });
    return by(k, k.api.operator).post("admin/commitment_imports", { csv });
  },
  "approveReservationPlan invalid_state": async (k) => {
    const id = await decidedReservations(k);
    return by(k, k.api.operator).post(`admin/reservation_plans/${id}/approve`);
  },
  "rejectReservationPlan invalid_state": async (k) => {
    const id = await decidedReservations(k, "approved");
    return by(k, k.api.operator).post(`admin/reservation_plans/${id}/reject`, { reason: "late" });
  },
  "getReservationPlanFile invalid_state": async (k) => {
    const { id } = (await by(k, k.api.operator).post("admin/reservation_plans")).json();
    return k.api.ask("GET", `/v1/admin/reservation_plans/${id}/file`, { key: k.api.operator.key });
  },
  "dropReservationPurchase invalid_state": async (k) => {
    const id = systemIds.next("reservationPurchase");
    await planPurchase(k.api, id, systemIds.next("reservationPlan"), "bought");
    return by(k, k.api.operator).post(`admin/reservation_purchases/${id}/drop`);
  },
  "retryReservationPurchase invalid_state": (k) =>
    by(k, k.api.operator).post(`admin/reservation_purchases/${k.world.ids.reservationPurchase}/retry`),
  "createPool name_taken": (k) => by(k, k.api.operator).post("admin/pools", aPool(k.world.ids.kube ?? "")),
};

/** Each problem that a route names itself, by `operation code`: requests, of which the last is refused with it. */
export const OWN_PROBLEMS: Readonly<Record<string, Recipe>> = {
  ...HARMLESS,

  "createCluster quota_exceeded": async (k) => {
    await own(k).limit("max_clusters", 1);
    return own(k).post("clusters", aCluster());
  },
  "createCluster spend_cap_exceeded": async (k) => {
    await own(k).limit("spend_cap_micro_usd_per_hour", 1);
    return own(k).post("clusters", aCluster());
  },
  "createCluster name_taken": async (k) => {
    await own(k).post("clusters", aCluster({ name: "twin" }));
    return own(k).post("clusters", aCluster({ name: "twin" }));
  },
  "updateCluster invalid_state": async (k) => {
    await own(k).remove(own(k).cluster);
    return own(k).patch(own(k).cluster, {});
  },
  "updateCluster name_taken": async (k) => {
    await own(k).post("clusters", aCluster({ name: "twin" }));
    return own(k).patch(own(k).cluster, { name: "twin" });
  },
  "deleteCluster deletion_protected": async (k) => {
    await own(k).patch(own(k).cluster, { deletion_protection: true });
    return own(k).remove(own(k).cluster);
  },
  "deleteCluster invalid_state": async (k) => {
    await k.api.owner.query("update cluster set state = 'deleted', deleted_at = now() where id = $1", [
      k.world.ids.cluster,
    ]);
    return own(k).remove(own(k).cluster);
  },
  "restoreCluster operation_in_progress": async (k) => {
    await own(k).remove(own(k).cluster);
    return own(k).post(`${own(k).cluster}/restore`);
  },
  "createCredential operation_in_progress": async (k) => {
    await own(k).post(`${own(k).cluster}/credentials`, {});
    return own(k).post(`${own(k).cluster}/credentials`, {});
  },
  "createCredential invalid_state": async (k) => {
    await own(k).remove(own(k).cluster);
    return own(k).post(`${own(k).cluster}/credentials`, {});
  },
  "createCredential name_taken": async (k) => {
    await own(k).post(`${own(k).cluster}/credentials`, { username: "twin" });
    await playWorker(k.api, k.world.ids.cluster ?? "", { ended: "succeeded" });
    return own(k).post(`${own(k).cluster}/credentials`, { username: "twin" });
  },
  "createCredential quota_exceeded": async (k) => {
    await k.api.owner.query(
      `insert into credential (id, organization_id, cluster_id, username, role, hint)
       select 'crd_' || n || id, organization_id, id, 'u' || n, 'customer_read', 'xxxx'
         from cluster, generate_series(2, 100) n where id = $1`,
      [k.world.ids.cluster],
    );
    return own(k).post(`${own(k).cluster}/credentials`, {});
  },
  "deleteCredential operation_in_progress": async (k) => {
    await own(k).post(`${own(k).cluster}/credentials`, {});
    return own(k).remove(own(k).credential);
  },
  "deleteCredential invalid_state": async (k) => {
    await own(k).remove(own(k).cluster);
    return own(k).remove(own(k).credential);
  },
  "createApiKey quota_exceeded": async (k) => {
    await own(k).limit("max_api_keys", 1);
    return own(k).post("api_keys", { name: "one more" });
  },
  "updateApiKey invalid_state": async (k) => {
    await own(k).remove(own(k).key);
    return own(k).patch(own(k).key, {});
  },
  "rotateApiKey invalid_state": async (k) => {
    await own(k).remove(own(k).key);
    return own(k).post(`${own(k).key}/rotate`, { overlap_seconds: 0 });
  },
  "rotateApiKey quota_exceeded": async (k) => {
    await own(k).limit("max_api_keys", 1);
    return own(k).post(`${own(k).key}/rotate`, { overlap_seconds: 60 });
  },
  "updateMember last_owner": async (k) => {
    await makeOwner(k);
    return own(k).patch(own(k).member, { role: "viewer" });
  },
  "removeMember last_owner": async (k) => {
    await makeOwner(k);
    return own(k).remove(own(k).member);
  },
  "leaveOrganization last_owner": async (k) => {
    await makeOwner(k);
    return by(k, { key: k.world.memberKey }).remove("me/membership");
  },
  "createInvitation quota_exceeded": async (k) => {
    await own(k).limit("max_members", 1);
    return own(k).post(own(k).invitations, anInvitation());
  },
  "revokeInvitation invalid_state": async (k) => {
    await own(k).remove(own(k).invitation);
    return own(k).remove(own(k).invitation);
  },
  "resendInvitation already_member": async (k) => {
    await joinInvited(k);
    return own(k).post(`${own(k).invitation}/resend`);
  },
  "resendInvitation invalid_state": async (k) => {
    await own(k).remove(own(k).invitation);
    return own(k).post(`${own(k).invitation}/resend`);
  },
  "resendInvitation quota_exceeded": async (k) => {
    await k.api.owner.query("update invitation set expires_at = now() - interval '1 second' where id = $1", [
      k.world.ids.invitation,
    ]);
    await own(k).limit("max_members", 1);
    return own(k).post(`${own(k).invitation}/resend`);
  },
  "acceptInvitation invalid_invitation": async (k) => {
    await own(k).remove(own(k).invitation);
    return accept(k);
  },
  "acceptInvitation organization_suspended": async (k) => {
    await k.api.owner.query("update organization set state = 'suspended' where id = $1", [k.world.ids.organization]);
    return accept(k);
  },
  "acceptInvitation quota_exceeded": async (k) => {
    await own(k).limit("max_api_keys", 1);
    return accept(k);
  },
  "createProject quota_exceeded": async (k) => {
    await own(k).limit("max_projects", 1);
    return own(k).post("projects", { name: aName() });
  },
};
