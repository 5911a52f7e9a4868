import type {
  KubeRecord,
  Leases,
  LiveLease,
  NewDecision,
  NewMachine,
  PlacementStore,
  PlacementVerdict,
} from "@berth/db";
import { type DecisionId, type InstanceId, type KubeId, ok } from "@berth/domain";

/** What one look of the placement loop stored: nothing of the sort where nothing waited. */
export interface StoredPlan {
  readonly machines: readonly NewMachine[];
  readonly decisions: readonly NewDecision[];
}

/** The rows of one kube in memory, as the placement loop reads and writes them. */
export interface StateStore {
  readonly store: PlacementStore;
  readonly leases: Leases;
  readonly machines: KubeRecord["machines"][number][];
  readonly instances: KubeRecord["instances"][number][];
  /** In the order in which they were stored. */
  readonly plans: StoredPlan[];
  /** Decisions whose gates were lifted. */
  readonly lifted: Set<DecisionId>;
  /** The last decision of each instance that was executed, and kube-scheduler's answer to it. */
  readonly answers: Map<InstanceId, { readonly decision: NewDecision; verdict: PlacementVerdict | undefined }>;
  /** How often the answer was this. */
  readonly verdicts: Map<PlacementVerdict, number>;
  /** What the loop recorded as its failures. */
  readonly failures: string[];
}

export function createStateStore(
  kube: Pick<KubeRecord, "id" | "region" | "pools" | "offerings"> & { readonly apiServerUrl: string },
): StateStore {
  const machines: KubeRecord["machines"][number][] = [];
  const instances: KubeRecord["instances"][number][] = [];
  const plans: StoredPlan[] = [];
  const lifted = new Set<DecisionId>();
  const answers: StateStore["answers"] = new Map();
  const verdicts: StateStore["verdicts"] = new Map();
  const failures: string[] = [];

  const store: PlacementStore = {
    findKube: async (id: KubeId) => ({
      ...kube,
      id,
      isStatic: false,
      waitingFor: [],
      failures: 0,
      wakes: 0,
      observed: [],
      lost: [],
      moving: [],
      emptying: [],
      committed: { commitments: [], running: [], rateBooks: [] },
      poolsChangedAt: {},
      machines: [...machines],
      instances: [...instances],
    }),
    findFruitlessLaunches: async () => [],
    recordPlan: async (_lease, _kubeId, planned, decisions) => {
      plans.push({ machines: planned, decisions });
      for (const { id, alternatives: _, ...machine } of planned) {
        machines.push({ ...machine, machineId: id, state: "booting" });
      }
      for (const decision of decisions) {
        if (decision.outcome !== "refused") answers.set(decision.instanceId, { decision, verdict: undefined });
      }
      return ok(true);
    },
    recordBrought: async () => undefined,
    recordExecuted: async (_lease, decisionIds) => {
      for (const id of decisionIds) lifted.add(id);
    },
    recordVerdicts: async (_lease, seen) =>
      seen.flatMap(({ instanceId, verdict }) => {
        const answer = answers.get(instanceId);
        if (answer === undefined || answer.verdict !== undefined || !lifted.has(answer.decision.id)) return [];
        answer.verdict = verdict;
        verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
        return [verdict];
      }),
    recordKube: async (_lease, _id, { message }) => {
      if (message !== undefined) failures.push(message);
    },
  };
  return { store, leases: { withLease }, machines, instances, plans, lifted, answers, verdicts, failures };
}

/** Nobody else is there to hold it. */
async function withLease<T>(name: string, work: (lease: LiveLease) => Promise<T>): Promise<T> {
  const { signal } = new AbortController();
  return work({ name, holder: "test", epoch: 1n, signal, ensureHeld: () => undefined });
}
