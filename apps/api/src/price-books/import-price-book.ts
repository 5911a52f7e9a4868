import type { ImportedPriceBook, ImportPriceBookBody } from "@berth/contract";
import { auditPriceBook, findPriceBook, insertPriceBook, insertRateBook, lockPrices, type PrismaTx } from "@berth/db";
import {
  err,
  type OrganizationId,
  ok,
  type PriceFault,
  type RateFault,
  type Result,
  readPriceList,
  readRateList,
} from "@berth/domain";
import type { ApiDeps } from "../deps.ts";
import type { Refusal } from "../http/refusal.ts";
import { toPriceBookBody } from "./wire.ts";

/** A list of another kind altogether has a fault on each line: the first say so. */
const FAULTS_TOLD = 100;

/** Stores a price list as its region's next book and lets it hold, or refuses it by type and rule. One transaction, the caller's. */
export async function importPriceBook(
  deps: ApiDeps,
  tx: PrismaTx,
  request: {
    readonly body: ImportPriceBookBody;
    readonly organizationId: OrganizationId;
    readonly actor: string;
    readonly requestId: string;
  },
): Promise<Result<ImportedPriceBook, Refusal>> {
  const { body, ...by } = request;
  const { region, source, kind } = body;
  const known = await lockPrices(tx, region);
  const id = deps.ids.next("priceBook");
  const book = { id, region, source };
  let changed = 0;
  if (kind === "on_demand") {
    const prices = readPriceList(body.prices, known);
    if (!prices.ok) return err(refusalOf(prices.error));
    changed = await insertPriceBook(tx, { ...book, prices: prices.value });
  } else {
    const rates = readRateList(body.prices, kind, known.last);
    if (!rates.ok) return err(refusalOf(rates.error));
    await insertRateBook(tx, { ...book, kind, rates: rates.value });
  }
  const stored = await findPriceBook(tx, id);
  if (stored === undefined) throw new Error(`${id} was stored a moment ago`);
  await auditPriceBook(tx, deps.ids, by, stored, changed);
  return ok({ ...toPriceBookBody(stored), changed_offerings: changed });
}

function refusalOf(faults: readonly (PriceFault | RateFault)[]): Refusal {
  const errors = faults.slice(0, FAULTS_TOLD).map(({ machineType, rule, detail }) => ({
    pointer: "/prices",
    code: rule,
    detail: `${machineType}: ${detail} (${rule})`,
  }));
  const more = faults.length > 1 ? `, and ${faults.length - 1} more` : "";
  return { code: "validation_failed", detail: `${errors[0]?.detail}${more}`, errors };
}
