import { text } from "node:stream/consumers";
import { createDatabase, type Database, migrate, studyStore } from "@berth/db";
import { planLadder, readPlanningCase } from "@berth/planner";
import { openInThreadSolver } from "@berth/solver";
import { observeReservations } from "@berth/worker";
import { expect, it } from "vitest";
import { createDatabase as createTestDatabase } from "../postgres/create-database.ts";
import { waitFor } from "../wait-for.ts";
import { halfEmptyFleet } from "./rebalances.ts";
import { withPlatform } from "./with-platform.ts";

const LONG_MS = 120_000;
/** What of a plan is looked at. */
interface Plan {
  readonly base: readonly {
    readonly families: readonly { readonly ranUnits: number; readonly packedUnits: number }[];
  }[];
  readonly purchases: readonly { readonly units: number; readonly month: number }[];
}
const WORLD = { machineTypes: ["m7i.large"], instancesPerMachine: 2 } as const;

it(
  "a plan is made for the fleet as it will be packed, and its exported case gives the same plan without the product",
  { timeout: 3 * LONG_MS },
  () =>
    withPlatform(WORLD, async (platform) => {
      const { operator, database } = platform;
      await halfEmptyFleet(platform, LONG_MS);
      // As if the machines that are there had run for two months.
      await database.query("update machine set launched_at = launched_at - interval '1500 hours'");
      const [kube] = await database.query<{ region: string }>("select region from kube");
      const region = kube?.region ?? "";
      const book = (kind: "on_demand" | "reserved_instances", prices: string) =>
        operator.importPriceBook({ body: { region, source: "the test", kind, prices } });
      await book("on_demand", "m7i.large 0.1008\n");
      await book("reserved_instances", "m7i.large 1y standard no_upfront 0 0.06668\n");

      const params = { reservation_plan_id: (await operator.createReservationPlan()).body.id };
      const made = await waitFor(
        async () => {
          const { body } = await operator.getReservationPlan({ params });
          return body.finished_at === null ? undefined : body;
        },
        { timeoutMs: LONG_MS, what: "a plan" },
      );
      expect(made).toMatchObject({ state: "proposed", failure: null });
      expect(made.price_books.map(({ kind, version }) => [kind, version])).toEqual([
        ["on_demand", 1],
        ["reserved_instances", 2],
      ]);
      const { base, purchases } = made.plan as unknown as Plan;
      expect(base).toMatchObject([{ region, kind: "packed", instances: 6, machines: 3 }]);
      const m7i = base[0]?.families[0];
      expect(m7i?.packedUnits).toBe(3);
      expect(m7i?.ranUnits).toBeGreaterThan(3);

      const caseText = await text(operator.download.getReservationPlanFile({ params, query: { format: "case" } }));
      const planning = readPlanningCase(JSON.parse(caseText));
      if (!planning.ok) throw new Error(JSON.stringify(planning.error));
      const solver = await openInThreadSolver();
      const again = await planLadder(planning.value, solver);
      await solver.close();
      expect(again.purchases.map(({ month, count }) => [month, count])).toEqual(
        purchases.map(({ month, units }) => [month, units]),
      );
    }),
);

it("the price books that are named are those whose rates are used, also where one is imported meanwhile", async () => {
  const test = await createTestDatabase({
    template: { name: "berth", prepare: async (url) => void (await migrate({ url })) },
  });
  const owner = createDatabase({ url: test.url, poolSize: 2 });
  const worker = createDatabase({ url: test.url, role: "berth_worker", poolSize: 2 });
  try {
    await owner.query(
      "insert into kube (id, name, region, api_server_url) values ('kub_1', 'k', 'us-east-1', 'https://k')",
    );
    const importBook = (version: number, hourly: number) =>
      owner.query(
        `insert into price_book (id, region, version, kind, source, prices) values ($1, 'us-east-1', $2, 'reserved_instances', 'a list', $3::jsonb)`,
        [`pbk_${version}`, version, JSON.stringify({ "m7i.xlarge": [{ ...NO_UPFRONT, hourlyMicroUsd: hourly }] })],
      );
    await importBook(1, 130_000);
    const meanwhile = afterFirst(worker, /rates|prices from price_book/, () => importBook(2, 120_000));
    const observed = await observeReservations(meanwhile, studyStore(owner.pool), new Date());
    const rates = observed.task.recorded.reservedBooks.flatMap(({ rates }) => rates);
    expect(rates.map(({ hourlyMicroUsd }) => hourlyMicroUsd)).toEqual([130_000]);
    expect(observed.priceBooks.map(({ id }) => id)).toEqual(["pbk_1"]);
    const [books] = await owner.query<{ count: number }>("select count(*)::int as count from price_book");
    expect(books).toEqual({ count: 2 });
  } finally {
    await owner.close();
    await worker.close();
    await test.drop();
  }
});

const NO_UPFRONT = { term: "1y", offeringClass: "standard", paymentOption: "no_upfront", upfrontMicroUsd: 0 };

/** The database, with something done right after the first statement of a transaction that the pattern fits. */
function afterFirst(database: Database, pattern: RegExp, act: () => Promise<unknown>): Database {
  let isDone = false;
  const connect = async () => {
    const client = await database.pool.connect();
    const query = client.query.bind(client) as (statement: unknown) => Promise<unknown>;
    client.query = (async (statement: { readonly text?: string } | string) => {
      const answer = await query(statement);
      const text = typeof statement === "string" ? statement : (statement.text ?? "");
      if (!isDone && pattern.test(text)) {
        isDone = true;
        await act();
      }
      return answer;
    }) as never;
    return client;
  };
  return { ...database, pool: Object.assign(Object.create(database.pool), { connect }) };
}
