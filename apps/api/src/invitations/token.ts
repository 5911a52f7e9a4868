import { createHmac } from "node:crypto";
import { checksumOf, randomBase62 } from "../http/api-key.ts";

const PREFIX = "berth_invite_";
const SHAPE = /^berth_invite_[0-9A-Za-z]{43}([0-9A-Za-z]{6})$/;

export interface InvitationToken {
  /** Shown once: `berth_invite_<43 random><6 checksum>`. */
  readonly text: string;
  /** What is stored in place of the token, and finds the row. */
  readonly hash: Uint8Array;
}

export interface InvitationTokens {
  make(): InvitationToken;
  /** Undefined for what no version of ours made: a mistyped token, without asking the database. */
  hashOf(text: string): Uint8Array | undefined;
}

/** Tokens of 256 bits of chance, kept as an HMAC under the server's pepper: a stolen table is of no use. */
export function createInvitationTokens(pepper: Uint8Array): InvitationTokens {
  const hash = (text: string): Uint8Array => createHmac("sha256", pepper).update(text).digest();
  return {
    make: () => {
      const body = PREFIX + randomBase62(43);
      const text = body + checksumOf(body);
      return { text, hash: hash(text) };
    },
    hashOf: (text) => (checksumOf(text.slice(0, -6)) === SHAPE.exec(text)?.[1] ? hash(text) : undefined),
  };
}
