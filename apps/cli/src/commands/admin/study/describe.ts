import type { PackingStudy } from "@berth/contract";
import { formatAge, formatMoney } from "../../../output/format.ts";
import type { ListView } from "../../../output/print.ts";
import { type Column, formatFacts, formatTable } from "../../../output/table.ts";
import { formatPercent } from "../packing/percent.ts";

type ColdPlan = NonNullable<PackingStudy["cold_plan"]>;
type Simulation = NonNullable<PackingStudy["simulation"]>;
type Point = NonNullable<PackingStudy["density_curve"]>["points"][number];

/** A ratio as `1.0084`. */
export function formatRatio(ratio: number | null): string | undefined {
  return ratio?.toFixed(4);
}

/** A share above or below nothing, as `+3.8%`. */
export function formatChange(share: number | null): string | undefined {
  return share === null ? undefined : `${share < 0 ? "" : "+"}${(share * 100).toFixed(1)}%`;
}

export const STUDIES: ListView<PackingStudy> = {
  noun: "studies",
  nameOf: (study) => study.id,
  columns: [
    { header: "id", value: (study) => study.id },
    { header: "kind", value: (study) => study.kind },
    { header: "state", value: (study) => study.state },
    { header: "done", value: (study) => `${study.progress.percent}%`, align: "right" },
    {
      header: "fleet ratio",
      value: ({ cold_plan }) => formatRatio(cold_plan?.fleet_cost_ratio ?? null),
      align: "right",
    },
    { header: "plan ratio", value: ({ cold_plan }) => formatRatio(cold_plan?.plan_cost_ratio ?? null), align: "right" },
    { header: "verified", value: ({ cold_plan }) => (cold_plan === null ? undefined : yesNo(cold_plan.verified)) },
    { header: "age", value: (study) => formatAge(study.created_at, Date.now()), align: "right" },
    { header: "kube", value: (study) => study.kube_id, wide: true },
    { header: "asked by", value: (study) => study.created_by, wide: true },
    { header: "failure", value: ({ failure }) => failure?.message, wide: true },
  ],
};

/** A study with its result, whichever kind it is of. */
export function describeStudy(study: PackingStudy): string {
  const facts = formatFacts([
    ["Study", study.id],
    ["Kind", study.kind],
    ["State", study.state === "running" ? `running: ${study.progress.percent}% ${study.progress.step}` : study.state],
    ...(study.failure === null ? [] : [["Failure", study.failure.message] as const]),
    ["Age", formatAge(study.created_at, Date.now())],
  ]);
  const { cold_plan, density_curve, simulation } = study;
  const result =
    cold_plan !== null
      ? describeColdPlan(study.id, cold_plan)
      : density_curve !== null
        ? describeCurve(density_curve.points)
        : simulation !== null
          ? describeSimulation(study)
          : "";
  return result === "" ? facts : `${facts}\n${result}`;
}

export function describeColdPlan(id: string, plan: ColdPlan): string {
  const facts = formatFacts([
    ["Fleet", `${formatMoney(plan.fleet_price_per_hour)} an hour, ${plan.fleet_machines} machines`],
    ["Planned anew", `${formatMoney(plan.plan.price_per_hour)} an hour, ${machinesOf(plan.plan.machines_by_type)}`],
    ["Lower bound", `${formatMoney(plan.lower_bound_per_hour)} an hour, proof gap ${percentTenth(plan.proof_gap)}`],
    [
      "Cost ratio",
      `fleet ${formatRatio(plan.fleet_cost_ratio) ?? "-"}, plan ${formatRatio(plan.plan_cost_ratio) ?? "-"}`,
    ],
    [
      "Verifier",
      plan.verified ? "verified the certificate" : `REFUSED the certificate: ${plan.refusals[0]?.because ?? ""}`,
    ],
    ["Recoverable", `${formatMoney(plan.recoverable_per_hour)} an hour`],
    ["Stranded", `${formatMoney(plan.stranded_per_hour)} an hour`],
    ["Density", `${plan.plan.density.mean.toFixed(1)} instances a machine, most ${plan.plan.density.max}`],
    ...(plan.instances_without_place === 0
      ? []
      : [
          [
            "Not placed yet",
            `${plan.instances_without_place} instances: the ratio of the fleet leaves them out`,
          ] as const,
        ]),
  ]);
  const table = formatTable(STRANDED, plan.stranded.slice(0, 10));
  return `${facts}\n${table}\nVerify it yourself: berth admin study files ${id} --folder proof\n`;
}

const STRANDED: readonly Column<ColdPlan["stranded"][number]>[] = [
  { header: "node", value: (one) => one.node_name },
  { header: "stranded $/hour", value: (one) => formatMoney(one.stranded_per_hour), align: "right" },
];

const CURVE: readonly Column<Point>[] = [
  { header: "most instances", value: (point) => point.instances_per_machine ?? "no cap", align: "right" },
  { header: "$/hour", value: (point) => formatMoney(point.price_per_hour), align: "right" },
  { header: "over uncapped", value: (point) => formatChange(point.over_uncapped), align: "right" },
  { header: "machines", value: (point) => point.machines, align: "right" },
  { header: "density", value: (point) => point.density.mean.toFixed(1), align: "right" },
  { header: "most", value: (point) => point.density.max, align: "right" },
];

export function describeCurve(points: readonly Point[]): string {
  return formatTable(CURVE, points);
}

interface Line {
  readonly what: string;
  readonly fleet: string | number | undefined;
  readonly before: string | number | undefined;
  readonly after: string | number | undefined;
}
const SIMULATED: readonly Column<Line>[] = [
  { header: "figure", value: (line) => line.what },
  { header: "fleet", value: (line) => line.fleet, align: "right" },
  { header: "planned now", value: (line) => line.before, align: "right" },
  { header: "then", value: (line) => line.after, align: "right" },
];

/** What is, what would be needed for the same from nothing, and what would be needed then. */
export function describeSimulation({ simulation, what_if }: PackingStudy): string {
  if (simulation === null) return "";
  const { before, after } = simulation;
  const each = (
    what: string,
    of: (one: Simulation["before"]) => string | number | undefined,
    fleet?: string | number,
  ) => {
    return { what, fleet, before: of(before), after: of(after) };
  };
  const types = [
    ...new Set([...before.machines_by_type, ...after.machines_by_type].map((one) => one.machine_type)),
  ].sort();
  const count = (type: string) => (one: Simulation["before"]) =>
    one.machines_by_type.find(({ machine_type }) => machine_type === type)?.machines ?? 0;
  const zones = [...new Set([...before.zones, ...after.zones].map(({ zone }) => zone))].sort();
  const share = (name: string) => (one: Simulation["before"]) =>
    formatPercent(one.zones.find(({ zone }) => zone === name)?.share ?? 0);
  const lines: Line[] = [
    each("$/hour", (one) => formatMoney(one.price_per_hour), formatMoney(simulation.fleet_price_per_hour)),
    each("machines", (one) => one.machines, simulation.fleet_machines),
    each("instances", (one) => one.instances),
    each("cost ratio", (one) => formatRatio(one.cost_ratio)),
    each("density", (one) => one.density.mean.toFixed(1)),
    each("blast", (one) => formatPercent(one.blast_radius.instances)),
    each("tenant blast", (one) => formatPercent(one.blast_radius.tenant)),
    ...zones.map((zone) => each(`in ${zone}`, share(zone))),
    ...types.map((type) => each(type, count(type))),
  ];
  const notes = [
    ...(after.instances_restored_elsewhere > 0
      ? [`${after.instances_restored_elsewhere} instances had their volume in a zone that is out: restored elsewhere.`]
      : []),
    ...(after.instances_without_place > 0
      ? [`${after.instances_without_place} instances fit no machine type that is left: they are not in the plan.`]
      : []),
  ];
  return `What if: ${whatIfText(what_if)}\n\n${formatTable(SIMULATED, lines)}${notes.map((note) => `\n${note}`).join("")}${
    notes.length > 0 ? "\n" : ""
  }`;
}

function whatIfText(whatIf: PackingStudy["what_if"]): string {
  const parts = [
    ...(whatIf?.without_families ?? []).map((family) => `without ${family}`),
    ...(whatIf?.without_zones ?? []).map((zone) => `without ${zone}`),
    ...(whatIf?.customers === undefined ? [] : [`${whatIf.customers} times the customers`]),
    ...(whatIf?.new_clusters ?? []).map(
      ({ clusters, instances, size }) => `${clusters} new clusters of ${instances} x ${size}`,
    ),
    ...(whatIf?.instances_per_machine === undefined
      ? []
      : [`at most ${whatIf.instances_per_machine} instances a machine`]),
  ];
  return parts.length === 0 ? "nothing changes" : parts.join(", ");
}

function machinesOf(types: readonly { readonly machine_type: string; readonly machines: number }[]): string {
  const all = types.reduce((sum, { machines }) => sum + machines, 0);
  return `${all} machines (${types.map(({ machine_type, machines }) => `${machines} ${machine_type}`).join(", ")})`;
}

const percentTenth = (share: number | null) => (share === null ? "unknown" : `${(share * 100).toFixed(1)}%`);
const yesNo = (answer: boolean) => (answer ? "yes" : "NO");
