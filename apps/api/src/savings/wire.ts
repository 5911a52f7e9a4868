import type { Savings } from "@berth/contract";
import { moneyFromNanoUsd } from "@berth/domain";
import { describeCommitment, type SavingsReport, type SavingsStep } from "@berth/planner";
import { iso } from "../http/wire.ts";
import { ratioOf } from "../packing/ratio.ts";
import type { ReadSavings } from "./read-savings.ts";

const HOURS_OF_MONTH = 730n;
const HOURS_OF_YEAR = 8_760n;

export function toSavingsBody({
  madeAt,
  report,
  reservationPlanId,
  instancesWithoutMachine,
  priceBooks,
}: ReadSavings): Savings {
  const { steps, plan } = report;
  return {
    made_at: iso(madeAt),
    saving: ratioOf(report.saving),
    steps: steps.map((step) => toStep(step, steps[0])),
    plan:
      plan === undefined
        ? null
        : {
            reservation_plan_id: reservationPlanId ?? null,
            upfront: moneyFromNanoUsd(plan.upfrontNanoUsd),
            break_even_month: plan.breakEvenMonth ?? null,
            regret_at_less: ratioOf(plan.regretAtLess) ?? 0,
          },
    instances_without_machine: instancesWithoutMachine,
    unpriced_machine_types: [...report.unbilled],
    unrated_commitments: [...report.unrated],
    price_books: priceBooks.map((book) => ({
      price_book_id: book.id,
      kind: book.kind,
      region: book.region,
      version: book.version,
      source: book.source,
      estimates: book.estimates,
      created_at: iso(book.createdAt),
    })),
  };
}

function toStep(step: SavingsStep, first: SavingsReport["steps"][number] | undefined): Savings["steps"][number] {
  const whole = Number(first?.nanoUsdPerHour ?? 0n);
  return {
    name: step.name,
    per_hour: moneyFromNanoUsd(step.nanoUsdPerHour),
    per_month: moneyFromNanoUsd(step.nanoUsdPerHour * HOURS_OF_MONTH),
    per_year: moneyFromNanoUsd(step.nanoUsdPerHour * HOURS_OF_YEAR),
    on_demand_per_hour: moneyFromNanoUsd(step.onDemandNanoUsdPerHour),
    committed_per_hour: moneyFromNanoUsd(step.committedNanoUsdPerHour),
    saved: ratioOf(whole === 0 ? undefined : 1 - Number(step.nanoUsdPerHour) / whole),
    coverage: ratioOf(step.coverage),
    utilization: ratioOf(step.utilization),
    machines: step.machines.map(({ region, machineType, count, onDemandNanoUsdPerHour: all }) => ({
      region,
      machine_type: machineType,
      count,
      each_per_hour: moneyFromNanoUsd(all / BigInt(count)),
      per_hour: moneyFromNanoUsd(all),
    })),
    commitments: step.commitments.map(({ commitment, nanoUsdPerHour, utilization }) => ({
      commitment_id: commitment.id,
      description: describeCommitment(commitment),
      per_hour: moneyFromNanoUsd(nanoUsdPerHour),
      utilization: ratioOf(utilization),
    })),
  };
}
