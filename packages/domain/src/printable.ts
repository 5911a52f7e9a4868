/** Whether a text shows as it is, on one line: printable, and nothing in it that hides or turns the text around it. */
export function isPrintable(text: string): boolean {
  return !/[\p{C}\p{Zl}\p{Zp}]/u.test(text);
}
