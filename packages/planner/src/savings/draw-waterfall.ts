import type { SavingsStepName } from "@berth/domain";
import type { SavingsReport, SavingsStep } from "./savings-report.ts";

export const STEP_TITLES: Readonly<Record<SavingsStepName, string>> = {
  one_machine_each: "One VM each",
  packed: "Packed, on demand",
  with_held: "With what is held",
  with_plan: "With the plan",
};

const WIDTH = 720;
const HEIGHT = 320;
const LEFT = 12;
const TOP = 34;
const BASE = 268;
const BAR = 118;

/**
 * The report's steps as a picture, an SVG of 720 by 320: a bar for what each costs a month, on demand and committed, and between
 * two bars what the step saves. It needs no colour to be read.
 */
export function drawWaterfall({ steps }: SavingsReport): string {
  const most = Math.max(1, ...steps.map(({ nanoUsdPerHour }) => Number(nanoUsdPerHour)));
  const height = (nanoUsd: bigint) => (Number(nanoUsd) / most) * (BASE - TOP);
  const gap = (WIDTH - 2 * LEFT - steps.length * BAR) / Math.max(1, steps.length - 1);
  const at = (index: number) => LEFT + index * (BAR + gap);
  const parts = steps.map((step, index) => bar(step, at(index), height));
  const falls = steps.slice(1).map((step, index) => fall(steps[index] as SavingsStep, step, at(index), gap, height));
  const described = steps
    .map((step) => `${STEP_TITLES[step.name]}: ${monthly(step.nanoUsdPerHour)} a month`)
    .join("; ");
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${described}" font-family="system-ui, sans-serif" font-size="12">`,
    '<defs><pattern id="committed" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" fill="#dbe7f3"/><path d="M0 0V6" stroke="#2f6db3" stroke-width="3"/></pattern></defs>',
    ...parts,
    ...falls,
    `<path d="M${LEFT} ${BASE}H${WIDTH - LEFT}" stroke="#333"/>`,
    `<g transform="translate(${LEFT} ${HEIGHT - 12})"><rect width="12" height="12" y="-10" fill="#2f6db3"/><text x="18">on demand</text><rect x="98" width="12" height="12" y="-10" fill="url(#committed)" stroke="#2f6db3"/><text x="116">committed</text></g>`,
    "</svg>",
  ].join("\n");
}

function bar(step: SavingsStep, x: number, height: (nanoUsd: bigint) => number): string {
  const onDemand = height(step.onDemandNanoUsdPerHour);
  const committed = height(step.committedNanoUsdPerHour);
  const middle = round(x + BAR / 2);
  return [
    `<rect x="${round(x)}" y="${round(BASE - committed)}" width="${BAR}" height="${round(committed)}" fill="url(#committed)" stroke="#2f6db3"/>`,
    `<rect x="${round(x)}" y="${round(BASE - committed - onDemand)}" width="${BAR}" height="${round(onDemand)}" fill="#2f6db3"/>`,
    `<text x="${middle}" y="${round(BASE - committed - onDemand - 6)}" text-anchor="middle" font-weight="600">${monthly(step.nanoUsdPerHour)}</text>`,
    `<text x="${middle}" y="${BASE + 16}" text-anchor="middle">${STEP_TITLES[step.name]}</text>`,
  ].join("");
}

function fall(
  before: SavingsStep,
  after: SavingsStep,
  x: number,
  gap: number,
  height: (nanoUsd: bigint) => number,
): string {
  const saved = before.nanoUsdPerHour - after.nanoUsdPerHour;
  const y = round(BASE - height(before.nanoUsdPerHour));
  const share = before.nanoUsdPerHour === 0n ? 0 : Number(saved) / Number(before.nanoUsdPerHour);
  const text = saved === 0n ? "no change" : `${saved > 0n ? "−" : "+"}${Math.abs(share * 100).toFixed(0)} %`;
  return [
    `<path d="M${round(x + BAR)} ${y}h${round(gap)}" stroke="#777" stroke-dasharray="3 3"/>`,
    `<text x="${round(x + BAR + gap / 2)}" y="${round(y + 14)}" text-anchor="middle" fill="#555">${text}</text>`,
  ].join("");
}

const HOURS_PER_MONTH = 730n;

/** Of a month of 730 hours, in whole dollars. */
function monthly(nanoUsdPerHour: bigint): string {
  return `$${grouped((nanoUsdPerHour * HOURS_PER_MONTH + 500_000_000n) / 1_000_000_000n)}`;
}

export function grouped(whole: bigint): string {
  return whole.toString().replaceAll(/\B(?=(\d{3})+$)/g, ",");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
