import { canonicalJson } from "./canonical-json.ts";

/** `previous_hash` of an organization's first record. */
export const GENESIS_HASH = "0".repeat(64);

/** SHA-256 of a text's UTF-8 bytes, in hexadecimal. */
export type Sha256 = (text: string) => string;

/** Where a chain stood at some moment. Whoever knows one sees every change of what came before. */
export interface ChainHead {
  readonly organization_id: string;
  readonly number: number;
  readonly hash: string;
}

/** A head with the API's word for it. */
export interface SignedChainHead extends ChainHead {
  readonly signed_at: string;
}

/** What is signed of a head: its own canonical JSON, and what for, so that the signature is good for nothing else. */
export function headText({ organization_id, number, hash, signed_at }: SignedChainHead): string {
  return canonicalJson({ purpose: "berth audit head", organization_id, number, hash, signed_at });
}

/** The hash that a record must have: of everything in it but the hash itself. */
export function hashOfRecord(record: object, sha256: Sha256): string {
  const { hash: _, ...rest } = record as Readonly<Record<string, unknown>>;
  return sha256(canonicalJson(rest));
}

export const CHAIN_FAULTS = [
  "unreadable",
  "wrong_organization",
  "wrong_number",
  "wrong_previous_hash",
  "wrong_hash",
  "not_as_seen",
  "missing",
] as const;

/** What is wrong with a chain, and at which number. */
export interface ChainFault {
  readonly number: number;
  readonly kind: (typeof CHAIN_FAULTS)[number];
  /** A sentence for people. */
  readonly detail: string;
}

export interface ChainCheck {
  /** Takes the next record, in the order of numbers; gives what is wrong with it. */
  add(record: unknown): readonly ChainFault[];
  /** After the last record: gives what is missing. */
  end(): readonly ChainFault[];
  /** Of the last record taken. */
  readonly last: ChainHead | undefined;
}

/**
 * Checks a chain record by record, in constant memory. After a fault it goes on from what the record says of itself, so
 * that one change is told once and others are still found.
 *
 * `whole`: it must begin with number 1; else with whatever comes first, and nothing is known of the records before.
 * `seen`: heads that this chain had at some time, which it must still have. Without one nobody can tell that the end is
 * missing, or that everything was written anew.
 */
export function checkChain(options: {
  readonly sha256: Sha256;
  readonly organizationId: string;
  readonly whole: boolean;
  readonly seen: readonly ChainHead[];
}): ChainCheck {
  const { sha256, organizationId, seen } = options;
  let last: ChainHead | undefined = options.whole
    ? { organization_id: organizationId, number: 0, hash: GENESIS_HASH }
    : undefined;
  let count = 0;
  return {
    get last() {
      return count === 0 ? undefined : last;
    },
    add(record) {
      const before = last;
      const expected = (before?.number ?? 0) + 1;
      count += 1;
      if (!isChained(record)) {
        last = { organization_id: organizationId, number: expected, hash: "" };
        return [{ number: expected, kind: "unreadable", detail: "It is no audit record." }];
      }
      last = record;
      return [
        ...faultsOfPlace(record, before, organizationId),
        ...faultsOfContent(record, sha256),
        ...faultsOfSeen(record, seen),
      ];
    },
    end: () =>
      seen
        .filter((head) => head.number > (last?.number ?? 0))
        .map((head) => ({
          number: (last?.number ?? 0) + 1,
          kind: "missing",
          detail: `The chain ends with number ${last?.number ?? 0}; it was seen to reach number ${head.number}.`,
        })),
  };
}

function faultsOfPlace(record: Chained, before: ChainHead | undefined, organizationId: string): ChainFault[] {
  const { number } = record;
  const faults: ChainFault[] = [];
  if (record.organization_id !== organizationId) {
    const detail = `It is of the organization ${record.organization_id}, not ${organizationId}.`;
    faults.push({ number, kind: "wrong_organization", detail });
  }
  if (before === undefined) return faults;
  const expected = before.number + 1;
  if (number !== expected) {
    const missing = number > expected ? `number ${expected} is missing before it` : "it is there twice or out of order";
    return [...faults, { number, kind: "wrong_number", detail: `Number ${expected} should come here: ${missing}.` }];
  }
  // An unreadable record has no hash to compare with; it was told already.
  if (before.hash !== "" && record.previous_hash !== before.hash) {
    const detail = `previous_hash is not the hash of number ${before.number}: one of the two was changed.`;
    faults.push({ number, kind: "wrong_previous_hash", detail });
  }
  return faults;
}

function faultsOfContent(record: Chained, sha256: Sha256): ChainFault[] {
  let hash: string;
  try {
    hash = hashOfRecord(record, sha256);
  } catch {
    hash = "none: it cannot be written as canonical JSON";
  }
  if (hash === record.hash) return [];
  return [
    {
      number: record.number,
      kind: "wrong_hash",
      detail: `Its content was changed: it hashes to ${hash}, and says ${record.hash}.`,
    },
  ];
}

function faultsOfSeen({ number, hash }: Chained, seen: readonly ChainHead[]): ChainFault[] {
  return seen
    .filter((head) => head.number === number && head.hash !== hash)
    .map((head) => ({
      number,
      kind: "not_as_seen",
      detail: `The chain was written anew: its hash was seen to be ${head.hash}, and is ${hash}.`,
    }));
}

type Chained = ChainHead & { readonly previous_hash: string };

function isChained(record: unknown): record is Chained {
  if (typeof record !== "object" || record === null) return false;
  const { organization_id, number, previous_hash, hash } = record as Readonly<Record<string, unknown>>;
  const isPlace = typeof number === "number" && Number.isSafeInteger(number) && number > 0;
  return isPlace && [organization_id, previous_hash, hash].every((one) => typeof one === "string" && one !== "");
}
