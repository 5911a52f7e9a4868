import { createHash, createPublicKey, verify } from "node:crypto";
import { type AuditHead, type ChainFault, type ChainHead, checkChain, headText } from "@berth/contract";

/** What is wrong with a log: with its chain, or with whoever vouches for its end. */
export type LogFault = Omit<ChainFault, "kind"> & {
  readonly kind: ChainFault["kind"] | "wrong_signature" | "another_key";
};

export interface CheckedLog {
  readonly organizationId: string;
  readonly rows: number;
  readonly faults: number;
  /** Of the last row; undefined when there is none. */
  readonly last: ChainHead | undefined;
}

const sha256 = (text: string) => createHash("sha256").update(text, "utf8").digest("hex");

/**
 * Checks rows, a JSON text each in the order of numbers, in constant memory. `tell` gets each fault when it is found.
 *
 * `isPart`: the rows may begin and end anywhere in the chain. `organizationId` is the first readable row's own when absent.
 */
export async function checkLog(
  rows: AsyncIterable<string>,
  options: {
    readonly organizationId?: string | undefined;
    readonly seen: readonly ChainHead[];
    readonly isPart: boolean;
    readonly tell: (fault: LogFault) => void;
    readonly onRow: (count: number) => void;
  },
): Promise<CheckedLog> {
  let count = 0;
  let faults = 0;
  const tell = (found: readonly LogFault[]) => {
    faults += found.length;
    for (const fault of found) options.tell(fault);
  };
  const open = (organizationId: string) => {
    const seen = options.seen.filter((head) => head.organization_id === organizationId);
    return { organizationId, check: checkChain({ sha256, organizationId, whole: !options.isPart, seen }) };
  };
  let chain = options.organizationId === undefined ? undefined : open(options.organizationId);
  for await (const text of rows) {
    const record = parsed(text);
    count += 1;
    options.onRow(count);
    const organizationId = organizationOf(record);
    if (chain === undefined && organizationId === undefined) {
      tell([{ number: count, kind: "unreadable", detail: "It is no audit record." }]);
      continue;
    }
    chain ??= open(organizationId ?? "");
    tell(chain.check.add(record));
  }
  if (!options.isPart && chain !== undefined) tell(chain.check.end());
  const { organizationId = "", check } = chain ?? {};
  return { organizationId, rows: count, faults, last: check?.last };
}

/** Faults of a head that the API gave: not signed by the key that it names, or by another than the one that signed before. */
export function faultsOfHead(head: AuditHead, before: AuditHead | undefined): LogFault[] {
  const faults: LogFault[] = [];
  if (!isSigned(head)) {
    const detail = "The head's signature is not of its public key: it is no word of the API.";
    faults.push({ number: head.number, kind: "wrong_signature", detail });
  }
  if (before !== undefined && before.public_key !== head.public_key) {
    const detail = `The head is signed by ${head.public_key}; until now it was ${before.public_key}. Ask the operator why.`;
    faults.push({ number: head.number, kind: "another_key", detail });
  }
  return faults;
}

function isSigned(head: AuditHead): boolean {
  try {
    const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: head.public_key }, format: "jwk" });
    return verify(null, Buffer.from(headText(head)), key, Buffer.from(head.signature, "base64url"));
  } catch {
    return false;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function organizationOf(record: unknown): string | undefined {
  const { organization_id } = (record ?? {}) as { readonly organization_id?: unknown };
  return typeof organization_id === "string" ? organization_id : undefined;
}
