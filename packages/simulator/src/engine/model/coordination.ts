import { canTalk, discoveredGroups } from "./discovery.ts";
import {
  type ClusterState,
  type EngineWorld,
  memberProcess,
  memberProcesses,
  type NodeProcess,
  newId,
} from "./state.ts";
import { isOlder } from "./versions.ts";
import { hasQuorum, nextVotingConfiguration } from "./voting.ts";

/** Instants of things under way for one cluster or one group of fresh nodes; lost with the processes, and rightly so. */
export interface CoordinationTimers {
  /** cluster uuid -> when its next election ends. */
  readonly elections: Map<string, number>;
  /** cluster uuid -> since when its master has not heard from a majority. */
  readonly masterSilent: Map<string, number>;
  /** pod uid -> since when a member has not answered its master. */
  readonly memberSilent: Map<string, number>;
  /** names of the founding group -> when its first election ends. */
  readonly bootstraps: Map<string, number>;
}

/** How long the first state of a cluster takes to be recovered (seen on OpenSearch 2.19: red without a shard). */
const RECOVERY_MS = 200;

export function newCoordinationTimers(): CoordinationTimers {
  return { elections: new Map(), masterSilent: new Map(), memberSilent: new Map(), bootstraps: new Map() };
}

/**
 * Brings all clusters of one name as far as they can come now: who is gone, who is master, who joins, who votes.
 *
 * Runs after anything that could change the answer, and again at the instants that it asked for.
 */
export function coordinate(world: EngineWorld, timers: CoordinationTimers, clusterName: string): void {
  const nodes = [...world.nodes.values()].filter((node) => node.config.clusterName === clusterName && node.running);
  const groups = discoveredGroups(world, nodes);
  const clusters = [...world.clusters.values()].filter(({ name }) => name === clusterName);
  for (const cluster of clusters) {
    dropLostMaster(world, timers, cluster);
    if (cluster.masterNodeId === null) electMaster(world, timers, cluster, groups);
    if (cluster.masterNodeId !== null) dropLostMembers(world, timers, cluster);
  }
  for (const group of groups) {
    if (group.every((node) => masterInSight(world, node, group) === undefined)) bootstrap(world, timers, group);
  }
  for (const group of groups) for (const node of group) join(world, node, group);
  for (const cluster of world.clusters.values()) {
    if (cluster.name === clusterName && cluster.masterNodeId !== null) reconfigureVotes(world, cluster);
  }
}

/** A process that ended closes its connections and is noticed at once; a silent one only after its checks failed. */
function dropLostMaster(world: EngineWorld, timers: CoordinationTimers, cluster: ClusterState): void {
  if (cluster.masterNodeId === null) return;
  const master = memberProcess(world, cluster, cluster.masterNodeId);
  const voters = cluster.voting.flatMap((nodeId) => memberProcess(world, cluster, nodeId) ?? []);
  const alive = new Set(voters.map((node) => node.volume.nodeId));
  if (master === undefined || !hasQuorum(cluster.voting, alive)) {
    stepDown(world, timers, cluster);
    return;
  }

  const heard = new Set(voters.filter((node) => canTalk(world, master, node)).map((node) => node.volume.nodeId));
  if (hasQuorum(cluster.voting, heard)) {
    timers.masterSilent.delete(cluster.uuid);
  } else if (silentFor(world, timers.masterSilent, cluster.uuid, cluster.name)) {
    stepDown(world, timers, cluster);
  }
}

function stepDown(world: EngineWorld, timers: CoordinationTimers, cluster: ClusterState): void {
  const lost = cluster.masterNodeId;
  cluster.masterNodeId = null;
  timers.masterSilent.delete(cluster.uuid);
  timers.elections.delete(cluster.uuid);
  for (const node of memberProcesses(world, cluster)) world.log(node, `master node changed: [${lost}] left`);
}

/** True once something has been silent for the time of three failed checks; asks to be looked at again then. */
function silentFor(world: EngineWorld, since: Map<string, number>, key: string, clusterName: string): boolean {
  const now = world.clock.now();
  const start = since.get(key) ?? now;
  since.set(key, start);
  if (now - start >= world.timings.silenceMs) {
    since.delete(key);
    return true;
  }
  world.wakeAt(clusterName, start + world.timings.silenceMs);
  return false;
}

function dropLostMembers(world: EngineWorld, timers: CoordinationTimers, cluster: ClusterState): void {
  const master = memberProcess(world, cluster, cluster.masterNodeId ?? "");
  for (const [nodeId, uid] of Object.entries(cluster.members)) {
    const node = world.nodes.get(uid);
    if (node === undefined || !node.running) {
      removeMember(cluster, nodeId);
    } else if (master === undefined || canTalk(world, master, node)) {
      timers.memberSilent.delete(uid);
    } else if (silentFor(world, timers.memberSilent, uid, cluster.name)) {
      removeMember(cluster, nodeId);
    }
  }
}

function removeMember(cluster: ClusterState, nodeId: string): void {
  delete cluster.members[nodeId];
  cluster.version++;
}

/**
 * An election needs a majority of the committed voting configuration, found together; the loser of a majority's volumes
 * never elects again. Live members stay members through it, so that losing a master moves no shard.
 */
function electMaster(
  world: EngineWorld,
  timers: CoordinationTimers,
  cluster: ClusterState,
  groups: readonly NodeProcess[][],
): void {
  const electorate = groups
    .map((group) => group.filter((node) => votesIn(cluster, node) && !node.frozen))
    .find((voters) => hasQuorum(cluster.voting, new Set(voters.map((node) => node.volume.nodeId))));
  if (electorate === undefined) {
    timers.elections.delete(cluster.uuid);
    return;
  }
  if (!isDue(world, timers.elections, cluster.uuid, cluster.name)) return;
  const excluded = new Set(cluster.exclusions.map(({ nodeId }) => nodeId));
  const preferred = electorate.filter((node) => !excluded.has(node.volume.nodeId));
  const master = world.random.pick(preferred.length > 0 ? preferred : electorate);

  // Nobody of the old membership lives on: a full restart, which forgets transient settings.
  const survivors = Object.entries(cluster.members).filter(([, uid]) => world.nodes.get(uid)?.running === true);
  if (survivors.length === 0) {
    cluster.transient = {};
    cluster.recovering = true;
    cluster.recoveredAt = world.clock.now() + RECOVERY_MS;
  }
  cluster.members = Object.fromEntries(survivors);
  cluster.masterNodeId = master.volume.nodeId;
  cluster.term++;
  for (const node of electorate) admit(world, cluster, node);
}

function votesIn(cluster: ClusterState, node: NodeProcess): boolean {
  const { volume, config } = node;
  return config.masterEligible && volume.clusterUuid === cluster.uuid && cluster.voting.includes(volume.nodeId);
}

/** Draws the end of an election the first time, and is true once it has come. */
function isDue(world: EngineWorld, dueAt: Map<string, number>, key: string, clusterName: string): boolean {
  const now = world.clock.now();
  const due = dueAt.get(key) ?? now + world.random.integer(...world.timings.electionMs);
  if (due <= now) {
    dueAt.delete(key);
    return true;
  }
  dueAt.set(key, due);
  world.wakeAt(clusterName, due);
  return false;
}

/** The formed cluster whose master this node can find; a node that belongs to another cluster finds none. */
function masterInSight(world: EngineWorld, node: NodeProcess, group: readonly NodeProcess[]): ClusterState | undefined {
  const own = node.volume.clusterUuid;
  for (const cluster of world.clusters.values()) {
    if (own !== null && cluster.uuid !== own) continue;
    const master = memberProcess(world, cluster, cluster.masterNodeId ?? "");
    if (master !== undefined && group.includes(master) && canTalk(world, node, master)) return cluster;
  }
  return undefined;
}

/**
 * Forms a new cluster out of nodes that never belonged to one.
 *
 * Only a master-eligible node that is named in its own `cluster.initial_master_nodes` starts it, once it has found more
 * than half of the named ones; those not found keep a placeholder vote. The setting left in place on a node that lost its
 * volume and cannot see the others therefore forms a second cluster: that danger is modelled on purpose.
 */
function bootstrap(world: EngineWorld, timers: CoordinationTimers, group: readonly NodeProcess[]): void {
  const fresh = group.filter((node) => node.config.masterEligible && node.volume.clusterUuid === null && !node.frozen);
  for (const founder of fresh) {
    const named = founder.config.singleNode ? [founder.config.nodeName] : founder.config.initialMasters;
    if (!named.includes(founder.config.nodeName)) continue;
    const voters = named.map((name) => fresh.find((node) => node.config.nodeName === name));
    const found = voters.filter((node) => node !== undefined);
    if (found.length * 2 <= named.length) continue;

    const key = found
      .map((node) => node.uid)
      .sort()
      .join();
    if (!isDue(world, timers.bootstraps, key, founder.config.clusterName)) return;
    const placeholders = named.filter((_name, position) => voters[position] === undefined);
    const cluster = newCluster(world, founder, [
      ...found.map((node) => node.volume.nodeId),
      ...placeholders.map((name) => `{bootstrap-placeholder}-${name}`),
    ]);
    cluster.masterNodeId = world.random.pick(found).volume.nodeId;
    for (const node of found) admit(world, cluster, node);
    return;
  }
}

function newCluster(world: EngineWorld, founder: NodeProcess, voting: string[]): ClusterState {
  const cluster: ClusterState = {
    uuid: newId(world.random),
    name: founder.config.clusterName,
    engine: founder.config.engine,
    term: 1,
    version: 1,
    masterNodeId: null,
    members: {},
    knownNodes: {},
    voting,
    exclusions: [],
    persistent: {},
    transient: {},
    indices: {},
    shutdowns: {},
    templates: {},
    recovering: false,
    recoveredAt: world.clock.now() + RECOVERY_MS,
  };
  world.clusters.set(cluster.uuid, cluster);
  return cluster;
}

/** Lets a node that has found a master join it after a short while. */
function join(world: EngineWorld, node: NodeProcess, group: readonly NodeProcess[]): void {
  const cluster = masterInSight(world, node, group);
  if (cluster === undefined || cluster.members[node.volume.nodeId] === node.uid) {
    node.joinDueAt = null;
    return;
  }
  const refusal = joinRefusal(world, cluster, node);
  if (refusal !== undefined) {
    world.log(node, refusal);
    return;
  }
  const now = world.clock.now();
  node.joinDueAt ??= now + world.random.integer(...world.timings.joinMs);
  if (node.joinDueAt > now) {
    world.wakeAt(cluster.name, node.joinDueAt);
    return;
  }
  node.joinDueAt = null;
  admit(world, cluster, node);
}

function joinRefusal(world: EngineWorld, cluster: ClusterState, node: NodeProcess): string | undefined {
  const members = memberProcesses(world, cluster);
  const lowest = members.map((member) => member.config.version).reduce((a, b) => (isOlder(b, a) ? b : a), "99.0.0");
  if (members.length > 0 && isOlder(node.config.version, lowest)) {
    return `node version [${node.config.version}] may not join a cluster comprising only nodes of version [${lowest}] or greater`;
  }
  return undefined;
}

/** Makes a process a member: from here on its volume belongs to this cluster for ever. */
function admit(world: EngineWorld, cluster: ClusterState, node: NodeProcess): void {
  const { volume, config, pod } = node;
  volume.clusterUuid = cluster.uuid;
  node.appliedUuid = cluster.uuid;
  cluster.members[volume.nodeId] = node.uid;
  cluster.knownNodes[volume.nodeId] = { name: config.nodeName, address: pod.podIp };
  cluster.version++;
  node.httpOpen = true;
  // An exclusion by a name that nobody had takes effect when the name appears.
  cluster.exclusions = cluster.exclusions.map((exclusion) =>
    exclusion.nodeName === config.nodeName && exclusion.nodeId === "_absent_"
      ? { ...exclusion, nodeId: volume.nodeId }
      : exclusion,
  );
  const addresses = Object.keys(cluster.members).map((nodeId) => cluster.knownNodes[nodeId]?.address ?? "");
  for (const member of memberProcesses(world, cluster)) member.volume.knownAddresses = addresses;
  world.log(node, `joined cluster [${cluster.name}] with uuid [${cluster.uuid}]`);
}

/** Commits the next voting configuration; a master that is not in it hands over at once. */
function reconfigureVotes(world: EngineWorld, cluster: ClusterState): void {
  const live = memberProcesses(world, cluster).filter((node) => node.config.masterEligible);
  const next = nextVotingConfiguration({
    current: cluster.voting,
    live: live.map((node) => node.volume.nodeId),
    master: cluster.masterNodeId ?? "",
    excluded: cluster.exclusions.map(({ nodeId }) => nodeId),
    autoShrink: cluster.persistent["cluster.auto_shrink_voting_configuration"] !== "false",
  });
  if (next.join() !== cluster.voting.join()) {
    cluster.voting = [...next];
    cluster.version++;
  }
  if (cluster.voting.includes(cluster.masterNodeId ?? "")) return;
  const heirs = live.filter((node) => cluster.voting.includes(node.volume.nodeId) && !node.frozen);
  if (heirs.length === 0) return;
  cluster.masterNodeId = world.random.pick(heirs).volume.nodeId;
  cluster.term++;
}
