import type { CloudPriceLine, CloudPrices } from "@berth/db";
import { isOfferingClass, roundedToMicroUsd, TERMS } from "@berth/domain";
import type { CloudPlanKind, CloudPlanRate, CloudPriceList } from "@berth/ports";
import { paymentOptionOf } from "../payment-names.ts";

/** What was read of a region, in the lines that an import takes: on demand, reserved, and each kind of savings plan. */
export function priceLines(
  list: CloudPriceList,
  plans: Readonly<Record<CloudPlanKind, readonly CloudPlanRate[]>>,
  origin: { readonly name: string; readonly readOn: string },
): CloudPrices[] {
  const from = `${origin.name} ${origin.readOn}`;
  const ofList = list.edition === "" ? "price list" : `price list ${list.edition}`;
  const onDemand = list.onDemand.map(({ machineType, usdPerHour }) => ({
    machineType,
    rest: roundedToMicroUsd(usdPerHour),
  }));
  const reserved = list.reserved.map(({ machineType, years, offeringClass, payment, upfrontUsd, usdPerHour }) => {
    const [term, option] = [`${years}y`, paymentOptionOf(payment)];
    if (!(term in TERMS) || !isOfferingClass(offeringClass) || option === undefined) return undefined;
    const amounts = [upfrontUsd, usdPerHour].map(roundedToMicroUsd);
    return { machineType, rest: [term, offeringClass, option, ...amounts].join(" ") };
  });
  const planLines = (kind: CloudPlanKind) =>
    plans[kind].map(({ machineType, years, payment, usdPerHour }) => {
      const [term, option] = [`${years}y`, paymentOptionOf(payment)];
      if (!(term in TERMS) || option === undefined) return undefined;
      return { machineType, rest: `${term} ${option} ${roundedToMicroUsd(usdPerHour)}` };
    });
  const rates = `${from} (savings plan rates)`;
  return [
    { kind: "on_demand", source: `${from} (${ofList})`, ...sorted(onDemand) },
    { kind: "reserved_instances", source: `${from} (${ofList})`, ...sorted(reserved) },
    { kind: "compute_savings_plan", source: rates, ...sorted(planLines("compute_savings_plan")) },
    { kind: "ec2_instance_savings_plan", source: rates, ...sorted(planLines("ec2_instance_savings_plan")) },
  ];
}

/** By their text, so that faults come in an order; what is in no words of ours is counted. */
function sorted(lines: readonly (CloudPriceLine | undefined)[]): Pick<CloudPrices, "lines" | "leftOut"> {
  const known = lines.filter((line) => line !== undefined);
  const textOf = ({ machineType, rest }: CloudPriceLine) => `${machineType} ${rest}`;
  return {
    lines: known.toSorted((a, b) => (textOf(a) < textOf(b) ? -1 : 1)),
    leftOut: lines.length - known.length,
  };
}
