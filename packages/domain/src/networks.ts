import { err, ok, type Result } from "./result.ts";

/**
 * Networks in CIDR notation, as sets of addresses that can be compared.
 *
 * An IPv4 address is the IPv6 address ::ffff:a.b.c.d (RFC 4291, section 2.5.5.2), so that the two families are one line of
 * numbers: `::ffff:10.0.0.0/104` and `10.0.0.0/8` are the same network, and `::/0` is everything.
 */
export interface Network {
  /** The lowest address, of 128 bits. */
  readonly first: bigint;
  /** Leading bits that all addresses of it share, 0 to 128. */
  readonly prefix: number;
}

export interface InvalidNetwork {
  readonly kind: "invalid_network";
  readonly detail: string;
}

const BITS = 128;
const V4_BITS = 32;
const V4_START = 0xffff_0000_0000n;

/** Reads `10.0.0.0/8`, `2001:db8::/32` or a single address. Refuses bits beyond the prefix: one of the two is a mistake. */
export function parseNetwork(text: string): Result<Network, InvalidNetwork> {
  const [address = "", length, ...rest] = text.split("/");
  const v4 = parseV4(address);
  const bits = v4 === undefined ? BITS : V4_BITS;
  const value = v4 === undefined ? parseV6(address) : V4_START | v4;
  const prefix = length === undefined ? bits : /^(0|[1-9]\d{0,2})$/.test(length) ? Number(length) : Number.NaN;
  if (value === undefined || rest.length > 0 || !(prefix <= bits)) {
    return invalid("Written as 10.0.0.0/8, 2001:db8::/32 or one address.");
  }
  const network = { first: value, prefix: prefix + BITS - bits };
  const first = firstOf(network);
  if (first === value) return ok(network);
  return invalid(`It has bits beyond its prefix: ${formatNetwork({ ...network, first })} or ${address}?`);
}

/** The one way in which we write a network: lower case, shortened as RFC 5952 says, IPv4 with dots. */
export function formatNetwork({ first, prefix }: Network): string {
  const isV4 = prefix >= BITS - V4_BITS && first >> BigInt(V4_BITS) === V4_START >> BigInt(V4_BITS);
  return isV4 ? `${formatV4(first - V4_START)}/${prefix - (BITS - V4_BITS)}` : `${formatV6(first)}/${prefix}`;
}

export function isNetworkWithin(inner: Network, outer: Network): boolean {
  return inner.prefix >= outer.prefix && firstOf({ first: inner.first, prefix: outer.prefix }) === outer.first;
}

function invalid(detail: string) {
  return err<InvalidNetwork>({ kind: "invalid_network", detail });
}

function firstOf({ first, prefix }: Network): bigint {
  const rest = BigInt(BITS - prefix);
  return (first >> rest) << rest;
}

function parseV4(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return undefined;
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function parseV6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map(groupsOf);
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  const missing = 8 - head.length - (tail?.length ?? 0);
  // `::` stands for one group of zeros at least.
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...new Array<bigint>(missing).fill(0n), ...(tail ?? [])];
  return groups.reduce((value, group) => (value << 16n) | group, 0n);
}

/** The groups of one side of `::`; the last may be written as IPv4, and counts twice. */
function groupsOf(text: string): bigint[] | undefined {
  if (text === "") return [];
  const groups: bigint[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    const v4 = index === parts.length - 1 ? parseV4(part) : undefined;
    if (v4 !== undefined) groups.push(v4 >> 16n, v4 & 0xffffn);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(BigInt(`0x${part}`));
    else return undefined;
  }
  return groups;
}

function formatV4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join(".");
}

/** The longest run of zero groups, of two or more, becomes `::`; the first of equals. */
function formatV6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  let [from, length] = [0, 1];
  for (let start = 0; start < 8; start++) {
    let end = start;
    while (end < 8 && groups[end] === "0") end++;
    if (end - start > length) [from, length] = [start, end - start];
  }
  if (length < 2) return groups.join(":");
  return `${groups.slice(0, from).join(":")}::${groups.slice(from + length).join(":")}`;
}
