import type { Admission } from "@berth/contract";
import { EXIT_CODES } from "../exit-codes.ts";
import { Failure } from "../failure.ts";
import { formatMoney } from "../output/format.ts";
import { formatQuota, quotaWord } from "./quota/quota-words.ts";

/** What quotas and the spend cap say, in a line: what would be too much, with the numbers, or that there is room. */
export function describeAdmission({ quotas, spend }: Admission): string {
  const over = quotas
    .filter((one) => one.would_exceed)
    .map(({ name, ...amounts }) => {
      const [used, limit, requested] = [amounts.used, amounts.limit, amounts.requested].map((amount) =>
        formatQuota(name, amount),
      );
      return `${quotaWord(name)}: ${used} of ${limit} used, ${requested} asked for`;
    });
  if (spend.would_exceed && spend.cap !== null) {
    const [cap, used, requested] = [spend.cap, spend.used, spend.requested].map(formatMoney);
    over.push(`spend cap: ${used} of ${cap} an hour used, ${requested} asked for`);
  }
  return over.length === 0 ? "there is room" : `too much (${over.join("; ")})`;
}

/** How quotas and the spend cap would refuse it; undefined when there is room. */
export function refusalOfAdmission({ would_exceed }: Admission): Failure | undefined {
  if (would_exceed.length === 0) return undefined;
  const words = would_exceed.map((name) => (name === "spend_cap" ? "spend cap" : quotaWord(name)));
  return new Failure(EXIT_CODES.quota, `it would be too much for: ${words.join(", ")}`, {
    hint: "See: berth quota list",
  });
}
