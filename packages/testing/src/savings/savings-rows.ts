import { describeCommitment, type SavingsReport } from "@berth/planner";

const COLUMNS = ["step", "row", "region", "what", "count", "each_per_hour", "per_hour"];

/** The report as CSV: a line for each row of each step, what runs on demand in it, and its sum; dollars of nine places. */
export function savingsRows({ steps }: SavingsReport): string {
  const lines = steps.flatMap((step) => [
    ...step.machines.map(({ region, machineType, count, onDemandNanoUsdPerHour: all }) => [
      step.name,
      "machines",
      region,
      machineType,
      String(count),
      usd(all / BigInt(count)),
      usd(all),
    ]),
    ...step.commitments.map(({ commitment, nanoUsdPerHour }) => [
      step.name,
      "commitment",
      commitment.region ?? "",
      describeCommitment(commitment),
      String(commitment.count ?? ""),
      "",
      usd(nanoUsdPerHour),
    ]),
    [step.name, "on_demand", "", "", "", "", usd(step.onDemandNanoUsdPerHour)],
    [step.name, "sum", "", "", "", "", usd(step.nanoUsdPerHour)],
  ]);
  return [COLUMNS, ...lines].map((line) => `${line.map(quoted).join(",")}\n`).join("");
}

function quoted(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function usd(nano: bigint): string {
  const digits = nano.toString().padStart(10, "0");
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`;
}
