import type { PaymentOption } from "@berth/domain";

/** AWS's names of how reserved instances and savings plans are paid. */
export const PAYMENT_NAMES: Readonly<Record<PaymentOption, string>> = {
  no_upfront: "No Upfront",
  partial_upfront: "Partial Upfront",
  all_upfront: "All Upfront",
};

const OPTIONS = new Map(Object.entries(PAYMENT_NAMES).map(([option, name]) => [name, option as PaymentOption]));

/** Undefined for a name that AWS has not. */
export function paymentOptionOf(name: string): PaymentOption | undefined {
  return OPTIONS.get(name);
}
