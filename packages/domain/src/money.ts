/** An amount as it goes over the wire: a decimal string with twelve places, never a float. */
export interface Money {
  readonly amount: string;
  readonly currency: "USD";
}

/** Micro-dollars (integer) as wire money: 1_234_500 -> 1.234500000000. */
export function moneyFromMicroUsd(microUsd: number): Money {
  if (!Number.isSafeInteger(microUsd)) throw new RangeError("micro-dollars are safe integers");
  const sign = microUsd < 0 ? "-" : "";
  const digits = String(Math.abs(microUsd)).padStart(7, "0");
  return { amount: `${sign}${digits.slice(0, -6)}.${digits.slice(-6)}000000`, currency: "USD" };
}

/** Nano-dollars as wire money, exactly: what a certificate's bound is in. */
export function moneyFromNanoUsd(nanoUsd: bigint): Money {
  const sign = nanoUsd < 0n ? "-" : "";
  const digits = String(nanoUsd < 0n ? -nanoUsd : nanoUsd).padStart(10, "0");
  return { amount: `${sign}${digits.slice(0, -9)}.${digits.slice(-9)}000`, currency: "USD" };
}

/** A decimal text as micro-dollars, without rounding: undefined for what is none, or is no whole number of them. */
export function microUsdFromAmount(amount: string): number | undefined {
  const match = /^(\d{1,9})(?:\.(\d{1,6})0{0,6})?$/.exec(amount);
  if (match === null) return undefined;
  return Number(match[1]) * 1_000_000 + Number((match[2] ?? "").padEnd(6, "0"));
}

/** A decimal text with places beyond a millionth rounded to it, half up; what is no such text is given as it is. */
export function roundedToMicroUsd(amount: string): string {
  const match = /^(\d{1,9})\.(\d{6})(\d)\d*$/.exec(amount);
  if (match === null) return amount;
  const [, whole = "", micro = "", next = ""] = match;
  const digits = String(BigInt(whole + micro) + (next >= "5" ? 1n : 0n)).padStart(7, "0");
  return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

/** Hours of a month in prices: the twelfth of a year. */
export const HOURS_PER_MONTH = 730;
