import type { AdminOrganization, ApiKey, Cluster, Credential, Invitation, Member, Project } from "@berth/contract";
import { EXIT_CODES } from "../exit-codes.ts";
import { Failure, usageFailure } from "../failure.ts";
import type { Session } from "../session.ts";

/** The cluster of that id or name. Deleted ones are found by id alone: their name may be another's by now. */
export async function findCluster(session: Session, reference: string): Promise<Cluster> {
  const client = await session.client();
  if (reference.startsWith("cl_")) {
    return (await client.getCluster({ params: { cluster_id: reference } })).body;
  }

  const { data } = (await client.listClusters({ query: { name: reference } })).body;
  const [cluster, another] = data;
  if (cluster === undefined) throw nothingNamed("cluster", reference);
  if (another !== undefined) {
    const ids = data.map((one) => one.id).join(", ");
    throw usageFailure(`several clusters are named ${reference}`, `Name one by its id: ${ids}.`);
  }
  return cluster;
}

/** The project of that id or name. */
export async function findProject(session: Session, reference: string): Promise<Project> {
  const client = await session.client();
  if (reference.startsWith("prj_")) {
    return (await client.getProject({ params: { project_id: reference } })).body;
  }
  const [project] = (await client.listProjects({ query: { name: reference } })).body.data;
  if (project === undefined) throw nothingNamed("project", reference);
  return project;
}

/** The API key of that id or name. Names are found among those that work: a rotated one leaves its name behind. */
export async function findKey(session: Session, reference: string): Promise<ApiKey> {
  const client = await session.client();
  if (reference.startsWith("key_")) return (await client.getApiKey({ params: { api_key_id: reference } })).body;
  const { data } = (await client.listApiKeys({ query: { name: reference, state: "active" } })).body;
  const [key, another] = data;
  if (key === undefined) throw nothingNamed("key", reference);
  if (another === undefined) return key;
  throw usageFailure(
    `several keys are named ${reference}`,
    `Name one by its id: ${data.map((one) => one.id).join(", ")}.`,
  );
}

/** The cluster's credential of that id or user name: an id looks like a name, so both are looked for. */
export async function findCredential(session: Session, clusterId: string, reference: string): Promise<Credential> {
  const client = await session.client();
  const { data } = (await client.listCredentials({ params: { cluster_id: clusterId } })).body;
  const found = data.find(({ id }) => id === reference) ?? data.find(({ username }) => username === reference);
  if (found !== undefined) return found;
  throw new Failure(EXIT_CODES.notFound, `the cluster has no user ${reference}`, {
    hint: `See: berth credential list ${clusterId}`,
    problem: { type: "/problems/not_found", title: "There is no such thing", status: 404, code: "not_found" },
  });
}

/** The organization that the key is of: paths of what is in it name it. */
export async function ownOrganization(session: Session): Promise<string> {
  return (await (await session.client()).getMe()).body.organization.id;
}

/** The member of that id or address. */
export async function findMember(session: Session, reference: string): Promise<Member> {
  const client = await session.client();
  const organization_id = await ownOrganization(session);
  if (reference.startsWith("mem_")) {
    return (await client.getMember({ params: { organization_id, member_id: reference } })).body;
  }
  const [member] = (await client.listMembers({ params: { organization_id }, query: { email: reference } })).body.data;
  if (member === undefined) throw nothingNamed("member", reference);
  return member;
}

/** The invitation of that id, or the newest for that address. */
export async function findInvitation(session: Session, reference: string): Promise<Invitation> {
  const client = await session.client();
  const organization_id = await ownOrganization(session);
  if (reference.startsWith("inv_")) {
    return (await client.getInvitation({ params: { organization_id, invitation_id: reference } })).body;
  }
  const query = { email: reference, limit: 1 };
  const [invitation] = (await client.listInvitations({ params: { organization_id }, query })).body.data;
  if (invitation === undefined) throw nothingNamed("invitation", reference);
  return invitation;
}

/** Any organization, of that id or name, as an operator. */
export async function findOrganization(session: Session, reference: string): Promise<AdminOrganization> {
  const client = await session.client();
  if (reference.startsWith("org_")) {
    return (await client.getAnyOrganization({ params: { organization_id: reference } })).body;
  }
  const { data } = (await client.listOrganizations({ query: { name: reference } })).body;
  const [organization, another] = data;
  if (organization === undefined) throw nothingNamed("organization", reference, "admin organization");
  if (another === undefined) return organization;
  throw usageFailure(
    `several organizations are named ${reference}`,
    `Name one by its id: ${data.map((one) => one.id).join(", ")}.`,
  );
}

function nothingNamed(noun: string, reference: string, command = noun): Failure {
  return new Failure(EXIT_CODES.notFound, `no ${noun} named ${reference}`, {
    hint: `See: berth ${command} list`,
    problem: { type: "/problems/not_found", title: "There is no such thing", status: 404, code: "not_found" },
  });
}
