import { randomUUID } from "node:crypto";
import { idFromUuid, type ReservationPurchaseId } from "@berth/domain";
import { describe, expect, it, vi } from "vitest";
import { waitFor } from "../wait-for.ts";
import { replaceDeadWorkers } from "./replace-dead-workers.ts";
import type { Platform } from "./start-platform.ts";
import { withPlatform } from "./with-platform.ts";
import type { SimulatedPlatformWorld } from "./world.ts";

const LONG_MS = 120_000;
// They wait more than they work.
vi.setConfig({ maxConcurrency: 4 });

/** Where the worker is killed, and whether EC2 has sold by then. */
const POINTS = [
  ["purchases.ask:recorded", false],
  ["purchases.buy:before", false],
  ["purchases.buy:answered", true],
  ["purchases.buy:recorded", true],
] as const;

describe.concurrent("the worker is killed while it buys what a plan wants", { timeout: 2 * LONG_MS }, () => {
  it.each(POINTS)("at %s: nothing is bought twice, and what was bought is found", (point, isSold) =>
    withPlatform({ workerEnv: { BERTH_CRASH_AT: point } }, async (platform, world) => {
      const replacing = replaceDeadWorkers(platform);
      try {
        const id = await wantOne(platform, world);
        const settled = await waitFor(
          async () => {
            const seen = await look(platform, id);
            const isSettled = seen.state === "bought" || seen.guards.includes("purchase_unsettled");
            return replacing.ends().length > 0 && isSettled ? seen : undefined;
          },
          { timeoutMs: LONG_MS, what: "the purchase to be settled or looked for" },
        );
        const sold = world.simulated.world.ec2.describeReserved();
        expect(sold.map(({ instanceCount }) => instanceCount)).toEqual(isSold ? [4] : []);
        expect(settled).toEqual(
          isSold
            ? { state: "bought", externalId: sold[0]?.id, guards: [] }
            : { state: "buying", externalId: null, guards: ["purchase_unsettled"] },
        );
      } finally {
        replacing.stop();
      }
      expect(replacing.ends()).toEqual(["signal SIGKILL"]);
    }),
  );
});

/** Four reserved instances of an approved plan, due now, at what EC2 asks, in a pool that lets them be bought. */
async function wantOne({ database }: Platform, world: SimulatedPlatformWorld): Promise<ReservationPurchaseId> {
  const id = idFromUuid("reservationPurchase", randomUUID()) as ReservationPurchaseId;
  const [pool] = await database.query<{ region: string; machineType: string }>(
    `update pool p set reservation_purchases = 'on' from kube k where k.id = p.kube_id
     returning k.region, p.machine_types[1] as "machineType"`,
  );
  const offer = world.simulated.world.ec2
    .describeReservedOfferings(pool?.machineType ?? "")
    .find(({ offeringType, durationSeconds }) => offeringType === "No Upfront" && durationSeconds === 31_536_000);
  await database.query(
    `insert into reservation_purchase (id, plan_id, purchase, part, product, region, machine_type, count, offering_class, term,
                                       payment_option, upfront_micro_usd, hourly_micro_usd, due_at, next_check_at)
     values ($1, $1, 0, 0, 'a product', $2, $3, 4, 'standard', '1y', 'no_upfront', 0, $4, now(), now())`,
    [id, pool?.region, pool?.machineType, Math.ceil((offer?.hourlyPrice ?? 0) * 1e6)],
  );
  return id;
}

async function look({ database }: Platform, id: ReservationPurchaseId) {
  const [row] = await database.query<{ state: string; externalId: string | null; guards: { name: string }[] }>(
    `select state, external_id as "externalId", waiting_for as guards from reservation_purchase where id = $1`,
    [id],
  );
  return {
    state: row?.state,
    externalId: row?.externalId ?? null,
    guards: row?.guards.map(({ name }) => name) ?? [],
  };
}
