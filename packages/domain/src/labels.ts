/** Kubernetes label syntax (the API conventions' rules, 2026): customers' labels become pod labels and billing tags. */

export const MAX_LABELS = 64;
const NAME = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
const DNS_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export function isLabelKey(key: string): boolean {
  const slash = key.indexOf("/");
  if (slash < 0) return NAME.test(key);
  const prefix = key.slice(0, slash);
  return (
    prefix.length <= 253 && prefix.split(".").every((part) => DNS_LABEL.test(part)) && NAME.test(key.slice(slash + 1))
  );
}

export function isLabelValue(value: string): boolean {
  return value === "" || NAME.test(value);
}

/** A DNS label (RFC 1123): component names, which become names of Kubernetes objects. */
export function isDnsLabel(text: string): boolean {
  return DNS_LABEL.test(text);
}
