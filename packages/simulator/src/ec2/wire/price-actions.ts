import type { IncomingMessage } from "node:http";
import { Ec2Error } from "../error.ts";
import type { Ec2Model } from "../model.ts";
import { type Page, paginate } from "../paginate.ts";
import type { PlanRate, PricedType } from "../prices.ts";

/** A call as JSON: what it asks for is read as far as the adapter asks it. */
type JsonAction = (model: Ec2Model, asked: Readonly<Record<string, unknown>>) => object;

/** The edition that the simulated price list says that it is: plainly none of AWS's. */
export const SIMULATED_EDITION = "simulated";

/** Linux, shared, nothing installed: all that the model prices. */
const ATTRIBUTES = {
  servicecode: "AmazonEC2",
  operatingSystem: "Linux",
  tenancy: "Shared",
  preInstalledSw: "NA",
  capacitystatus: "Used",
  marketoption: "OnDemand",
} as const;

/** The action of a request to one of the JSON services, or undefined for EC2's own protocol. */
export function jsonActionOf({ headers, url }: IncomingMessage): JsonAction | undefined {
  if (headers["x-amz-target"] === "AWSPriceListService.GetProducts") return getProducts;
  return url === "/DescribeSavingsPlansOfferingRates" ? describeOfferingRates : undefined;
}

export function jsonError(code: string, message: string): string {
  return JSON.stringify({ __type: code, message });
}

const getProducts: JsonAction = (model, asked) => {
  const filters = list(asked.Filters) as readonly { readonly Field?: string; readonly Value?: string }[];
  const passes = (attributes: Readonly<Record<string, string>>) =>
    filters.every(({ Field = "", Value }) => attributes[Field] === Value);
  const chosen = model
    .priceList()
    .filter(({ instanceType }) => passes({ ...ATTRIBUTES, instanceType, regionCode: model.region }));
  const page = pageOf(chosen, ({ instanceType }) => instanceType, asked.MaxResults, asked.NextToken, 100);
  return {
    FormatVersion: "aws_v1",
    PriceList: page.items.map((one) => productText(one, model.region)),
    NextToken: page.nextToken,
  };
};

const describeOfferingRates: JsonAction = (model, asked) => {
  const filters = list(asked.filters) as readonly { readonly name?: string; readonly values?: readonly string[] }[];
  const properties: Readonly<Record<string, string>> = {
    region: model.region,
    tenancy: "shared",
    productDescription: "Linux/UNIX",
  };
  const isSold = filters.every(({ name = "", values }) => list(values).includes(properties[name]));
  const rates = isSold ? list(asked.savingsPlanTypes).flatMap((type) => model.planRates(String(type))) : [];
  // As AWS: reserved capacity that nobody uses has the same rates.
  const rows = rates.flatMap((rate) =>
    ["BoxUsage", "UnusedBox"].map((usage) => ({ usageType: `${usage}:${rate.instanceType}`, rate })),
  );
  const keyed = rows.map((row, index) => ({ ...row, key: String(index).padStart(8, "0") }));
  const page = pageOf(keyed, ({ key }) => key, asked.maxResults, asked.nextToken, 1000);
  return {
    searchResults: page.items.map(({ rate, usageType }) => offeringRate(rate, usageType, properties)),
    nextToken: page.nextToken,
  };
};

function pageOf<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  size: unknown,
  token: unknown,
  high: number,
): Page<T> {
  if (size !== undefined && typeof size !== "number") throw new Ec2Error("ValidationException", "not a number");
  const nextToken = token === undefined ? undefined : String(token);
  return paginate(items, keyOf, { maxResults: size, nextToken }, { low: 1, high });
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const usd = (price: number) => ({ USD: price.toFixed(10) });

function productText({ instanceType, usdPerHour, reserved }: PricedType, regionCode: string): string {
  const sku = `SIMULATED.${instanceType}`;
  const hourly = (price: number) => ({ unit: "Hrs", pricePerUnit: usd(price) });
  return JSON.stringify({
    product: { sku, productFamily: "Compute Instance", attributes: { ...ATTRIBUTES, instanceType, regionCode } },
    serviceCode: "AmazonEC2",
    terms: {
      OnDemand: { [`${sku}.1`]: { sku, priceDimensions: { [`${sku}.1.1`]: hourly(usdPerHour) } } },
      ...(reserved.length > 0 && {
        Reserved: Object.fromEntries(
          reserved.map(({ id, durationSeconds, offeringType, fixedPrice, hourlyPrice }) => [
            `${sku}.${id}`,
            {
              sku,
              priceDimensions: {
                [`${sku}.${id}.1`]: hourly(hourlyPrice),
                ...(fixedPrice > 0 && {
                  [`${sku}.${id}.2`]: { unit: "Quantity", pricePerUnit: { USD: String(fixedPrice) } },
                }),
              },
              termAttributes: {
                LeaseContractLength: `${durationSeconds / 31_536_000}yr`,
                OfferingClass: "standard",
                PurchaseOption: offeringType,
              },
            },
          ]),
        ),
      }),
    },
    version: SIMULATED_EDITION,
  });
}

function offeringRate(
  { instanceType, planType, durationSeconds, paymentOption, usdPerHour }: PlanRate,
  usageType: string,
  properties: Readonly<Record<string, string>>,
) {
  return {
    savingsPlanOffering: { offeringId: "simulated", paymentOption, planType, durationSeconds, currency: "USD" },
    rate: usdPerHour.toFixed(5),
    unit: "Hrs",
    productType: "EC2",
    serviceCode: "AmazonEC2",
    usageType,
    operation: "RunInstances",
    properties: Object.entries({ ...properties, instanceType }).map(([name, value]) => ({ name, value })),
  };
}
