import type { Admission } from "@berth/contract";
import { expect, test } from "vitest";
import { EXIT_CODES } from "../exit-codes.ts";
import { describeAdmission, refusalOfAdmission } from "./describe-admission.ts";

const usd = (amount: string) => ({ amount, currency: "USD" as const });
const GIBIBYTE = 2 ** 30;
const quota = (name: string, would_exceed: boolean) => ({
  name,
  used: 4 * GIBIBYTE,
  limit: 8 * GIBIBYTE,
  requested: 6 * GIBIBYTE,
  would_exceed,
});
const TOO_MUCH: Admission = {
  would_exceed: ["memory_bytes", "spend_cap"],
  quotas: [quota("memory_bytes", true), quota("storage_bytes", false)],
  spend: { cap: usd("1"), used: usd("0.5"), requested: usd("0.75"), would_exceed: true },
};
const ROOM: Admission = {
  would_exceed: [],
  quotas: [quota("storage_bytes", false)],
  spend: { ...TOO_MUCH.spend, would_exceed: false },
};

test("what would be too much is named as `berth quota list` names it", () => {
  expect(describeAdmission(TOO_MUCH)).toBe(
    "too much (memory: 4GiB of 8GiB used, 6GiB asked for; spend cap: $0.50 of $1.00 an hour used, $0.75 asked for)",
  );
  expect(refusalOfAdmission(TOO_MUCH)).toMatchObject({
    exitCode: EXIT_CODES.quota,
    message: "it would be too much for: memory, spend cap",
    hint: "See: berth quota list",
  });
});

test("where there is room nothing is refused", () => {
  expect([describeAdmission(ROOM), refusalOfAdmission(ROOM)]).toEqual(["there is room", undefined]);
});
