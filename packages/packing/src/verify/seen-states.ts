const FIELDS = 6;
const FIRST_SLOTS = 2 ** 8;
const MOST_SLOTS = 2 ** 19;

/**
 * States that a search has been in: the class to decide next, what is left of four dimensions, and the most that was in hand.
 * With as much left and no more in hand nothing new can come of it. One slot for each hash, so that a state may be forgotten,
 * which costs time alone; slots double as states come, up to 24 MiB.
 */
export class SeenStates {
  #slots = FIRST_SLOTS;
  /** Slot s is at 6 s: class, CPU, memory, volumes, instances, worth in hand. */
  #states = new Float64Array(FIRST_SLOTS * FIELDS).fill(-1);
  #written = 0;

  /** Whether the state was there before with no less in hand; else it is from now on. */
  has(at: number, cpu: number, memory: number, volumes: number, instances: number, worth: number): boolean {
    const slot = this.#slotOf(at, cpu, memory, volumes, instances);
    const states = this.#states;
    const isSame =
      states[slot] === at &&
      states[slot + 1] === cpu &&
      states[slot + 2] === memory &&
      states[slot + 3] === volumes &&
      states[slot + 4] === instances;
    if (isSame && worth <= (states[slot + 5] as number)) return true;
    states[slot] = at;
    states[slot + 1] = cpu;
    states[slot + 2] = memory;
    states[slot + 3] = volumes;
    states[slot + 4] = instances;
    states[slot + 5] = worth;
    if (++this.#written > 2 * this.#slots && this.#slots < MOST_SLOTS) this.#grow();
    return false;
  }

  #slotOf(at: number, cpu: number, memory: number, volumes: number, instances: number): number {
    let hash = Math.imul(at + 1, 0x9e3779b1);
    hash = Math.imul(hash ^ cpu, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15) ^ memory, 0xc2b2ae35);
    hash = Math.imul(hash ^ (hash >>> 13) ^ (volumes * 64 + instances), 0x27d4eb2f);
    return ((hash ^ (hash >>> 16)) & (this.#slots - 1)) * FIELDS;
  }

  #grow(): void {
    const before = this.#states;
    this.#slots *= 4;
    this.#states = new Float64Array(this.#slots * FIELDS).fill(-1);
    for (let from = 0; from < before.length; from += FIELDS) {
      const [at = -1, cpu = 0, memory = 0, volumes = 0, instances = 0] = before.subarray(from, from + FIELDS);
      if (at < 0) continue;
      this.#states.set(before.subarray(from, from + FIELDS), this.#slotOf(at, cpu, memory, volumes, instances));
    }
  }
}
