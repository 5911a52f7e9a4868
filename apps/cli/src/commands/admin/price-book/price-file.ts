import { usageFailure } from "../../../failure.ts";

export interface PriceFile {
  readonly source: string | undefined;
  /** By region: a machine type and its price on each line, as the API takes them. */
  readonly prices: ReadonlyMap<string, string>;
}

/** The API takes no longer one. */
const LONGEST_SOURCE = 1000;

/**
 * Reads `{ meta: { source, asOf }, regions: { region: { type: dollars } } }`. Whether a price can be meant is for the API to
 * say: what is in the file is sent as it is written there.
 */
export function readPriceFile(text: string, except: readonly string[]): PriceFile {
  const { meta, regions } = parse(text);
  const { source, asOf } = fieldsOf(meta) ?? {};
  const known = [source, asOf === undefined ? undefined : `(${asOf})`].filter((part) => typeof part === "string");
  const prices = new Map<string, string>();
  for (const [region, byType] of Object.entries(fieldsOf(regions) ?? {})) {
    const lines = Object.entries(fieldsOf(byType) ?? {})
      .filter(([machineType]) => !except.includes(machineType))
      .map(([machineType, price]) => `${machineType} ${price}\n`);
    prices.set(region, lines.join(""));
  }
  if (prices.size === 0) {
    throw usageFailure("the file has no prices", 'It is JSON as {"regions": {"us-east-1": {"m7i.large": 0.1008}}}.');
  }
  return { source: known.length === 0 ? undefined : known.join(" ").slice(0, LONGEST_SOURCE), prices };
}

function parse(text: string): { readonly meta?: unknown; readonly regions?: unknown } {
  try {
    return fieldsOf(JSON.parse(text)) ?? {};
  } catch (error) {
    throw usageFailure(`the file is no JSON: ${(error as Error).message}`);
  }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}
