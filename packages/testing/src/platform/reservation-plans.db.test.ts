import { text } from "node:stream/consumers";
import { planLadder, readPlanningCase } from "@berth/planner";
import { openInThreadSolver } from "@berth/solver";
import { expect, it } from "vitest";
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
