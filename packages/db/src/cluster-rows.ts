import type {
  ClusterHealth,
  ClusterId,
  ClusterState,
  ComponentId,
  EngineName,
  InstanceId,
  InstanceState,
  KubeId,
  OperationId,
  OperationKind,
  OperationState,
  OrganizationId,
  ProjectId,
} from "@berth/domain";
import { columns } from "./sql.ts";

export interface ClusterRow {
  readonly id: ClusterId;
  readonly organizationId: OrganizationId;
  readonly projectId: ProjectId;
  readonly kubeId: KubeId;
  readonly name: string;
  readonly region: string;
  readonly engine: EngineName;
  readonly labels: unknown;
  readonly deletionProtection: boolean;
  readonly generation: number;
  readonly observedGeneration: number;
  readonly statusVersion: number;
  readonly priceMicroUsdPerHour: number;
  readonly state: ClusterState;
  readonly health: ClusterHealth;
  readonly waitingFor: unknown;
  readonly lastFailure: unknown;
  readonly observedAt: Date | null;
  readonly engineUuid: string | null;
  readonly usersReadyAt: Date | null;
  readonly createdAt: Date;
  readonly deleteRequestedAt: Date | null;
  readonly purgeAt: Date | null;
  readonly deletedAt: Date | null;
}

export const CLUSTER_COLUMNS = columns<ClusterRow>("c", [
  "id",
  "organizationId",
  "projectId",
  "kubeId",
  "name",
  "region",
  "engine",
  "labels",
  "deletionProtection",
  "generation",
  "observedGeneration",
  "statusVersion",
  "priceMicroUsdPerHour",
  "state",
  "health",
  "waitingFor",
  "lastFailure",
  "observedAt",
  "engineUuid",
  "usersReadyAt",
  "createdAt",
  "deleteRequestedAt",
  "purgeAt",
  "deletedAt",
]);

export interface ComponentRow {
  readonly id: ComponentId;
  readonly clusterId: ClusterId;
  readonly name: string;
  readonly roles: readonly string[];
  readonly size: string;
  readonly instanceCount: number;
  readonly memoryMib: number;
  readonly cpuMilli: number;
  readonly storageMib: number;
  readonly zones: readonly string[];
}

export interface InstanceRow {
  readonly id: InstanceId;
  readonly clusterId: ClusterId;
  readonly componentId: ComponentId;
  readonly ordinal: number;
  readonly zone: string;
  readonly podName: string;
  readonly state: InstanceState;
  readonly release: number;
  readonly nodeName: string | null;
  readonly machineId: string | null;
  readonly podAddress: string | null;
  readonly restarts: number;
  readonly observedAt: Date | null;
}

export const INSTANCE_COLUMNS = columns<InstanceRow>("i", [
  "id",
  "clusterId",
  "componentId",
  "ordinal",
  "zone",
  "podName",
  "state",
  "release",
  "nodeName",
  "machineId",
  "podAddress",
  "restarts",
  "observedAt",
]);

/** How many instances of a component are in one state. */
export interface InstanceCount extends Pick<InstanceRow, "componentId" | "state"> {
  readonly count: number;
}

/** A cluster with all that its body says, in one statement. */
export interface WholeCluster {
  readonly cluster: ClusterRow;
  /** Of the desired release. */
  readonly version: string;
  /** By name. */
  readonly components: readonly ComponentRow[];
  readonly instances: readonly InstanceCount[];
  /** The one that changes it now. */
  readonly operation:
    | { readonly id: OperationId; readonly kind: OperationKind; readonly state: OperationState }
    | undefined;
}

/** Extra columns of a row that `toWholeCluster` understands, over `cluster c`. As json: jsonb would be built to be sent as text. */
export const WHOLE_COLUMNS = `${CLUSTER_COLUMNS},
  (select r.spec ->> 'version' from release r where r.cluster_id = c.id and r.number = c.desired_release) as "version",
  (select coalesce(json_agg(json_build_object('id', m.id, 'clusterId', m.cluster_id, 'name', m.name, 'roles', m.roles,
       'size', m.size, 'instanceCount', m.instance_count, 'memoryMib', m.memory_mib, 'cpuMilli', m.cpu_milli,
       'storageMib', m.storage_mib, 'zones', m.zones) order by m.name), '[]')
     from component m where m.cluster_id = c.id) as "components",
  (select coalesce(json_agg(n), '[]')
     from (select i.component_id as "componentId", i.state, count(*)::int as count from instance i
            where i.cluster_id = c.id group by 1, 2) n) as "instances",
  (select json_build_object('id', o.id, 'kind', o.kind, 'state', o.state) from operation o
     where o.target_id = c.id and o.state in ('pending', 'running', 'cancelling')) as "operation"`;

export type WholeRow = ClusterRow &
  Pick<WholeCluster, "version" | "components" | "instances"> & { readonly operation: WholeCluster["operation"] | null };

export function toWholeCluster(row: WholeRow): WholeCluster {
  const { version, components, instances, operation, ...cluster } = row;
  return { cluster, version, components, instances, operation: operation ?? undefined };
}
