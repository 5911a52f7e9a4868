import type { PRICE_BOOK_KINDS } from "@berth/contract";
import { usageFailure } from "../../../failure.ts";

export type PriceBookKind = (typeof PRICE_BOOK_KINDS)[number];

export interface PriceFile {
  readonly source: string | undefined;
  /** By region: a machine type and what it costs on each line, as the API takes them. */
  readonly prices: ReadonlyMap<string, string>;
}

/** The API takes no longer one. */
const LONGEST_SOURCE = 1000;

const SHAPES: Readonly<Record<PriceBookKind, string>> = {
  on_demand: '{"us-east-1": {"m7i.large": 0.1008}}',
  reserved_instances: '{"us-east-1": {"m7i.large": {"1y": {"standard": {"no": [0, 0.06668]}}}}}',
  ec2_instance_savings_plan: '{"us-east-1": {"m7i.large": {"1y": {"no": 0.06668}}}}',
  compute_savings_plan: '{"us-east-1": {"m7i.large": {"1y": {"no": 0.0726}}}}',
};

/** The short words of a payment option, which price files use. */
const PAYMENT_OPTIONS: ReadonlyMap<string, string> = new Map([
  ["no", "no_upfront"],
  ["partial", "partial_upfront"],
  ["all", "all_upfront"],
]);

/**
 * Reads `{ meta: { source, asOf, sources }, regions: { region: { type: … } } }`: for a type its price in dollars an hour, of
 * reserved instances `{ term: { class: { payment: [upfront, hourly, label] } } }`, of savings plans `{ term: { payment: rate } }`.
 * Whether a price can be meant is for the API to say: what is in the file is sent as it is written there.
 *
 * A label, which may be left out, is `estimate` or a key of `meta.sources`. Of a source whose `split` is not exact the partly
 * upfront rates are estimates: what is paid at the start and an hour was made of the two together.
 */
export function readPriceFile(text: string, except: readonly string[], kind: PriceBookKind = "on_demand"): PriceFile {
  const { meta, regions } = parse(text);
  const { source, asOf, sources } = fieldsOf(meta) ?? {};
  const isEstimate = labelReader(fieldsOf(sources) ?? {});
  const known = [source, asOf === undefined ? undefined : `(${asOf})`].filter((part) => typeof part === "string");
  const prices = new Map<string, string>();
  for (const [region, byType] of Object.entries(fieldsOf(regions) ?? {})) {
    const lines = Object.entries(fieldsOf(byType) ?? {})
      .filter(([machineType]) => !except.includes(machineType))
      .flatMap(([machineType, price]) =>
        linesOf(price, kind, isEstimate).map((line) => `${asWritten(machineType)} ${line}\n`),
      );
    prices.set(region, lines.join(""));
  }
  if (prices.size === 0) {
    throw usageFailure("the file has no prices", `It is JSON as {"regions": ${SHAPES[kind]}}.`);
  }
  return { source: known.length === 0 ? undefined : known.join(" ").slice(0, LONGEST_SOURCE), prices };
}

/** One word as the file has it: what is none is shown as what it is, to be refused, and becomes no line of its own. */
function asWritten(value: unknown): string {
  const isWord = typeof value === "number" || (typeof value === "string" && /^\S+$/.test(value));
  return isWord ? `${value}` : (JSON.stringify(value) ?? "none");
}

const paymentOf = (payment: string) => PAYMENT_OPTIONS.get(payment) ?? asWritten(payment);

/** What follows the machine type, on each of its lines. */
function linesOf(price: unknown, kind: PriceBookKind, isEstimate: LabelReader): string[] {
  if (kind === "on_demand") return [asWritten(price)];
  return entriesOf(price, kind).flatMap(([term, byOffer]) =>
    kind === "reserved_instances"
      ? entriesOf(byOffer, kind).flatMap(([offeringClass, byPayment]) =>
          entriesOf(byPayment, kind).map(([payment, rate]) => {
            const [upfront, hourly, label] = Array.isArray(rate) ? rate : [];
            const word = isEstimate(label, payment) ? " estimate" : "";
            const offer = `${asWritten(term)} ${asWritten(offeringClass)} ${paymentOf(payment)}`;
            return `${offer} ${asWritten(upfront)} ${asWritten(hourly)}${word}`;
          }),
        )
      : entriesOf(byOffer, kind).map(
          ([payment, rate]) => `${asWritten(term)} ${paymentOf(payment)} ${asWritten(rate)}`,
        ),
  );
}

type LabelReader = (label: unknown, payment: string) => boolean;

function labelReader(sources: Readonly<Record<string, unknown>>): LabelReader {
  return (label, payment) => {
    if (label === undefined) return false;
    if (label === "estimate") return true;
    const { split } = fieldsOf(sources[String(label)]) ?? {};
    if (typeof split !== "string") {
      throw usageFailure(
        `the file labels a rate ${JSON.stringify(label)}, which is neither "estimate" nor a source of meta.sources with a split`,
        'Whether a rate is real must be said: as [0, 0.06668, "a"] with {"meta": {"sources": {"a": {"split": "exact"}}}}.',
      );
    }
    return payment.startsWith("partial") && !split.startsWith("exact");
  };
}

function entriesOf(value: unknown, kind: PriceBookKind): [string, unknown][] {
  const fields = fieldsOf(value);
  if (fields === undefined) {
    throw usageFailure(`the file has no rates of the kind ${kind}`, `It is JSON as {"regions": ${SHAPES[kind]}}.`);
  }
  return Object.entries(fields);
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
