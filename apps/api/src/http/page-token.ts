import { createHmac, timingSafeEqual } from "node:crypto";
import { RefusalError } from "./refusal.ts";

export interface PageTokens {
  /** The token of the page that begins after `last`. */
  make(scope: readonly unknown[], last: string): string;
  /** What `make` was given; throws the refusal invalid_page_token for any other scope or text. */
  read(scope: readonly unknown[], token: string): string;
}

/**
 * Tokens of lists. `scope` is the route, the organization and every filter: a token made for one cannot be used with
 * another, neither by mistake (entries would be left out in silence) nor to look into somebody else's list.
 *
 * Not secret, but sealed: the position is readable, a changed one is refused.
 */
export function createPageTokens(pepper: Uint8Array): PageTokens {
  const key = createHmac("sha256", pepper).update("page-token").digest();
  const seal = (scope: readonly unknown[], last: string) =>
    createHmac("sha256", key)
      .update(JSON.stringify([scope, last]))
      .digest()
      .subarray(0, 16);

  return {
    make: (scope, last) => Buffer.concat([seal(scope, last), Buffer.from(last)]).toString("base64url"),
    read: (scope, token) => {
      const bytes = Buffer.from(token, "base64url");
      const last = bytes.subarray(16).toString();
      if (bytes.length > 16 && timingSafeEqual(bytes.subarray(0, 16), seal(scope, last))) return last;
      throw new RefusalError({
        code: "invalid_page_token",
        detail: "Use next_page_token of the same list and filter.",
      });
    },
  };
}
