import { EXPIRY_ALARM_DAYS, type IdSource } from "@berth/domain";
import type { Database } from "./database.ts";
import { appendPlatformEvent } from "./events.ts";
import { transaction } from "./transaction.ts";

/** A commitment that ends within so many days. */
export interface ExpiryAlarm {
  readonly id: string;
  readonly days: (typeof EXPIRY_ALARM_DAYS)[number];
  readonly endsAt: Date;
}

/**
 * Tells the platform's organizations of commitments that end: each once at 60, at 30 and at 7 days ahead, or at the nearest
 * of them for one that is known only later. Any worker does it, as often as it likes. Gives what was told.
 */
export function alarmExpiries(database: Database, ids: IdSource): Promise<ExpiryAlarm[]> {
  return transaction(database, async (tx) => {
    const alarms = await tx.query<ExpiryAlarm>(
      `update commitment c set alarmed_days = due.days
         from (select id, (select min(d) from unnest($1::int[]) d where ends_at <= now() + d * interval '1 day') as days
                 from commitment where ends_at > now() order by id for update) due
        where c.id = due.id and due.days < coalesce(c.alarmed_days, due.days + 1)
       returning c.id, due.days, c.ends_at as "endsAt"`,
      [EXPIRY_ALARM_DAYS],
    );
    for (const { id, days, endsAt } of alarms.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
      await appendPlatformEvent(tx, ids, {
        type: "commitment.expiring",
        targetType: "commitment",
        targetId: id,
        data: { days, endsAt: endsAt.toISOString() },
      });
    }
    return alarms;
  });
}
