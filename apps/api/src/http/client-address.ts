import { BlockList, isIPv4, isIPv6 } from "node:net";

/**
 * The caller's address in one form: an IPv4 address that came as `::ffff:10.0.0.1`, which is what a socket of both families
 * says, is written `10.0.0.1`, and a zone (`fe80::1%eth0`) is left out. Undefined for what is none: behind a proxy it is the
 * text of a header.
 */
export function addressOf(text: string): string | undefined {
  const address = text.replace(/%.*$/, "").replace(/^::ffff:(?=[\d.]+$)/i, "");
  return isIPv4(address) || isIPv6(address) ? address.toLowerCase() : undefined;
}

/**
 * By what callers are told apart who have no name: the address, or of IPv6 the network of 64 bits, as a single subscriber has
 * all of its addresses.
 */
export function networkOf(text: string): string {
  if (!text.includes(":")) return text;
  const address = addressOf(text) ?? "unknown";
  if (!address.includes(":")) return address;
  const [head = [], tail = []] = address.split("::").map((part) => (part === "" ? [] : part.split(":")));
  const groups = [...head, ...Array(Math.max(0, 8 - head.length - tail.length)).fill("0"), ...tail];
  return `${groups.slice(0, 4).join(":")}::/64`;
}

/** Whether the address is in one of the networks, of which a malformed one holds nothing. Every address is in an empty list. */
export function isAddressIn(address: string | undefined, cidrs: readonly string[]): boolean {
  if (cidrs.length === 0) return true;
  if (address === undefined) return false;
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [network = "", prefix] = cidr.split("/");
    if (isIPv4(network)) list.addSubnet(network, Number(prefix), "ipv4");
    else if (isIPv6(network)) list.addSubnet(network, Number(prefix), "ipv6");
  }
  return list.check(address, isIPv4(address) ? "ipv4" : "ipv6");
}
