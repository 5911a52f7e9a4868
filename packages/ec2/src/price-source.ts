import { GetProductsCommand, PricingClient } from "@aws-sdk/client-pricing";
import {
  DescribeSavingsPlansOfferingRatesCommand,
  type SavingsPlanOfferingRate,
  SavingsplansClient,
} from "@aws-sdk/client-savingsplans";
import { type CloudPlanKind, type CloudPlanRate, type CloudPriceList, PortError, type PriceSource } from "@berth/ports";
import type { Ec2CloudOptions } from "./cloud.ts";
import { asPortError } from "./errors.ts";
import { editionOf, readProduct } from "./price-list-product.ts";

export interface AwsPricesOptions extends Pick<Ec2CloudOptions, "credentials" | "requestTimeoutMs" | "maxAttempts"> {
  /** Other endpoints than AWS's own: the simulator's, or a proxy's. */
  readonly pricingEndpoint?: string | undefined;
  readonly savingsPlansEndpoint?: string | undefined;
}

export interface AwsPrices extends PriceSource {
  close(): void;
}

/** Both services know every region's prices and are asked where AWS has them: one region for the first, one in all for the second. */
const SERVICE_REGION = "us-east-1";
const PRODUCTS_PER_PAGE = 100;
const RATES_PER_PAGE = 1000;
const SECONDS_PER_YEAR = 31_536_000;

/** Machines that run Linux, shared, with nothing installed beforehand and no capacity block: one product for each type. */
const LINUX = {
  operatingSystem: "Linux",
  tenancy: "Shared",
  preInstalledSw: "NA",
  capacitystatus: "Used",
  marketoption: "OnDemand",
} as const;

const PLAN_TYPES = {
  compute_savings_plan: "Compute",
  ec2_instance_savings_plan: "EC2Instance",
} as const satisfies Record<CloudPlanKind, string>;

/**
 * AWS's prices through its SDK. The price list has what machines cost on demand and reserved; savings plans have a service of
 * their own. DescribeReservedInstancesOfferings is not asked: it has the same rates, one offer at a time in hundreds of pages.
 */
export function createAwsPrices(options: AwsPricesOptions = {}): AwsPrices {
  const configuration = {
    region: SERVICE_REGION,
    retryMode: "standard",
    maxAttempts: options.maxAttempts ?? 3,
    requestHandler: {
      connectionTimeout: 5000,
      requestTimeout: options.requestTimeoutMs ?? 30_000,
      throwOnRequestTimeout: true,
    },
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
  };
  const { pricingEndpoint, savingsPlansEndpoint } = options;
  const pricing = new PricingClient({
    ...configuration,
    ...(pricingEndpoint === undefined ? {} : { endpoint: pricingEndpoint }),
  });
  const savingsPlans = new SavingsplansClient({
    ...configuration,
    ...(savingsPlansEndpoint === undefined ? {} : { endpoint: savingsPlansEndpoint }),
  });

  return {
    name: pricingEndpoint === undefined && savingsPlansEndpoint === undefined ? "aws" : "aws by another endpoint",
    priceList: async (region) => {
      const filters = Object.entries({ ...LINUX, regionCode: region }).map(([Field, Value]) => ({
        Type: "TERM_MATCH" as const,
        Field,
        Value,
      }));
      const products = await everyPage<string>("GetProducts", async (token) => {
        const { PriceList, NextToken } = await pricing.send(
          new GetProductsCommand({
            ServiceCode: "AmazonEC2",
            FormatVersion: "aws_v1",
            Filters: filters,
            MaxResults: PRODUCTS_PER_PAGE,
            ...(token === undefined ? {} : { NextToken: token }),
          }),
        );
        return { items: (PriceList ?? []).map(String), next: NextToken };
      });
      const read = products.map(readProduct);
      return {
        edition: editionOf(products),
        onDemand: read.flatMap(({ onDemand }) => onDemand),
        reserved: read.flatMap(({ reserved }) => reserved),
      } satisfies CloudPriceList;
    },

    planRates: async (region, kind) => {
      const rates = await everyPage("DescribeSavingsPlansOfferingRates", async (token) => {
        const { searchResults, nextToken } = await savingsPlans.send(
          new DescribeSavingsPlansOfferingRatesCommand({
            savingsPlanTypes: [PLAN_TYPES[kind]],
            products: ["EC2"],
            serviceCodes: ["AmazonEC2"],
            operations: ["RunInstances"],
            filters: [
              { name: "region", values: [region] },
              { name: "tenancy", values: ["shared"] },
              { name: "productDescription", values: ["Linux/UNIX"] },
            ],
            maxResults: RATES_PER_PAGE,
            ...(token === undefined ? {} : { nextToken: token }),
          }),
        );
        return { items: searchResults ?? [], next: nextToken };
      });
      return rates.filter(isOfRunningMachine).map(toPlanRate);
    },

    close: () => {
      pricing.destroy();
      savingsPlans.destroy();
    },
  };
}

/** Of an endpoint that gives a page's token twice, as one that reads no tokens does, there would be no end. */
async function everyPage<T>(
  action: string,
  read: (token: string | undefined) => Promise<{ readonly items: readonly T[]; readonly next: string | undefined }>,
): Promise<T[]> {
  const all: T[] = [];
  const seen = new Set<string>();
  let token: string | undefined;
  do {
    try {
      const { items, next } = await read(token);
      all.push(...items);
      token = next === "" ? undefined : next;
    } catch (error) {
      throw asPortError(error, action);
    }
    if (token !== undefined && seen.has(token)) {
      throw new PortError("unavailable", `${action}: its pages go in a circle, ${all.length} entries were read`);
    }
    if (token !== undefined) seen.add(token);
  } while (token !== undefined);
  return all;
}

/** Capacity that is reserved and not used has rates too, under usage types of its own. */
function isOfRunningMachine({ usageType }: SavingsPlanOfferingRate): boolean {
  return /(^|-)BoxUsage:/.test(usageType ?? "");
}

function toPlanRate({ savingsPlanOffering, rate, properties }: SavingsPlanOfferingRate): CloudPlanRate {
  return {
    machineType: properties?.find(({ name }) => name === "instanceType")?.value ?? "",
    years: (savingsPlanOffering?.durationSeconds ?? 0) / SECONDS_PER_YEAR,
    payment: savingsPlanOffering?.paymentOption ?? "",
    usdPerHour: rate ?? "",
  };
}
