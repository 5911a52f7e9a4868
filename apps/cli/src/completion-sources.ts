import type { AuditEvent, PlacementDecision } from "@berth/contract";
import { findCluster, ownOrganization } from "./commands/find.ts";
import type { Session } from "./session.ts";

/**
 * What an argument or option may be, asked of the API or of what this program knows. `operands` are the command's arguments
 * that stand before it: the cluster of a credential.
 */
export type Source = (session: Session, operands: readonly string[]) => Promise<readonly string[]>;

const MANY = { limit: 200 } as const;

const listClusters = async (session: Session, query: { readonly state?: "deleting" | "deleted" } = {}) =>
  (await (await session.client()).listClusters({ query: { ...MANY, ...query } })).body.data;
const clusters: Source = async (session) => (await listClusters(session)).map(({ name }) => name);
const clusterIds: Source = async (session) => (await listClusters(session)).map(({ id }) => id);

/** Those that have been deleted and whose volumes are still there. */
const deletedClusters: Source = async (session) => {
  const found = await Promise.all([
    listClusters(session, { state: "deleting" }),
    listClusters(session, { state: "deleted" }),
  ]);
  return found
    .flat()
    .filter(({ purge_at }) => purge_at !== null && Date.parse(purge_at) > Date.now())
    .map(({ id }) => id);
};

const credentials: Source = async (session, [cluster = ""]) => {
  const { id } = await findCluster(session, cluster);
  return (await (await session.client()).listCredentials({ params: { cluster_id: id } })).body.data.map(
    ({ username }) => username,
  );
};

const keys: Source = async (session) => {
  const query = { ...MANY, state: "active" } as const;
  return (await (await session.client()).listApiKeys({ query })).body.data.map(({ id }) => id);
};

const listProjects = async (session: Session) =>
  (await (await session.client()).listProjects({ query: MANY })).body.data;
const projects: Source = async (session) => (await listProjects(session)).map(({ name }) => name);
const projectIds: Source = async (session) => (await listProjects(session)).map(({ id }) => id);

const listMembers = async (session: Session) => {
  const params = { organization_id: await ownOrganization(session) };
  return (await (await session.client()).listMembers({ params, query: MANY })).body.data;
};
const members: Source = async (session) => (await listMembers(session)).map(({ email }) => email);
const memberIds: Source = async (session) => (await listMembers(session)).map(({ id }) => id);

const invitations: Source = async (session) => {
  const params = { organization_id: await ownOrganization(session) };
  const query = { ...MANY, state: "pending" } as const;
  return (await (await session.client()).listInvitations({ params, query })).body.data.map(({ email }) => email);
};

const organizations: Source = async (session) =>
  (await (await session.client()).listOrganizations({ query: MANY })).body.data.map(({ id }) => id);
const operations: Source = async (session) =>
  (await (await session.client()).listOperations({ query: { limit: 50 } })).body.data.map(({ id }) => id);

/** Of the organization's own log: each look at another's is written into it. */
const ofAuditEvents =
  (field: (event: AuditEvent) => string): Source =>
  async (session) =>
    (await (await session.client()).listAuditEvents({ query: MANY })).body.data.map(field);

const kubes: Source = async (session) =>
  (await (await session.client()).listKubes({ query: MANY })).body.data.map(({ id }) => id);
const pools: Source = async (session) =>
  (await (await session.client()).listPools({ query: MANY })).body.data.map(({ id }) => id);
const priceBooks: Source = async (session) =>
  (await (await session.client()).listPriceBooks({ query: MANY })).body.data.map(({ id }) => id);
const priceReadings: Source = async (session) =>
  (await (await session.client()).listPriceReadings({ query: MANY })).body.data.map(({ id }) => id);
const commitments: Source = async (session) =>
  (await (await session.client()).listCommitments({ query: MANY })).body.data.map(({ id }) => id);
const reservationPlans: Source = async (session) =>
  (await (await session.client()).listReservationPlans({ query: MANY })).body.data.map(({ id }) => id);
const reservationPurchases: Source = async (session) =>
  (await (await session.client()).listReservationPurchases({ query: MANY })).body.data.map(({ id }) => id);
const rebalancePlans: Source = async (session) =>
  (await (await session.client()).listRebalancePlans({ query: MANY })).body.data.map(({ id }) => id);
const machines: Source = async (session) =>
  (await (await session.client()).listMachines({ query: MANY })).body.data.map(({ id }) => id);
const ofDecisions =
  (field: (decision: PlacementDecision) => string): Source =>
  async (session) =>
    (await (await session.client()).listPlacementDecisions({ query: { limit: 50 } })).body.data.map(field);

const studies: Source = async (session) =>
  (await (await session.client()).listPackingStudies({ query: { limit: 50 } })).body.data.map(({ id }) => id);
/** Of the types that pools may launch. */
const families: Source = async (session) => {
  const { data } = (await (await session.client()).listPools({ query: MANY })).body;
  return [...new Set(data.flatMap(({ machine_types }) => machine_types.map((type) => type.split(".")[0] ?? type)))];
};

const listRegions = async (session: Session) => (await (await session.client()).listRegions()).body.data;
const regions: Source = async (session) => (await listRegions(session)).map(({ name }) => name);
const zones: Source = async (session) => (await listRegions(session)).flatMap((region) => region.zones);
const sizes: Source = async (session) => (await (await session.client()).listSizes()).body.data.map(({ name }) => name);
const versions: Source = async (session) =>
  (await (await session.client()).listVersions()).body.data.map(({ version }) => version);

const permissions: Source = async () => (await import("@berth/contract")).PERMISSIONS;
const quotas: Source = async () => {
  const { QUOTA_WORDS } = await import("./commands/quota/quota-words.ts");
  return Object.values(QUOTA_WORDS).map((word) => `${word}=`);
};
const methods: Source = async () => (await import("./commands/api.ts")).METHODS;
const contexts: Source = async (session) => {
  const { contextFilePath, readContextFile } = await import("./contexts/context-file.ts");
  return [...(await readContextFile(await contextFilePath(session.io.env))).contexts.keys()];
};

/** By the name of the argument in the help, as `<cluster>`. */
export const ARGUMENTS: Readonly<Record<string, Source>> = {
  cluster: clusters,
  "deleted-cluster": deletedClusters,
  credential: credentials,
  key: keys,
  member: members,
  invitation: invitations,
  project: projects,
  organization: organizations,
  operation: operations,
  "audit-event": ofAuditEvents(({ id }) => id),
  kube: kubes,
  pool: pools,
  "price-book": priceBooks,
  "price-reading": priceReadings,
  commitment: commitments,
  "reservation-plan": reservationPlans,
  "reservation-purchase": reservationPurchases,
  "rebalance-plan": rebalancePlans,
  machine: machines,
  study: studies,
  decision: ofDecisions(({ id }) => id),
  instance: ofDecisions((decision) => decision.instance_id),
  context: contexts,
  method: methods,
};

/** By the option in the help, with what it takes: `<cluster>` is a name, where `<id>` is an id alone. */
export const OPTIONS: Readonly<Record<string, Source>> = {
  "--cluster <cluster>": clusters,
  "--cluster <id>": ofDecisions((decision) => decision.cluster_id),
  "--clusters <ids>": clusterIds,
  "--instance <id>": ofDecisions((decision) => decision.instance_id),
  "--project <id>": projectIds,
  "--projects <ids>": projectIds,
  "--member <id>": memberIds,
  "--organization <id>": organizations,
  "--operation <id>": operations,
  "--actor <id>": ofAuditEvents(({ actor }) => actor.id),
  "--action <action>": ofAuditEvents(({ action }) => action),
  "--target-type <type>": ofAuditEvents(({ target }) => target.type),
  "--target <id>": ofAuditEvents(({ target }) => target.id),
  "--kube <id>": kubes,
  "--pool <id>": pools,
  "--purchase <id>": reservationPurchases,
  "--region <region>": regions,
  "--without-family <family>": families,
  "--without-zone <zone>": zones,
  "--zone <zone>": zones,
  "--zones <zones>": zones,
  "--held-zones <zones>": zones,
  "--size <size>": sizes,
  "--version <version>": versions,
  "--scopes <permissions>": permissions,
  "--quota <quota=limit>": quotas,
  "--context <name>": contexts,
  "--login <context>": contexts,
};

/** Options that take several with commas between them. */
export const LISTS: readonly string[] = [
  "--clusters <ids>",
  "--held-zones <zones>",
  "--projects <ids>",
  "--scopes <permissions>",
  "--zones <zones>",
];

/** Arguments that only the person knows. */
export const UNGUESSABLE_ARGUMENTS: readonly string[] = ["name", "email", "path"];

/** Options of which that holds: new names, numbers, times, and files, which the shell completes. */
export const UNGUESSABLE_OPTIONS: readonly string[] = [
  "--account <account>",
  "--after <event>",
  "--api-url <url>",
  "--body <json>",
  "--bound-seconds <n>",
  "--ca-file <path>",
  "--cidrs <networks>",
  "--commitment <dollars>",
  "--component <spec>",
  "--confirm <name>",
  "--count <n>",
  "--cpu-limit-percent <n>",
  "--credential-file <path>",
  "--customers <factor>",
  "--empty-after-seconds <n>",
  "--ends <time>",
  "--every <time>",
  "--except <types>",
  "--expires-in <time>",
  "--external-id <id>",
  "--family <family>",
  "--file <file>",
  "-f, --file <file>",
  "--folder <path>",
  "--headroom-cpu-millis <n>",
  "--headroom-instances <n>",
  "--headroom-memory <size>",
  "--heads <file>",
  "--idempotency-key <key>",
  "--image <ami>",
  "--instance-profile <name>",
  "--instances <n>",
  "--instances-per-machine <n>",
  "--kubeconfig <path>",
  "--label <key=value>",
  "--limit <n>",
  "--machine-type <type>",
  "--machine-types <types>",
  "--max-machines <n>",
  "--max-price-per-hour <usd>",
  "--name <name>",
  "--new-clusters <mix>",
  "--out <path>",
  "--overlap <time>",
  "--owner <email>",
  "--per-hour <dollars>",
  "--reason <text>",
  "--rebalance-max-automatic-moves <n>",
  "--rebalance-min-saving <usd>",
  "--remove-label <key>",
  "--seconds <n>",
  "--security-groups <ids>",
  "--since <time>",
  "--source <text>",
  "--starts <time>",
  "--storage <size>",
  "--storage-class <name>",
  "--subnet <zone=subnet>",
  "--tenant-share-percent <n>",
  "--timeout <time>",
  "--until <time>",
  "--upfront <dollars>",
  "--username <name>",
  "--zones <n>",
];
