import type { PriceReading } from "@berth/contract";
import type { PriceReadingRow } from "@berth/db";
import { iso, isoOrNull } from "../http/wire.ts";

export function toPriceReadingBody(row: PriceReadingRow): PriceReading {
  return {
    id: row.id,
    region: row.region,
    except: [...row.exceptTypes],
    books: row.books.map(({ kind, outcome, version, leftOut, faults, faultCount }) => ({
      kind,
      outcome,
      version,
      left_out: leftOut,
      faults: [...faults],
      fault_count: faultCount,
    })),
    waiting_for: [...row.waitingFor],
    asked_at: isoOrNull(row.askedAt),
    read_at: isoOrNull(row.readAt),
    next_at: isoOrNull(row.nextCheckAt),
    created_at: iso(row.createdAt),
  };
}
