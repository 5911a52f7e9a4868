import type {
  ClusterId,
  KubeId,
  MachineId,
  PackingStudyId,
  PriceReadingId,
  ReservationPlanId,
  ReservationPurchaseId,
  RunId,
} from "@berth/domain";
import { isId } from "@berth/domain";
import type { LoopName } from "@berth/ports";
import { type ClusterLoopDeps, reconcileCluster } from "./clusters/reconcile.ts";
import { type MachineLoopDeps, reconcileMachine } from "./machines/reconcile.ts";
import { type PlacementLoopDeps, reconcilePlacement } from "./placement/reconcile.ts";
import { type PriceLoopDeps, reconcilePriceReading } from "./prices/reconcile.ts";
import { type PurchaseLoopDeps, reconcilePurchase } from "./purchases/reconcile.ts";
import { type RebalanceLoopDeps, reconcileRebalance } from "./rebalance/reconcile.ts";
import { type ReservationLoopDeps, reconcileReservationPlan } from "./reservations/reconcile.ts";
import { reconcileStudy, type StudyLoopDeps } from "./studies/reconcile.ts";

export interface LoopDeps {
  readonly clusters: ClusterLoopDeps;
  readonly placement: PlacementLoopDeps;
  readonly machines: MachineLoopDeps;
  readonly rebalance: RebalanceLoopDeps;
  readonly studies: StudyLoopDeps;
  readonly reservations: ReservationLoopDeps;
  readonly purchases: PurchaseLoopDeps;
  readonly prices: PriceLoopDeps;
}

export interface Loop {
  readonly name: LoopName;
  /** Runs at a time in one worker. */
  readonly concurrency: number;
  readonly run: (id: string, runId: RunId) => Promise<void>;
}

/** All loops: what a job of each queue does. An id that is none of ours is a job of another version: nothing is done. */
export function loopTable(deps: LoopDeps): readonly Loop[] {
  return [
    {
      name: "clusters",
      concurrency: 24,
      run: async (id, runId) => {
        if (isId("cluster", id)) await reconcileCluster(deps.clusters, id satisfies ClusterId, runId);
      },
    },
    {
      name: "placement",
      concurrency: 4,
      run: async (id, runId) => {
        if (isId("kube", id)) await reconcilePlacement(deps.placement, id satisfies KubeId, runId);
      },
    },
    {
      name: "machines",
      concurrency: 24,
      run: async (id, runId) => {
        if (isId("machine", id)) await reconcileMachine(deps.machines, id satisfies MachineId, runId);
      },
    },
    {
      name: "rebalance",
      concurrency: 1,
      run: async (id, runId) => {
        if (isId("kube", id)) await reconcileRebalance(deps.rebalance, id satisfies KubeId, runId);
      },
    },
    {
      name: "studies",
      // Each takes a core for as long as it runs.
      concurrency: 1,
      run: async (id, runId) => {
        if (isId("packingStudy", id)) await reconcileStudy(deps.studies, id satisfies PackingStudyId, runId);
      },
    },
    {
      name: "reservations",
      // Each takes a core for as long as it is solved.
      concurrency: 1,
      run: async (id, runId) => {
        if (isId("reservationPlan", id))
          await reconcileReservationPlan(deps.reservations, id satisfies ReservationPlanId, runId);
      },
    },
    {
      name: "purchases",
      concurrency: 1,
      run: async (id, runId) => {
        if (isId("reservationPurchase", id))
          await reconcilePurchase(deps.purchases, id satisfies ReservationPurchaseId, runId);
      },
    },
    {
      name: "prices",
      // A region's list is some megabytes.
      concurrency: 1,
      run: async (id, runId) => {
        if (isId("priceReading", id)) await reconcilePriceReading(deps.prices, id satisfies PriceReadingId, runId);
      },
    },
  ];
}
