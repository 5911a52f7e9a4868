/** Loopback addresses of one node: the kernel answers for all of 127/8, so each pod can have one of its own. */
export interface AddressPool {
  /** An address that no pod of this node has, the one that rested longest first. Throws when all 253 are taken. */
  take(): string;
  release(address: string): void;
}

const FIRST = 1;
const LAST = 253;

/** The node's own address is the last but one of the prefix. */
export const hostAddress = (prefix: string): string => `${prefix}.254`;

export function addressPool(prefix: string): AddressPool {
  if (!/^127\.\d{1,3}\.\d{1,3}$/.test(prefix)) throw new Error(`"${prefix}" is no prefix like 127.20.0`);
  const free = Array.from({ length: LAST - FIRST + 1 }, (_, index) => `${prefix}.${FIRST + index}`);
  return {
    take: () => {
      const address = free.shift();
      if (address === undefined) throw new Error(`all addresses of ${prefix} are taken`);
      return address;
    },
    release: (address) => void free.push(address),
  };
}
