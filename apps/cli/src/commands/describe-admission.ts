import type { Admission } from "@berth/contract";
import { formatBytes, formatMoney } from "../output/format.ts";

/** What quotas and the spend cap say, in a line: what would be too much, with the numbers, or that there is room. */
export function describeAdmission({ quotas, spend }: Admission): string {
  const over = quotas
    .filter((one) => one.would_exceed)
    .map((one) => {
      const say = one.name.endsWith("_bytes") ? formatBytes : String;
      return `${one.name}: ${say(one.used)} of ${say(one.limit)} used, ${say(one.requested)} asked for`;
    });
  if (spend.would_exceed && spend.cap !== null) {
    const [cap, used, requested] = [spend.cap, spend.used, spend.requested].map(formatMoney);
    over.push(`spend_cap: ${used} of ${cap} an hour used, ${requested} asked for`);
  }
  return over.length === 0 ? "there is room" : `too much (${over.join("; ")})`;
}
