import type { ReservationPlan, ReservationPlanDetail } from "@berth/contract";
import { formatAge } from "../../../output/format.ts";
import type { ListView } from "../../../output/print.ts";
import { type Column, formatFacts, formatTable } from "../../../output/table.ts";

/** Dollars of a decimal text, whole: what a plan costs is of years. */
const whole = (usd: string | null) => (usd === null ? undefined : `$${Number(usd).toFixed(0)}`);

/** Reservation plans as a table. */
export const RESERVATION_PLANS: ListView<ReservationPlan> = {
  noun: "reservation plans",
  nameOf: (plan) => plan.id,
  columns: [
    { header: "state", value: (plan) => plan.state },
    { header: "purchases", value: (plan) => plan.purchases ?? undefined, align: "right" },
    { header: "cost", value: (plan) => whole(plan.cost_usd), align: "right" },
    { header: "without", value: (plan) => whole(plan.without_purchases_usd), align: "right" },
    { header: "age", value: (plan) => formatAge(plan.created_at, Date.now()), align: "right" },
    { header: "by", value: (plan) => plan.created_by },
    { header: "id", value: (plan) => plan.id },
    { header: "why", value: (plan) => plan.reason ?? plan.failure?.code ?? "", wide: true },
  ],
};

/** A purchase as the planner prints it; what is not there is not shown. */
interface Purchase {
  readonly product?: string;
  readonly month?: number;
  readonly units?: number;
  readonly committedUsdPerHour?: number;
  readonly quote?: readonly { readonly machineType: string; readonly instances: number }[];
  readonly upfrontUsd?: number;
  readonly effectiveUsdPerHour?: number;
  readonly why?: { readonly utilization?: number; readonly breakEvenMonth?: number | null; readonly savedUsd?: number };
}

/** What the demand of a region was made of, as the planner prints it. */
interface Base {
  readonly region?: string;
  readonly kind?: string;
  readonly why?: string;
  readonly instances?: number;
  readonly machines?: number;
  readonly packedUsdPerHour?: number;
  readonly ranUsdPerHour?: number;
  readonly families?: readonly {
    readonly unit?: string;
    readonly ranUnits?: number;
    readonly packedUnits?: number;
  }[];
}

/** For what fleet it is: the one that instances are packed into, beside the one that ran. */
function describeBase({
  region,
  kind,
  why,
  instances,
  machines,
  packedUsdPerHour,
  ranUsdPerHour,
  families = [],
}: Base) {
  const rate = (usd: number | undefined) => `$${(usd ?? 0).toFixed(2)} an hour`;
  const units = families.map((one) =>
    kind === "packed" ? `${one.packedUnits} ${one.unit} for ${one.ranUnits} that ran` : `${one.ranUnits} ${one.unit}`,
  );
  return kind === "packed"
    ? `${region}, packed: ${instances} instances on ${machines} machines, ${rate(packedUsdPerHour)} on demand for ${rate(ranUsdPerHour)} that ran: ${units.join(", ")}`
    : `${region}, as it ran: ${rate(ranUsdPerHour)} on demand: ${units.join(", ")}. Not packed: ${why}`;
}

const PURCHASES: readonly Column<Purchase>[] = [
  { header: "month", value: ({ month }) => month, align: "right" },
  { header: "product", value: ({ product }) => product },
  {
    header: "what",
    value: ({ quote, committedUsdPerHour }) =>
      quote === undefined
        ? `$${committedUsdPerHour} an hour`
        : quote.map(({ instances, machineType }) => `${instances} ${machineType}`).join(", "),
  },
  { header: "at the start", value: ({ upfrontUsd }) => `$${(upfrontUsd ?? 0).toFixed(2)}`, align: "right" },
  { header: "$/hour", value: ({ effectiveUsdPerHour }) => effectiveUsdPerHour?.toFixed(4), align: "right" },
  { header: "used", value: ({ why }) => `${Math.round((why?.utilization ?? 0) * 100)}%`, align: "right" },
  { header: "won back by", value: ({ why }) => why?.breakEvenMonth ?? undefined, align: "right" },
  { header: "saves", value: ({ why }) => `$${(why?.savedUsd ?? 0).toFixed(0)}`, align: "right" },
];

/** One of them, with what to buy and when: months count from the plan's own. */
export function describeReservationPlan(plan: ReservationPlanDetail): string {
  const facts: [string, string][] = [
    ["Plan", `${plan.id} (${plan.state})`],
    ["Made", `${plan.finished_at ?? "not yet"}, asked for by ${plan.created_by}`],
    [
      "Cost",
      plan.cost_usd === null ? "-" : `${whole(plan.cost_usd)}, and ${whole(plan.without_purchases_usd)} without it`,
    ],
    ["Inputs", plan.inputs_sha256 === null ? "-" : `sha256 ${plan.inputs_sha256}`],
    ...plan.price_books.map((book): [string, string] => [
      "Prices",
      `${book.kind} of ${book.region}, version ${book.version}: ${book.source}`,
    ]),
    ...((plan.plan?.base ?? []) as readonly Base[]).map((base): [string, string] => ["Demand", describeBase(base)]),
    ...((plan.plan?.leftOut ?? []) as readonly string[]).map((one): [string, string] => ["Left out", one]),
    ...(plan.failure === null
      ? []
      : [
          [plan.state === "failed" ? "Failed" : "Tried again", `${plan.failure.code}: ${plan.failure.message}`] as [
            string,
            string,
          ],
        ]),
    ...(plan.decided_by === null
      ? []
      : [
          ["Decided", `${plan.state} by ${plan.decided_by}${plan.reason === null ? "" : `: ${plan.reason}`}`] as [
            string,
            string,
          ],
        ]),
  ];
  const purchases = (plan.plan?.purchases ?? []) as readonly Purchase[];
  return purchases.length === 0 ? formatFacts(facts) : `${formatFacts(facts)}\n${formatTable(PURCHASES, purchases)}`;
}
