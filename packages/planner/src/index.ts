export * from "./bill/bill.ts";
export * from "./bill/bill-case.ts";
export { makeBill } from "./bill/make-bill.ts";
export { readBillCase } from "./bill/read-bill-case.ts";
export { showBill } from "./bill/show-bill.ts";
export * from "./check/check-reservations.ts";
export * from "./demand/duration-curve.ts";
export * from "./demand/forecast.ts";
export * from "./demand/representative-hours.ts";
export { type CommitmentUsage, commitmentUsage, joinUsage, type UsageHour } from "./fleet/commitment-usage.ts";
export * from "./fleet/fleet-history.ts";
export { type PlanCost, planCost } from "./ladder/plan-cost.ts";
export * from "./ladder/plan-ladder.ts";
export type {
  DemandClass,
  HeldCommitment,
  PlanFamily,
  PlanningCase,
  Purchase,
  ReservedProduct,
  RiskLimits,
  SavingsPlanProduct,
  Scenario,
  Segment,
} from "./ladder/planning-case.ts";
export { readPlanningCase } from "./ladder/read-planning-case.ts";
export { showPlan } from "./ladder/show-plan.ts";
export { drawWaterfall } from "./savings/draw-waterfall.ts";
export type { FleetLine, SavingsCase } from "./savings/savings-case.ts";
export { describeCommitment, type SavingsPageFacts, savingsPage } from "./savings/savings-page.ts";
export { type SavingsReport, type SavingsStep, savingsReport } from "./savings/savings-report.ts";
export { FAMILIES_OF_FIXED_SIZE, familyAndSize, quarterUnits, type TypeName } from "./terms/size-factor.ts";
