import {
  type Database,
  forgetOldDecisions,
  forgetOldOutcomes,
  forgetOldRebalancePlans,
  forgetOldReservationPlans,
  forgetOldSamples,
  forgetOldStudies,
} from "@berth/db";

const BATCH = 1000;

/**
 * Removes rows that answer for nothing any more: outcomes of POSTs after their day, which hold passwords, placement decisions
 * of clusters that are long gone, rebalance plans that are long over, reservation plans that nobody approved, old studies and samples. In batches, so that no statement is
 * long; by any worker, as often as it likes.
 */
export async function forgetWhatIsOld(database: Database): Promise<void> {
  for (const forget of [
    forgetOldOutcomes,
    forgetOldDecisions,
    forgetOldRebalancePlans,
    forgetOldReservationPlans,
    forgetOldStudies,
    forgetOldSamples,
  ]) {
    while ((await forget(database, BATCH)) === BATCH);
  }
}
