import type { CapacityForecast } from "@berth/contract";
import { Command } from "@commander-js/extra-typings";
import { formatMoney } from "../../../output/format.ts";
import { printBody } from "../../../output/print.ts";
import { type Column, formatTable } from "../../../output/table.ts";
import type { Berth } from "../../../program.ts";

type Pool = CapacityForecast["pools"][number];

const inDays = (days: number) => (pool: Pool) => {
  const price = pool.price_per_hour.find(({ in_days }) => in_days === days);
  return price && `${formatMoney(price.expected)} (${formatMoney(price.low)}-${formatMoney(price.high)})`;
};
const capOf = (reached: Pool["spend_cap_reached"]) => {
  if (reached === null) return undefined;
  if (reached.expected_on === null)
    return reached.earliest_on === null ? "not in a year" : `from ${reached.earliest_on}`;
  return reached.earliest_on === null || reached.earliest_on === reached.expected_on
    ? reached.expected_on
    : `${reached.expected_on} (from ${reached.earliest_on})`;
};

const COLUMNS: readonly Column<Pool>[] = [
  { header: "pool", value: (pool) => pool.name },
  { header: "days", value: (pool) => pool.days_sampled, align: "right" },
  { header: "$/hour in 30 days", value: inDays(30), align: "right" },
  { header: "in 90 days", value: inDays(90), align: "right" },
  { header: "spend cap", value: (pool) => capOf(pool.spend_cap_reached) },
  { header: "machine cap", value: (pool) => capOf(pool.machine_cap_reached) },
  { header: "unknown because", value: (pool) => pool.unknown_because ?? undefined },
  { header: "id", value: (pool) => pool.pool_id, wide: true },
];

const AFTER_HELP = `
The straight line of least squares through the means of whole days, with what a day's mean keeps within with 95 %. It goes on as
it went: it knows no seasons and no plans. It wants seven days of samples.`;

export const forecastCapacity = (berth: Berth) =>
  new Command("forecast")
    .description("Show what pools will cost, and when they reach their caps, if they go on as they went")
    .option("--kube <id>", "only pools of this kube")
    .option("--pool <id>", "only this pool")
    .addHelpText("after", AFTER_HELP)
    .action(async (options, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const { body } = await client.getCapacityForecast({ query: { kube_id: options.kube, pool_id: options.pool } });
      await printBody(session, body, ({ pools }) => formatTable(COLUMNS, pools, { wide: session.output === "wide" }));
      const isForPeople = session.output === "table" || session.output === "wide";
      if (isForPeople && body.pools.some((pool) => pool.unknown_because === "too_few_samples")) {
        session.note(
          "A worker samples every ten minutes; seven whole days are wanted. See: berth admin packing --history",
        );
      }
    });
