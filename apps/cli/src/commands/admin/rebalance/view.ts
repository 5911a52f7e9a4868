import type { RebalanceLook, RebalancePlan, RebalancePlanDetail } from "@berth/contract";
import { formatAge, formatMoney } from "../../../output/format.ts";
import type { ListView } from "../../../output/print.ts";
import { formatFacts, formatTable } from "../../../output/table.ts";

/** Rebalance plans as a table. */
export const REBALANCE_PLANS: ListView<RebalancePlan> = {
  noun: "rebalance plans",
  nameOf: (plan) => plan.id,
  columns: [
    { header: "state", value: (plan) => plan.state },
    { header: "$/month", value: (plan) => formatMoney(plan.saving_per_month), align: "right" },
    { header: "restarts", value: (plan) => plan.instances, align: "right" },
    { header: "moved", value: (plan) => plan.moved, align: "right" },
    { header: "clusters", value: (plan) => plan.clusters, align: "right" },
    { header: "hours", value: (plan) => plan.hours, align: "right" },
    { header: "age", value: (plan) => formatAge(plan.created_at, Date.now()), align: "right" },
    { header: "id", value: (plan) => plan.id },
    { header: "pool", value: (plan) => plan.pool_id, wide: true },
    { header: "kube", value: (plan) => plan.kube_id, wide: true },
    { header: "waits for", value: (plan) => plan.waiting_for.map(({ name }) => name).join(","), wide: true },
    { header: "why it ended", value: (plan) => plan.reason ?? undefined, wide: true },
  ],
};

type PoolOutlook = RebalanceLook["pools"][number];

const OUTCOMES: Readonly<Record<PoolOutlook["outcome"], string>> = {
  off: "not looked at: its mode is off",
  static: "not looked at: its machines are brought",
  open: "a plan is under way",
  proposed: "there is a plan",
  cancelled: "its plan was cancelled within the last day",
  below_threshold: "would save less than its policy asks for",
  nothing: "no move pays",
};

/** What a look came to, a pool a line. */
export const POOL_OUTLOOKS: ListView<PoolOutlook> = {
  noun: "pools",
  nameOf: (pool) => pool.pool_id,
  columns: [
    { header: "pool", value: (pool) => pool.pool_id },
    { header: "mode", value: (pool) => pool.mode },
    { header: "$/month", value: (pool) => formatMoney(pool.saving_per_month), align: "right" },
    { header: "plan", value: (pool) => pool.plan_id ?? undefined },
    { header: "outcome", value: (pool) => OUTCOMES[pool.outcome] },
    {
      header: "nodes that stay",
      value: (pool) => pool.held.map(({ reason, nodes }) => `${reason}:${nodes}`).join(","),
      wide: true,
    },
  ],
};

/** As `Saves $91.98 a month, restarts 3 instances of 2 clusters, takes 1 hour.` */
export function summaryOf(plan: RebalancePlan): string {
  const saving = `saves ${formatMoney(plan.saving_per_month)} a month`;
  const restarts = `restarts ${count(plan.instances, "instance")} of ${count(plan.clusters, "cluster")}`;
  const text = `${saving}, ${restarts}, takes ${count(plan.hours, "hour")}.`;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

/** One of them, with its moves in their order. */
export function describeRebalancePlan(plan: RebalancePlanDetail): string {
  const approved = plan.approved_at === null ? undefined : formatAge(plan.approved_at, Date.now());
  const facts = formatFacts([
    ["Plan", plan.id],
    ["State", plan.reason === null ? plan.state : `${plan.state}: ${plan.reason}`],
    ["Summary", summaryOf(plan)],
    ["Pool", `${plan.pool_id} of ${plan.kube_id}`],
    ["Machines", `${plan.removals} go, ${plan.launches} come`],
    ["Cost", `${formatMoney(plan.cost)} once, ${plan.disrupted_minutes} minutes in which instances are away or behind`],
    ["Moved", `${plan.moved} of ${plan.instances}`],
    ["Age", formatAge(plan.created_at, Date.now())],
    [
      "Approved",
      approved === undefined
        ? undefined
        : `${approved} ago, ${plan.automatic ? "by its pool's policy" : "by an operator"}`,
    ],
    ...plan.waiting_for.map(({ name, hint }) => ["Waits for", `${name}: ${hint}`] as const),
  ]);
  const launches = plan.launches_planned.map(({ hour, round, machine, machine_id, machine_type, zone }) => ({
    ...{
      hour,
      round,
      what: "launch",
      subject: machine_id ?? machine,
      from: undefined,
      to: `${machine_type} in ${zone}`,
    },
    state: machine_id === null ? "planned" : "made",
  }));
  const moves = plan.moves.map(({ hour, round, instance_id, from, to, state }) => ({
    ...{ hour, round, what: "move", subject: instance_id, from, to, state },
  }));
  const removals = plan.removals_planned.map(({ hour, round, node }) => ({
    ...{ hour, round, what: "remove", subject: node, from: undefined, to: undefined, state: undefined },
  }));
  const steps = [...launches, ...moves, ...removals].sort((a, b) => a.round - b.round);
  const order = formatTable(
    [
      { header: "hour", value: (step: (typeof steps)[number]) => step.hour, align: "right" },
      { header: "round", value: (step) => step.round, align: "right" },
      { header: "step", value: (step) => step.what },
      { header: "subject", value: (step) => step.subject },
      { header: "from", value: (step) => step.from },
      { header: "to", value: (step) => step.to },
      { header: "state", value: (step) => step.state },
    ],
    steps,
  );
  const held = formatTable(
    [
      { header: "nodes that stay because", value: (one: RebalancePlanDetail["held"][number]) => one.reason },
      { header: "nodes", value: (one) => one.nodes, align: "right" },
      { header: "instances", value: (one) => one.instances, align: "right" },
    ],
    plan.held,
  );
  return [facts, order, ...(plan.held.length === 0 ? [] : [held])].join("\n");
}
