import { Ec2Error } from "./error.ts";

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextToken?: string | undefined;
}

/**
 * Cuts a list that is ordered by a growing key into pages; a token names the last key given, so that things that appear
 * or vanish between two pages neither repeat nor hide others.
 */
export function paginate<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  page: { readonly maxResults?: number | undefined; readonly nextToken?: string | undefined },
  limits: { readonly low: number; readonly high: number },
): Page<T> {
  const { maxResults, nextToken } = page;
  if (maxResults !== undefined && (maxResults < limits.low || maxResults > limits.high)) {
    const message = `Value ( ${maxResults} ) for parameter maxResults is invalid. Expecting a value between ${limits.low} and ${limits.high}.`;
    throw new Ec2Error("InvalidParameterValue", message);
  }
  const after = nextToken === undefined ? undefined : decodeToken(nextToken);
  const left = after === undefined ? items : items.filter((item) => keyOf(item) > after);
  const size = maxResults ?? limits.high;
  const taken = left.slice(0, size);
  const last = taken.at(-1);
  return { items: taken, nextToken: last !== undefined && left.length > size ? encodeToken(keyOf(last)) : undefined };
}

const PREFIX = "berth-simulated:";

function encodeToken(key: string): string {
  return Buffer.from(PREFIX + key).toString("base64url");
}

function decodeToken(token: string): string {
  const text = Buffer.from(token, "base64url").toString();
  if (!text.startsWith(PREFIX)) throw new Ec2Error("InvalidNextToken", "The specified nextToken is not valid");
  return text.slice(PREFIX.length);
}
