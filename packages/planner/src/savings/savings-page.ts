import type { OwnedCommitment } from "../fleet/fleet-history.ts";
import { drawWaterfall, grouped, STEP_TITLES } from "./draw-waterfall.ts";
import { HOURS_PER_YEAR, type SavingsReport, type SavingsStep } from "./savings-report.ts";

/** What a report says beside its figures: whose fleet, when, by which prices. */
export interface SavingsPageFacts {
  readonly title: string;
  readonly madeAt: string;
  /** Each price book with its version, its date and where it comes from. */
  readonly prices: readonly string[];
  /** Assumptions and labels, as that a price is an estimate. */
  readonly notes: readonly string[];
}

/** The report as one page of HTML, without scripts and without anything from elsewhere: to read, to print and to check. */
export function savingsPage(report: SavingsReport, facts: SavingsPageFacts): string {
  const { steps, plan } = report;
  const [first] = steps;
  const last = steps.at(-1);
  const notes = [
    ...facts.notes,
    ...(report.unbilled.length === 0 ? [] : [`In no figure, as no price is known: ${report.unbilled.join(", ")}.`]),
    ...(report.unrated.length === 0 ? [] : [`Counted as unused, as no rate is known: ${report.unrated.join(", ")}.`]),
    "A month is 730 hours, a year 8,760. What is paid at the start is spread over the term.",
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(facts.title)}</title>
<style>
:root { color-scheme: light; }
body { font: 14px/1.45 system-ui, sans-serif; color: #1b1f24; margin: 2rem auto; max-width: 52rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
.lead { font-size: 1.25rem; margin: 1rem 0; }
.meta, figcaption, .notes { color: #57606a; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid #d0d7de; padding: .3rem .5rem; text-align: right; }
th:first-child, td:first-child { text-align: left; }
th:not(:first-child), td:not(:first-child) { white-space: nowrap; }
thead th { border-bottom: 2px solid #57606a; font-weight: 600; }
tfoot td { border-top: 2px solid #57606a; border-bottom: 0; font-weight: 600; }
a { color: #0a58a8; }
figure { margin: 1.5rem 0; }
svg { width: 100%; height: auto; }
tr, figure { break-inside: avoid; }
h2 { break-after: avoid; }
@media print { body { margin: 0; max-width: none; } a { color: inherit; text-decoration: none; } }
</style>
</head>
<body>
<h1>${escaped(facts.title)}</h1>
<p class="meta">${escaped(facts.madeAt)}</p>
<p class="lead">Saved: <strong>${percent(report.saving)}</strong> of ${yearly(first?.nanoUsdPerHour ?? 0n)} a year, which leaves ${yearly(last?.nanoUsdPerHour ?? 0n)}.</p>
<p>${parts(report)}</p>
<figure>${drawWaterfall(report)}<figcaption>What the same instances cost a month, step by step.</figcaption></figure>
<table>
<thead><tr><th scope="col">Step</th><th scope="col">an hour</th><th scope="col">a month</th><th scope="col">a year</th><th scope="col">saved</th><th scope="col">coverage</th><th scope="col">utilization</th></tr></thead>
<tbody>
${steps.map((step) => stepRow(step, first)).join("\n")}
</tbody>
</table>
<h2>The plan</h2>
${planText(plan)}
${steps.map((step, index) => rows(step, steps[index - 1])).join("\n")}
<h2>Prices and assumptions</h2>
<ul class="notes">
${[...facts.prices, ...notes].map((line) => `<li>${escaped(line)}</li>`).join("\n")}
</ul>
</body>
</html>
`;
}

function stepRow(step: SavingsStep, first: SavingsStep | undefined): string {
  const saved =
    first === undefined || first.nanoUsdPerHour === 0n
      ? 0
      : 1 - Number(step.nanoUsdPerHour) / Number(first.nanoUsdPerHour);
  const money = [dollars(step.nanoUsdPerHour, 2), dollars(step.nanoUsdPerHour * 730n, 0), yearly(step.nanoUsdPerHour)];
  const link = (text: string) => `<td><a href="#${step.name}">${text}</a></td>`;
  return `<tr><td><a href="#${step.name}">${STEP_TITLES[step.name]}</a></td>${money.map(link).join("")}<td>${percent(saved)}</td><td>${percent(step.coverage)}</td><td>${percent(step.utilization)}</td></tr>`;
}

/** What of the saving is packing's, and what of the rest the commitments' that are held and planned. */
function parts({ steps: [each, packed, , last] }: SavingsReport): string {
  const saved = (before: SavingsStep | undefined, after: SavingsStep | undefined) =>
    before === undefined || after === undefined || before.nanoUsdPerHour === 0n
      ? 0
      : 1 - Number(after.nanoUsdPerHour) / Number(before.nanoUsdPerHour);
  return `Packing takes off ${percent(saved(each, packed))}, and commitments ${percent(saved(packed, last))} of what is left.`;
}

function yearly(nanoUsdPerHour: bigint): string {
  return dollars(nanoUsdPerHour * BigInt(HOURS_PER_YEAR), 0);
}

/** What a step's figure is the sum of. */
function rows(step: SavingsStep, before: SavingsStep | undefined): string {
  if (before !== undefined && isSame(step, before)) {
    return `<section id="${step.name}">
<h2>${STEP_TITLES[step.name]}: ${dollars(step.nanoUsdPerHour, 4)} an hour</h2>
<p>Nothing is ${step.name === "with_plan" ? "planned" : "held"}: the rows are those of <a href="#${before.name}">the step before</a>.</p>
</section>`;
  }
  const machines = step.machines
    .map(
      ({ region, machineType, count, onDemandNanoUsdPerHour: each }) =>
        `<tr><td>${escaped(machineType)}, ${escaped(region)}</td><td>${grouped(BigInt(count))}</td><td>${dollars(each / BigInt(Math.max(1, count)), 6)}</td><td>${dollars(each, 4)}</td></tr>`,
    )
    .join("\n");
  const whole = step.machines.reduce((sum, row) => sum + row.onDemandNanoUsdPerHour, 0n);
  const count = step.machines.reduce((sum, row) => sum + row.count, 0);
  const covered = whole - step.onDemandNanoUsdPerHour;
  const commitments = step.commitments
    .map(
      ({ commitment, nanoUsdPerHour, utilization }) =>
        `<tr><td>${escaped(describeCommitment(commitment))}: ${priceText(commitment)}</td><td></td><td>${percent(utilization)} used</td><td>${dollars(nanoUsdPerHour, 4)}</td></tr>`,
    )
    .join("\n");
  const discount =
    covered === 0n ? "" : `<tr><td>covered by commitments</td><td></td><td></td><td>−${dollars(covered, 4)}</td></tr>`;
  return `<section id="${step.name}">
<h2>${STEP_TITLES[step.name]}: ${dollars(step.nanoUsdPerHour, 4)} an hour</h2>
<table>
<thead><tr><th scope="col">Row</th><th scope="col">machines</th><th scope="col">each an hour</th><th scope="col">an hour</th></tr></thead>
<tbody>
${machines}
${discount}
${commitments}
</tbody>
<tfoot><tr><td>Sum</td><td>${grouped(BigInt(count))}</td><td></td><td>${dollars(step.nanoUsdPerHour, 4)}</td></tr></tfoot>
</table>
</section>`;
}

/** Whether nothing was bought from one step to the next, so that its rows are the same. */
function isSame(step: SavingsStep, before: SavingsStep): boolean {
  return (
    step.name !== "packed" &&
    step.nanoUsdPerHour === before.nanoUsdPerHour &&
    step.commitments.length === before.commitments.length
  );
}

/** As `4 m7i.xlarge in us-east-1, standard, 1y, no_upfront (cmt_1)`. */
export function describeCommitment(one: OwnedCommitment): string {
  const what =
    one.kind === "reserved_instances"
      ? `${one.count} ${one.machineType} in ${one.zone ?? one.region}, ${one.offeringClass}`
      : `${one.kind === "compute_savings_plan" ? "Compute Savings Plan" : `EC2 Instance Savings Plan of ${one.family} in ${one.region}`}`;
  return `${what}, ${one.term}, ${one.paymentOption} (${one.id})`;
}

/** What is paid for it, so that its row can be worked out again. */
function priceText({ upfrontMicroUsd, hourlyMicroUsd, commitmentMicroUsdPerHour: committed }: OwnedCommitment): string {
  if (committed !== null) return `${dollars(BigInt(committed) * 1_000n, 4)} an hour`;
  const parts = [
    ...(upfrontMicroUsd ? [`${dollars(BigInt(upfrontMicroUsd) * 1_000n, 2)} at the start`] : []),
    ...(hourlyMicroUsd ? [`${dollars(BigInt(hourlyMicroUsd) * 1_000n, 6)} an hour`] : []),
  ];
  return `${parts.join(" and ")} each`;
}

function planText(plan: SavingsReport["plan"]): string {
  if (plan === undefined) return "<p>There is none: the last step is the one before.</p>";
  const less = `If demand falls by a fifth the day after, an hour costs ${percent(plan.regretAtLess)} more than with the best of three: all of the plan, four fifths of it, none of it.`;
  return `<p>Paid at the start: ${dollars(plan.upfrontNanoUsd, 2)}. ${breakEvenText(plan.breakEvenMonth)} ${less}</p>`;
}

function breakEvenText(month: number | undefined): string {
  return month === undefined
    ? "It costs more than going on without it for all of three years."
    : `By the end of month ${month} it has cost no more than going on without it.`;
}

function percent(share: number | undefined): string {
  return share === undefined ? "–" : `${(share * 100).toFixed(1)} %`;
}

/** Nano-dollars as dollars of so many decimals, rounded half up. */
function dollars(nanoUsd: bigint, places: number): string {
  const unit = 10n ** BigInt(9 - places);
  const sign = nanoUsd < 0n ? "−" : "";
  const rounded = ((nanoUsd < 0n ? -nanoUsd : nanoUsd) + unit / 2n) / unit;
  const digits = rounded.toString().padStart(places + 1, "0");
  const whole = grouped(BigInt(places === 0 ? digits : digits.slice(0, -places)));
  return `${sign}$${whole}${places === 0 ? "" : `.${digits.slice(-places)}`}`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
