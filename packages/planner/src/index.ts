export * from "./bill/bill.ts";
export * from "./bill/bill-case.ts";
export { makeBill } from "./bill/make-bill.ts";
export { readBillCase } from "./bill/read-bill-case.ts";
export { showBill } from "./bill/show-bill.ts";
export { type CommitmentUsage, commitmentUsage, joinUsage, type UsageHour } from "./fleet/commitment-usage.ts";
export * from "./fleet/fleet-history.ts";
export { FAMILIES_OF_FIXED_SIZE, familyAndSize, quarterUnits, type TypeName } from "./terms/size-factor.ts";
