import type { Allocatable } from "@berth/domain";
import { emptyLoad, type Load } from "../fit.ts";
import type { InstanceRequest, NodeState } from "../types.ts";

/** Where the parts of a node's room stand in its four places of `free`. */
export const CPU = 0;
export const MEMORY = 1;
export const VOLUMES = 2;
export const SLOTS = 3;
export const DIMENSIONS = 4;

export const OPEN = 0;
export const CLOSED = 1;
export const REMOVED = 2;
export const PLANNED = 3;

/** Changes of a zone that are kept. */
const MOST_CHANGES = 1024;

const DATA = 1;
const MASTER = 2;

/**
 * The nodes of a fleet, one row each.
 *
 * Layout: `free[row * 4 + dimension]` is what is left, in millicores, MiB, attachments and slots, and may be below 0 on a
 * node that was overfull before; `version[row]` grows with every change of the row, so that what was computed from it is
 * known to be stale; `standing[row]` is OPEN, CLOSED, REMOVED, or PLANNED in the plan that is being made. Rows of removed nodes have no facts and are given to the next node of the same zone.
 */
export interface NodeTable {
  free: Float64Array;
  version: Uint32Array;
  standing: Uint8Array;
  readonly facts: (NodeFacts | undefined)[];
  /** Of each row: its zone, and its place among the zone's rows. */
  readonly zoneOf: ZoneRows[];
  readonly placeOf: number[];
  readonly residents: InstanceRequest[][];
  readonly rowByName: Map<string, number>;
  readonly zones: Map<string, ZoneRows>;
  readonly clusters: Map<string, ClusterRows>;
  readonly tenants: Map<string, TenantRows>;
  readonly rowOfInstance: Map<string, number>;
}

export interface NodeFacts extends Omit<NodeState, "instances" | "closed"> {
  /** Why nothing new may land here. */
  closed: string | undefined;
  /** Index of the machine in the plan that is being made; undefined for a node that is there or on its way already. */
  machine: number | undefined;
}

export interface ZoneRows {
  /** In the order in which nodes came; a removed node's row stays in its place. */
  readonly rows: number[];
  readonly spare: number[];
  /** Places of rows in the order in which they changed, without those that were forgotten: what is known is to be read again. */
  readonly changed: number[];
  /** How many changes were forgotten. */
  forgotten: number;
}

/** Rows that hold a cluster, with bits for the duties that it has there; a row once for each instance. */
interface ClusterRows {
  readonly rows: number[];
  readonly duties: number[];
}

/** How many instances an organization has, in all and on each row. */
export interface TenantRows {
  instances: number;
  readonly onRow: Map<number, number>;
}

export function createNodeTable(): NodeTable {
  return {
    free: new Float64Array(64 * DIMENSIONS),
    version: new Uint32Array(64),
    standing: new Uint8Array(64),
    facts: [],
    zoneOf: [],
    placeOf: [],
    residents: [],
    rowByName: new Map(),
    zones: new Map(),
    clusters: new Map(),
    tenants: new Map(),
    rowOfInstance: new Map(),
  };
}

/** O(instances of the node). Throws for a name that is there already. */
export function addRow(table: NodeTable, facts: NodeFacts, instances: readonly InstanceRequest[]): number {
  if (table.rowByName.has(facts.name)) throw new Error(`the fleet has a node ${facts.name} already`);
  let zone = table.zones.get(facts.zone);
  if (zone === undefined) {
    zone = { rows: [], spare: [], changed: [], forgotten: 0 };
    table.zones.set(facts.zone, zone);
  }
  let row = zone.spare.pop();
  if (row === undefined) {
    row = table.facts.length;
    table.zoneOf.push(zone);
    table.placeOf.push(zone.rows.push(row) - 1);
    if (row >= table.version.length) grow(table);
  }
  table.facts[row] = facts;
  table.residents[row] = [];
  table.rowByName.set(facts.name, row);
  setRoom(table, row, facts.allocatable, emptyLoad());
  for (const instance of instances) putOn(table, row, instance);
  return row;
}

/** What is left of a row that offers so much and bears so much. */
export function setRoom(table: NodeTable, row: number, allocatable: Allocatable, load: Load): void {
  const base = row * DIMENSIONS;
  table.free[base + CPU] = allocatable.cpuMilli - load.cpuMilli;
  table.free[base + MEMORY] = allocatable.memoryMib - load.memoryMib;
  table.free[base + VOLUMES] = allocatable.volumes - load.volumes;
  table.free[base + SLOTS] = allocatable.pods - load.pods;
  touch(table, row);
}

function grow(table: NodeTable): void {
  const free = new Float64Array(table.free.length * 2);
  free.set(table.free);
  table.free = free;
  const version = new Uint32Array(table.version.length * 2);
  version.set(table.version);
  table.version = version;
  const standing = new Uint8Array(table.standing.length * 2);
  standing.set(table.standing);
  table.standing = standing;
}

/** With all that stands on it. */
export function removeRow(table: NodeTable, row: number): void {
  const facts = table.facts[row];
  if (facts === undefined) return;
  for (const instance of [...residentsOf(table, row)]) takeOff(table, row, instance);
  table.rowByName.delete(facts.name);
  table.facts[row] = undefined;
  table.zones.get(facts.zone)?.spare.push(row);
  touch(table, row);
}

/** To be called after every change of a row's facts or room. */
export function touch(table: NodeTable, row: number): void {
  const facts = table.facts[row];
  table.standing[row] =
    facts === undefined ? REMOVED : facts.closed !== undefined ? CLOSED : facts.machine === undefined ? OPEN : PLANNED;
  table.version[row] = (table.version[row] as number) + 1;
  const zone = table.zoneOf[row] as ZoneRows;
  const { changed } = zone;
  if (changed.length >= MOST_CHANGES) {
    zone.forgotten += changed.length;
    changed.length = 0;
  }
  changed.push(table.placeOf[row] as number);
}

export function residentsOf(table: NodeTable, row: number): InstanceRequest[] {
  return table.residents[row] as InstanceRequest[];
}

/** Throws for an instance that stands somewhere already. */
export function putOn(table: NodeTable, row: number, instance: InstanceRequest): void {
  if (table.rowOfInstance.has(instance.instanceId)) {
    throw new Error(`instance ${instance.instanceId} stands on a node already`);
  }
  table.rowOfInstance.set(instance.instanceId, row);
  residentsOf(table, row).push(instance);
  shift(table, row, instance, -1);
  let cluster = table.clusters.get(instance.clusterId);
  if (cluster === undefined) {
    cluster = { rows: [], duties: [] };
    table.clusters.set(instance.clusterId, cluster);
  }
  cluster.rows.push(row);
  cluster.duties.push(dutiesOf(instance));
  const tenant = tenantOf(table, instance.organizationId);
  tenant.instances += 1;
  tenant.onRow.set(row, (tenant.onRow.get(row) ?? 0) + 1);
}

export function takeOff(table: NodeTable, row: number, instance: InstanceRequest): void {
  const residents = residentsOf(table, row);
  const place = residents.findIndex((one) => one.instanceId === instance.instanceId);
  if (place < 0) throw new Error(`instance ${instance.instanceId} does not stand on that node`);
  residents.splice(place, 1);
  table.rowOfInstance.delete(instance.instanceId);
  shift(table, row, instance, 1);
  const cluster = table.clusters.get(instance.clusterId);
  const duties = dutiesOf(instance);
  const at = cluster?.rows.findIndex((one, index) => one === row && cluster.duties[index] === duties) ?? -1;
  if (cluster === undefined || at < 0) throw new Error("a cluster's rows follow its instances");
  cluster.rows.splice(at, 1);
  cluster.duties.splice(at, 1);
  if (cluster.rows.length === 0) table.clusters.delete(instance.clusterId);
  const tenant = tenantOf(table, instance.organizationId);
  tenant.instances -= 1;
  const left = (tenant.onRow.get(row) ?? 0) - 1;
  if (left > 0) tenant.onRow.set(row, left);
  else tenant.onRow.delete(row);
}

function shift(table: NodeTable, row: number, instance: InstanceRequest, sign: number): void {
  const { free } = table;
  const base = row * DIMENSIONS;
  free[base + CPU] = (free[base + CPU] as number) + sign * instance.cpuMilli;
  free[base + MEMORY] = (free[base + MEMORY] as number) + sign * instance.memoryMib;
  free[base + VOLUMES] = (free[base + VOLUMES] as number) + sign * instance.volumes;
  free[base + SLOTS] = (free[base + SLOTS] as number) + sign;
  touch(table, row);
}

export function tenantOf(table: NodeTable, organizationId: string): TenantRows {
  let tenant = table.tenants.get(organizationId);
  if (tenant === undefined) {
    tenant = { instances: 0, onRow: new Map() };
    table.tenants.set(organizationId, tenant);
  }
  return tenant;
}

function dutiesOf(instance: Pick<InstanceRequest, "holdsData" | "masterEligible">): number {
  return (instance.holdsData ? DATA : 0) | (instance.masterEligible ? MASTER : 0);
}

/** Whether a row holds an instance of the cluster with a duty that this one has too. O(instances of the cluster). */
export function conflicts(table: NodeTable, row: number, instance: InstanceRequest): boolean {
  const cluster = table.clusters.get(instance.clusterId);
  if (cluster === undefined) return false;
  const duties = dutiesOf(instance);
  for (let index = 0; index < cluster.rows.length; index++) {
    if (cluster.rows[index] === row && ((cluster.duties[index] as number) & duties) !== 0) return true;
  }
  return false;
}

/** The rows that do. */
export function conflictingRows(table: NodeTable, instance: InstanceRequest): number[] {
  const cluster = table.clusters.get(instance.clusterId);
  const duties = dutiesOf(instance);
  return cluster?.rows.filter((_, index) => ((cluster.duties[index] as number) & duties) !== 0) ?? [];
}

/** Whether two instances may not share a node. */
export function conflictBetween(a: InstanceRequest, b: InstanceRequest): boolean {
  return a.clusterId === b.clusterId && (dutiesOf(a) & dutiesOf(b)) !== 0;
}
