import { type CloudPrice, type CloudReservedRate, PortError } from "@berth/ports";

/** A product of AWS's price list in the format aws_v1, as far as it is read here. */
interface Product {
  readonly version?: string;
  readonly product?: { readonly attributes?: { readonly instanceType?: string } };
  readonly terms?: Partial<Record<"OnDemand" | "Reserved", Readonly<Record<string, Term>>>>;
}

interface Term {
  readonly priceDimensions?: Readonly<Record<string, Dimension>>;
  readonly termAttributes?: {
    /** As `1yr`. */
    readonly LeaseContractLength?: string;
    readonly OfferingClass?: string;
    readonly PurchaseOption?: string;
  };
}

interface Dimension {
  /** `Hrs` for what is paid by the hour, `Quantity` for what is paid at the start. */
  readonly unit?: string;
  readonly pricePerUnit?: { readonly USD?: string };
}

/** One product, which is a text of JSON: what its type costs on demand, and reserved. A price that is not there is an empty text. */
export function readProduct(text: string): {
  readonly onDemand: readonly CloudPrice[];
  readonly reserved: readonly CloudReservedRate[];
} {
  const { product, terms } = parse(text);
  const machineType = product?.attributes?.instanceType ?? "";
  return {
    onDemand: Object.values(terms?.OnDemand ?? {}).map((term) => ({
      machineType,
      usdPerHour: priceOf(term, "Hrs", ""),
    })),
    reserved: Object.values(terms?.Reserved ?? {}).map((term) => ({
      machineType,
      years: Number.parseInt(term.termAttributes?.LeaseContractLength ?? "0", 10),
      offeringClass: term.termAttributes?.OfferingClass ?? "",
      payment: term.termAttributes?.PurchaseOption ?? "",
      upfrontUsd: priceOf(term, "Quantity", "0"),
      usdPerHour: priceOf(term, "Hrs", "0"),
    })),
  };
}

/** The version that products say that their list has: the last, where pages are of two. */
export function editionOf(products: readonly string[]): string {
  return (
    products
      .map((text) => parse(text).version ?? "")
      .toSorted()
      .at(-1) ?? ""
  );
}

/** `without` is what a term costs that has no dimension of the unit. */
function priceOf({ priceDimensions }: Term, unit: string, without: string): string {
  const dimension = Object.values(priceDimensions ?? {}).find((one) => one.unit === unit);
  return dimension === undefined ? without : (dimension.pricePerUnit?.USD ?? "");
}

function parse(text: string): Product {
  try {
    return JSON.parse(text) as Product;
  } catch (error) {
    throw new PortError("unavailable", "GetProducts: a product that is no JSON", { cause: error });
  }
}
