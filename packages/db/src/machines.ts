import type { InstanceState, MachineState } from "@berth/domain";
import type { Database } from "./database.ts";
import { type ListQuery, pageByAge } from "./page-by-age.ts";
import { columns, type Page, type Sql, startWhere } from "./sql.ts";

export interface MachineRow {
  readonly id: string;
  readonly kubeId: string;
  readonly poolId: string;
  readonly state: string;
  readonly nodeName: string;
  readonly zone: string;
  readonly machineType: string;
  readonly priceMicroUsdPerHour: number;
  readonly allocatable: unknown;
  readonly cloudInstanceId: string | null;
  readonly attempt: number;
  readonly waitingFor: unknown;
  readonly lastFailure: unknown;
  readonly createdAt: Date;
  readonly launchedAt: Date | null;
  readonly readyAt: Date | null;
  readonly emptySince: Date | null;
  readonly terminatedAt: Date | null;
  readonly observedAt: Date | null;
}

export interface MachineQuery extends ListQuery {
  readonly kubeId?: string | undefined;
  readonly poolId?: string | undefined;
  readonly zone?: string | undefined;
  readonly machineType?: string | undefined;
  /** All but terminated and failed ones when absent. */
  readonly state?: MachineState | undefined;
}

const COLUMNS = columns<MachineRow>("m", [
  "id",
  "kubeId",
  "poolId",
  "state",
  "nodeName",
  "zone",
  "machineType",
  "priceMicroUsdPerHour",
  "allocatable",
  "cloudInstanceId",
  "attempt",
  "waitingFor",
  "lastFailure",
  "createdAt",
  "launchedAt",
  "readyAt",
  "emptySince",
  "terminatedAt",
  "observedAt",
]);

export function listMachines(sql: Sql, query: MachineQuery): Promise<Page<MachineRow>> {
  const where = startWhere();
  where.add("m.kube_id = ?", query.kubeId);
  where.add("m.pool_id = ?", query.poolId);
  where.add("m.zone = ?", query.zone);
  where.add("m.machine_type = ?", query.machineType);
  if (query.state === undefined)
    where.add("m.state not in ('terminated', 'failed')"); // No value: a plan for any would take it for rare.
  else where.add("m.state = ?", query.state);
  return pageByAge(sql, `select ${COLUMNS} from machine m`, "m", where, query);
}

export async function findMachine(db: Database, id: string): Promise<MachineRow | undefined> {
  return (await db.prisma.machine.findUnique({ where: { id } })) ?? undefined;
}

/** An instance on a machine, or sent to it. */
export interface ResidentRow {
  readonly id: string;
  readonly organizationId: string;
  readonly clusterId: string;
  readonly machineId: string;
  readonly podName: string;
  readonly state: InstanceState;
  readonly decisionId: string | null;
  readonly cpuMilli: number;
  readonly memoryMib: number;
}

/** What is on each of these machines, or was sent there: by kube and node name, which both placement and the pods tell. */
export function listResidents(sql: Sql, machineIds: readonly string[]): Promise<ResidentRow[]> {
  return sql.query<ResidentRow>(
    `select i.id, i.organization_id as "organizationId", i.cluster_id as "clusterId", m.id as "machineId",
            i.pod_name as "podName", i.state, i.decision_id as "decisionId", t.cpu_milli as "cpuMilli", t.memory_mib as "memoryMib"
       from machine m join instance i on i.node_name = m.node_name
       join cluster c on c.id = i.cluster_id and c.kube_id = m.kube_id join component t on t.id = i.component_id
      where m.id = any($1::text[]) and i.state <> 'removed' order by m.id, i.id`,
    [machineIds],
  );
}

export interface LaunchRow {
  readonly attempt: number;
  readonly machineType: string;
  readonly zone: string;
  readonly outcome: string;
  readonly message: string | null;
  readonly createdAt: Date;
}

/** A machine's launch attempts, first to last, without the request and its token. */
export function listLaunches(db: Database, machineId: string): Promise<LaunchRow[]> {
  return db.prisma.launch.findMany({
    where: { machineId },
    select: { attempt: true, machineType: true, zone: true, outcome: true, message: true, createdAt: true },
    orderBy: { attempt: "asc" },
    take: 1000,
  });
}
