/** The mean of the largest amounts that make up this share of all weight: conditional value at risk of a few cases. */
export function meanOfWorst(
  cases: readonly { readonly weight: number; readonly amount: number }[],
  share: number,
): number {
  const total = cases.reduce((sum, { weight }) => sum + weight, 0);
  let left = share * total;
  let sum = 0;
  for (const { weight, amount } of cases.toSorted((a, b) => b.amount - a.amount)) {
    const taken = Math.min(left, weight);
    sum += taken * amount;
    left -= taken;
  }
  return sum / (share * total);
}
