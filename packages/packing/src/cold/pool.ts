/**
 * Items that are in no bin for the moment, by class.
 *
 * The pool has classes `classes[0]` … `classes[size - 1]`, and of class c the items `items[starts[c]]` up to `starts[c] + counts[c]`;
 * the counts of all other classes are 0.
 */
export class Pool {
  readonly #classOf: Int32Array;
  readonly #isTaken: Uint8Array;
  readonly classes: Int32Array;
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  readonly items: Int32Array;
  size = 0;
  /** Items in all. */
  left = 0;

  /** Of so many classes; holds so many items at most. */
  constructor(classOf: Int32Array, classes: number, most: number) {
    this.#classOf = classOf;
    this.#isTaken = new Uint8Array(classOf.length);
    this.classes = new Int32Array(Math.min(classes, most));
    this.starts = new Int32Array(classes);
    this.counts = new Int32Array(classes);
    this.items = new Int32Array(most);
  }

  /** Holds these and no others from now on; O(items + classes of them). */
  fill(groups: readonly Int32Array[]): void {
    for (let k = 0; k < this.size; k++) this.counts[this.classes[k] as number] = 0;
    this.size = 0;
    this.left = 0;
    for (const group of groups) {
      for (const item of group) {
        const c = this.#classOf[item] as number;
        if (this.counts[c] === 0) this.classes[this.size++] = c;
        this.counts[c] = (this.counts[c] as number) + 1;
        this.left += 1;
      }
    }
    let start = 0;
    for (let k = 0; k < this.size; k++) {
      const c = this.classes[k] as number;
      this.starts[c] = start;
      start += this.counts[c] as number;
      this.counts[c] = 0;
    }
    for (const group of groups) {
      for (const item of group) {
        const c = this.#classOf[item] as number;
        const count = this.counts[c] as number;
        this.items[(this.starts[c] as number) + count] = item;
        this.counts[c] = count + 1;
      }
    }
  }

  /** Takes the first so many of these out; O(items in the pool). */
  remove(taken: Int32Array, count: number): void {
    for (let i = 0; i < count; i++) this.#isTaken[taken[i] as number] = 1;
    let size = 0;
    for (let k = 0; k < this.size; k++) {
      const c = this.classes[k] as number;
      const start = this.starts[c] as number;
      const end = start + (this.counts[c] as number);
      let at = start;
      for (let from = start; from < end; from++) {
        const item = this.items[from] as number;
        if (this.#isTaken[item] === 0) this.items[at++] = item;
      }
      this.counts[c] = at - start;
      if (at > start) this.classes[size++] = c;
    }
    this.size = size;
    for (let i = 0; i < count; i++) this.#isTaken[taken[i] as number] = 0;
    this.left -= count;
  }
}
