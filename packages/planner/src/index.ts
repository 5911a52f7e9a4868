export { backTest, perfectInformationUsd, truthOf } from "./back-test/back-test.ts";
export { type LadderPolicyOptions, ladderPolicy } from "./back-test/ladder-policy.ts";
export * from "./back-test/traces.ts";
export * from "./bill/bill.ts";
export * from "./bill/bill-case.ts";
export { BillTooLarge } from "./bill/bill-too-large.ts";
export { makeBill } from "./bill/make-bill.ts";
export { readBillCase } from "./bill/read-bill-case.ts";
export { showBill } from "./bill/show-bill.ts";
export * from "./check/check-reservations.ts";
export * from "./demand/duration-curve.ts";
export * from "./demand/forecast.ts";
export * from "./demand/representative-hours.ts";
export { type CommitmentUsage, commitmentUsage, joinUsage, type UsageHour } from "./fleet/commitment-usage.ts";
export { type DemandBase, describeDemandBase } from "./fleet/demand-base.ts";
export * from "./fleet/fleet-history.ts";
export type { CommittedFleet } from "./fleet/hour-of-fleet.ts";
export { type MarginalPrice, marginalPrices } from "./fleet/idle-commitments.ts";
export type { LoadHour, PackedKube } from "./fleet/packed-fleet.ts";
export type { ReservedRateBook } from "./fleet/plan-products.ts";
export { type PlannedCommitment, plannedCommitments, type ShownPurchase } from "./fleet/planned-commitments.ts";
export {
  LEAST_HOURS,
  type NoPlanningFile,
  type PlanningFile,
  type PlanningInput,
  planningFile,
} from "./fleet/planning-file.ts";
export { type PurchasePart, purchaseParts } from "./fleet/purchase-parts.ts";
export { type ChangedMachine, savingOfChange } from "./fleet/saving-of-change.ts";
export { type SettledPart, stillToBuy } from "./fleet/still-to-buy.ts";
export { linearBound } from "./ladder/linear-bound.ts";
export { type PlanCost, planCost } from "./ladder/plan-cost.ts";
export * from "./ladder/plan-ladder.ts";
export {
  type DemandClass,
  type HeldCommitment,
  NO_RISK,
  type PlanFamily,
  type PlanningCase,
  type Purchase,
  type ReservedProduct,
  type RiskLimits,
  type SavingsPlanProduct,
  type Scenario,
  type Segment,
} from "./ladder/planning-case.ts";
export { readPlanningCase } from "./ladder/read-planning-case.ts";
export { showPlan } from "./ladder/show-plan.ts";
export { floorRule } from "./rules/floor-rule.ts";
export type { Market, Past, Policy } from "./rules/policy.ts";
export { quantileRule, quantileUnits } from "./rules/quantile-rule.ts";
export { skiRental } from "./rules/ski-rental.ts";
export { drawWaterfall } from "./savings/draw-waterfall.ts";
export type { FleetLine, SavingsCase } from "./savings/savings-case.ts";
export { describeCommitment, type SavingsPageFacts, savingsPage } from "./savings/savings-page.ts";
export { type SavingsReport, type SavingsStep, savingsReport } from "./savings/savings-report.ts";
export { FAMILIES_OF_FIXED_SIZE, familyAndSize, quarterUnits, type TypeName } from "./terms/size-factor.ts";
