export { FAMILIES_OF_FIXED_SIZE, familyAndSize, quarterUnits, type TypeName } from "./terms/size-factor.ts";
export {
  OFFERING_CLASSES,
  type OfferingClass,
  PAYMENT_OPTIONS,
  type PaymentOption,
  TERMS,
  type Term,
} from "./terms/term.ts";
