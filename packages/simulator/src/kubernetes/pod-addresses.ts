/**
 * Hands out pod addresses on loopback, never the same twice before all others were used: a late packet for a dead pod
 * must not reach the next one.
 */
export class PodAddresses {
  private readonly prefix: string;
  private readonly taken = new Map<string, string>();
  /** Where the search goes on. */
  next = 1;

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  /** The address of a pod uid, the same each time that it is asked for. */
  take(uid: string): string {
    for (let tries = 0; tries < 65_000; tries += 1) {
      const address = `${this.prefix}.${(this.next >> 8) & 0xff}.${this.next & 0xff}`;
      const last = this.next & 0xff;
      this.next = (this.next + 1) % 65_536;
      if (last === 0 || last === 255 || this.taken.has(address)) continue;
      this.taken.set(address, uid);
      return address;
    }
    throw new RangeError("no pod address is left");
  }

  /** Whether it is one of ours to hand out: another world may have the range of the last start by now. */
  owns(address: string): boolean {
    return address.startsWith(`${this.prefix}.`);
  }

  /** Takes note of an address that a pod has already. */
  keep(uid: string, address: string): void {
    this.taken.set(address, uid);
  }

  release(uid: string, address: string): void {
    if (this.taken.get(address) === uid) this.taken.delete(address);
  }

  clear(): void {
    this.taken.clear();
  }
}
