import type { BillLine } from "./bill.ts";
import { BillTooLarge, MOST_LINES } from "./bill-too-large.ts";
import type { Fraction } from "./fraction.ts";
import type { RunningMachines, RunningService } from "./running.ts";

type OpenLine = { -readonly [K in keyof BillLine]: BillLine[K] };

/** Lines as hours are billed one after the other: those of hours in a row that differ in nothing else are one. */
export class LineList {
  readonly #lines: OpenLine[] = [];
  #before = new Map<string, OpenLine>();
  #now = new Map<string, OpenLine>();
  #hour = Number.NEGATIVE_INFINITY;

  /** In the order of hours, and all of a range of hours before those of the next. Throws BillTooLarge. */
  add(line: BillLine): void {
    if (line.fromHour !== this.#hour) {
      this.#before = this.#now;
      this.#now = new Map();
      this.#hour = line.fromHour;
    }
    const key = keyOf(line);
    const open = line.kind === "upfront" ? undefined : this.#before.get(key);
    if (open !== undefined && open.fromHour + open.hours === line.fromHour) {
      open.hours += line.hours;
      open.nanoUsd += line.nanoUsd;
      open.effectiveNanoUsd += line.effectiveNanoUsd;
      this.#now.set(key, open);
      return;
    }
    if (this.#lines.length === MOST_LINES) {
      const limit = `must have at most ${MOST_LINES} lines in its bill, and has more by hour ${line.fromHour}`;
      throw new BillTooLarge(`the case ${limit}: bill fewer hours at once`);
    }
    const own = { ...line };
    this.#lines.push(own);
    this.#now.set(key, own);
  }

  get lines(): readonly BillLine[] {
    return this.#lines;
  }
}

/** What an hour's line is of, and how much: prices are the same for the same product, and services have their own. */
function keyOf({ kind, account, commitment, use, quantity, unitPicoUsd }: BillLine): string {
  return [kind, account, commitment ?? "", use === undefined ? "" : useKey(use), amount(quantity), unitPicoUsd].join(
    "\n",
  );
}

function useKey(use: RunningMachines | RunningService): string {
  if ("service" in use) return JSON.stringify([use.service, String(use.onDemandPicoUsd), ratesKey(use)]);
  return JSON.stringify([use.region, use.zone, use.machineType, use.platform, use.tenancy]);
}

function ratesKey({ planRates }: RunningService): readonly string[] {
  return [...planRates].map(([card, rate]) => `${card} ${rate}`).toSorted();
}

function amount({ over, under }: Fraction): string {
  return `${over}/${under}`;
}
