export { type NamespaceSweepDeps, sweepNamespaces } from "./clusters/orphans.ts";
export { readOnly } from "./effects.ts";
export { measureUsage } from "./measure-usage.ts";
export { reconcilePlacement } from "./placement/reconcile.ts";
export { type PriceLoopDeps, reconcilePriceReading } from "./prices/reconcile.ts";
export { type PurchaseLoopDeps, reconcilePurchase } from "./purchases/reconcile.ts";
export { observeReservations } from "./reservations/observe.ts";
export { samplePacking } from "./sample-packing.ts";
export { startWorker, type Worker, type WorkerConfig } from "./start-worker.ts";
