import { createHmac, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { headText, type SignedChainHead } from "@berth/domain";

/** The API's word for where a chain ended, which anybody can check and nobody else can give. */
export interface HeadSigner {
  /** Ed25519, base64url. */
  readonly publicKey: string;
  /** Base64url. */
  sign(head: SignedChainHead): string;
}

/** What stands before the 32 bytes of an Ed25519 private key in PKCS #8 (RFC 8410, section 7). */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

/** A signer whose key is derived from the pepper: who can write the database alone cannot sign. */
export function createHeadSigner(pepper: Uint8Array): HeadSigner {
  const seed = createHmac("sha256", pepper).update("audit-head").digest();
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: "der", type: "pkcs8" });
  const publicKey = createPublicKey(key).export({ format: "jwk" }).x;
  if (publicKey === undefined) throw new Error("an Ed25519 key has a public half");
  return {
    publicKey,
    sign: (head) => sign(null, Buffer.from(headText(head)), key).toString("base64url"),
  };
}
