import type { KubeId } from "@berth/domain";
import { type CommitmentRow, listCommitmentsBetween } from "../commitments.ts";
import { listPlanRates, type PlanRatesRow } from "../fleet-history.ts";
import type { Sql } from "../sql.ts";

/** Machines of one type in a zone that are paid for or will be. */
export interface RunningMachinesRow {
  readonly region: string;
  readonly zone: string;
  readonly machineType: string;
  readonly count: number;
  /** Of one of them, on demand. */
  readonly microUsdPerHour: number;
}

/** What is committed to now and reaches a kube's region, and what it may cover. */
export interface CommittedRecord {
  /** All that are in force; none where none reaches the region. */
  readonly commitments: readonly CommitmentRow[];
  /** Of all regions and kubes; none without commitments. */
  readonly running: readonly RunningMachinesRow[];
  /** Of what runs and of what the kube's pools may launch, under the plans in force. */
  readonly rateBooks: readonly PlanRatesRow[];
}

const NOTHING: CommittedRecord = { commitments: [], running: [], rateBooks: [] };

const RUNNING = `
select k.region, m.zone, m.machine_type as "machineType", count(*)::int as count,
       max(m.price_micro_usd_per_hour)::float8 as "microUsdPerHour"
  from machine m join kube k on k.id = m.kube_id
 where not k.is_static and m.state not in ('terminated', 'failed') group by 1, 2, 3 order by 1, 2, 3`;

const LAUNCHED = `
select distinct k.region, t as "machineType" from kube k join pool p on p.kube_id = k.id, unnest(p.machine_types) t where k.id = $1`;

/** Of a kube that launches its machines; nothing for others. One small query where nothing is committed to. */
export async function findCommitted(sql: Sql, kubeId: KubeId): Promise<CommittedRecord> {
  const now = new Date();
  const [kube] = await sql.query<{ region: string }>("select region from kube where id = $1 and not is_static", [
    kubeId,
  ]);
  if (kube === undefined) return NOTHING;
  const commitments = await listCommitmentsBetween(sql, now, now);
  if (!commitments.some(({ region }) => region === null || region === kube.region)) return NOTHING;
  const running = await sql.query<RunningMachinesRow>(RUNNING);
  const kinds = new Set(commitments.flatMap(({ kind }) => (kind === "reserved_instances" ? [] : [kind])));
  if (kinds.size === 0) return { commitments, running, rateBooks: [] };
  const launched = await sql.query<{ region: string; machineType: string }>(LAUNCHED, [kubeId]);
  return { commitments, running, rateBooks: await listPlanRates(sql, [...kinds], [...running, ...launched]) };
}
