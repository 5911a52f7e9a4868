/** How long a commitment runs, in days and clock-hours: exactly so many, also over a leap day (EC2 user guide, reserved instances). */
export const TERMS = {
  "1y": { days: 365, hours: 8_760 },
  "3y": { days: 1_095, hours: 26_280 },
} as const;
export type Term = keyof typeof TERMS;

/** What is paid at the start: nothing, about half, everything. */
export const PAYMENT_OPTIONS = ["no_upfront", "partial_upfront", "all_upfront"] as const;
export type PaymentOption = (typeof PAYMENT_OPTIONS)[number];

/** Of reserved instances. How they apply is the same for both. */
export const OFFERING_CLASSES = ["standard", "convertible"] as const;
export type OfferingClass = (typeof OFFERING_CLASSES)[number];

/** What one commits to: instances of a type, or dollars an hour within a family and region, or anywhere. */
export const COMMITMENT_KINDS = ["reserved_instances", "ec2_instance_savings_plan", "compute_savings_plan"] as const;
export type CommitmentKind = (typeof COMMITMENT_KINDS)[number];

export function isTerm(text: string): text is Term {
  return Object.hasOwn(TERMS, text);
}

export function isPaymentOption(text: string): text is PaymentOption {
  return (PAYMENT_OPTIONS as readonly string[]).includes(text);
}

export function isOfferingClass(text: string): text is OfferingClass {
  return (OFFERING_CLASSES as readonly string[]).includes(text);
}
