import { RESERVATION_PURCHASE_STATES, type ReservationPurchase } from "@berth/contract";
import { Command, Option } from "@commander-js/extra-typings";
import { formatMoney } from "../../../output/format.ts";
import { type ListView, printList, printThing } from "../../../output/print.ts";
import { formatFacts } from "../../../output/table.ts";
import type { Berth } from "../../../program.ts";
import { collect, DEFAULT_LIMIT } from "../../collect.ts";
import { wholeNumber } from "../../parse.ts";

/** As `4 m7i.xlarge in us-east-1`, or what the plan calls it. */
function whatOf({ count, machine_type, region, product }: ReservationPurchase): string {
  return count === null ? product : `${count} ${machine_type} in ${region}`;
}

const PURCHASES: ListView<ReservationPurchase> = {
  noun: "purchases of reservation plans",
  nameOf: (purchase) => purchase.id,
  columns: [
    { header: "state", value: (purchase) => purchase.state },
    { header: "what", value: whatOf },
    { header: "term", value: (purchase) => purchase.term },
    { header: "payment", value: (purchase) => purchase.payment_option },
    { header: "due", value: ({ due_at }) => due_at.slice(0, 10) },
    { header: "waiting for", value: ({ waiting_for }) => waiting_for.map(({ name }) => name).join(",") },
    { header: "id", value: (purchase) => purchase.id },
    { header: "plan", value: (purchase) => purchase.reservation_plan_id, wide: true },
    { header: "aws id", value: (purchase) => purchase.external_id ?? "", wide: true },
  ],
};

function describePurchase(purchase: ReservationPurchase): string {
  const { most_upfront: upfront, most_per_hour: hourly } = purchase;
  const most =
    upfront === null || hourly === null
      ? "-"
      : `${formatMoney(upfront)} at the start and ${formatMoney(hourly)} an hour each`;
  return formatFacts([
    ["Purchase", `${purchase.id} (${purchase.state})`],
    ["Plan", `${purchase.reservation_plan_id}: ${purchase.product}`],
    ["What", whatOf(purchase)],
    ["At most", most],
    ["Due", purchase.due_at],
    ["Asked", purchase.asked_at ?? "not yet"],
    ["AWS id", purchase.external_id ?? "-"],
    ...purchase.waiting_for.map((guard): [string, string] => ["Waits for", `${guard.name}: ${guard.hint}`]),
  ]);
}

const list = (berth: Berth) =>
  new Command("list")
    .alias("ls")
    .description("List what approved plans have to be bought, the newest first")
    .addOption(new Option("--state <state>", "only in this state").choices(RESERVATION_PURCHASE_STATES))
    .option("--limit <n>", "at most so many", wholeNumber, DEFAULT_LIMIT)
    .action(async ({ limit, state }, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const page = await collect(limit, (query) => client.listReservationPurchases({ query: { ...query, state } }));
      await printList(session, page, PURCHASES);
    });

const get = (berth: Berth) =>
  new Command("get")
    .description("Show one purchase, and what it waits for")
    .argument("<reservation-purchase>", "id")
    .action(async (id, _, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const { body } = await client.getReservationPurchase({ params: { reservation_purchase_id: id } });
      await printThing(session, body, describePurchase);
    });

const drop = (berth: Berth) =>
  new Command("drop")
    .description("Give up a purchase; what EC2 has sold stays bought")
    .argument("<reservation-purchase>", "id")
    .action(async (id, _, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const { body } = await client.dropReservationPurchase({ params: { reservation_purchase_id: id } });
      await printThing(session, body, (purchase) => `${purchase.id} is ${purchase.state}.\n`);
    });

const retry = (berth: Berth) =>
  new Command("retry")
    .description("Have a purchase asked for again, once you have seen in EC2's console that nothing was sold")
    .argument("<reservation-purchase>", "id")
    .action(async (id, _, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const params = { reservation_purchase_id: id };
      if (session.mayAsk) {
        const { body } = await client.getReservationPurchase({ params });
        await session.confirm(`${describePurchase(body)}Was nothing sold, and is it to be bought again?`);
      }
      const { body } = await client.retryReservationPurchase({ params });
      await printThing(session, body, (purchase) => `${purchase.id} is ${purchase.state}.\n`);
    });

export const reservationPurchase = (berth: Berth) =>
  new Command("reservation-purchase")
    .description("What approved reservation plans have to be bought: each once, where a pool lets it")
    .addCommand(list(berth))
    .addCommand(get(berth))
    .addCommand(drop(berth))
    .addCommand(retry(berth));
