import { MAX_PLUS_CODE } from "./max-plus-code.ts";

/** What of WebAssembly is used here: engines have it, and its types come with the browser's, which this package does not load. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  takeAny(rows: number, columns: number, dp: number, dq: number, value: number): void;
  takeOnce(rows: number, columns: number, dp: number, dq: number, value: number): void;
}

const PAGE_BYTES = 65_536;
const CELL_BYTES = 8;
let compiled: object | undefined;

/**
 * The table of a knapsack over two whole-number dimensions: cell p * columns + q is the most value in at most p and q units.
 *
 * The cells lie in WebAssembly's memory, which adds and compares two at a time: 2 to 3 times as fast as a loop over a
 * Float64Array here, in the same order and with the same results to the last bit. O(rows x columns) for each take.
 */
export class MaxPlusTable {
  readonly #kernel: Kernel;
  #rows = 0;
  #columns = 0;
  /** Row by row; another array after `reset`. */
  cells = new Float64Array(0);

  constructor() {
    const { Module, Instance } = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly;
    compiled ??= new Module(Uint8Array.from(MAX_PLUS_CODE.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)));
    this.#kernel = new Instance(compiled).exports as Kernel;
  }

  get columns(): number {
    return this.#columns;
  }

  /** What the whole table holds at most. */
  get most(): number {
    return this.cells[this.cells.length - 1] as number;
  }

  /** Empty, for so many rows (units of p, and one) and columns (of q, and one). */
  reset(rows: number, columns: number): void {
    const { memory } = this.#kernel;
    const missing = rows * columns * CELL_BYTES - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
    this.#rows = rows;
    this.#columns = columns;
    this.cells = new Float64Array(memory.buffer, 0, rows * columns).fill(0);
  }

  /** As many as there is room for, of dp and dq units each, not both 0. */
  takeAny(dp: number, dq: number, value: number): void {
    if (!this.#hasRoomFor(dp, dq)) return;
    // Cells that read their neighbour cannot go two at a time.
    if (dp === 0 && dq === 1) this.#takeInRows(dq, value);
    else this.#kernel.takeAny(this.#rows, this.#columns, dp, dq, value);
  }

  /** At most so many, of dp and dq units each. O(cells x log copies). */
  takeUpTo(copies: number, dp: number, dq: number, value: number): void {
    let left = copies;
    for (let share = 1; left > 0; share *= 2) {
      const taken = Math.min(share, left);
      this.#takeOnce(taken * dp, taken * dq, taken * value);
      left -= taken;
    }
  }

  #takeOnce(dp: number, dq: number, value: number): void {
    if (!this.#hasRoomFor(dp, dq)) return;
    if (dp === 0) this.#takeOnceInRows(dq, value);
    else this.#kernel.takeOnce(this.#rows, this.#columns, dp, dq, value);
  }

  #hasRoomFor(dp: number, dq: number): boolean {
    return dp < this.#rows && dq < this.#columns;
  }

  #takeInRows(dq: number, value: number): void {
    const { cells } = this;
    for (let start = 0; start < cells.length; start += this.#columns) {
      for (let cell = start + dq; cell < start + this.#columns; cell++) {
        cells[cell] = Math.max(cells[cell] as number, (cells[cell - dq] as number) + value);
      }
    }
  }

  #takeOnceInRows(dq: number, value: number): void {
    const { cells } = this;
    for (let start = 0; start < cells.length; start += this.#columns) {
      for (let cell = start + this.#columns - 1; cell >= start + dq; cell--) {
        cells[cell] = Math.max(cells[cell] as number, (cells[cell - dq] as number) + value);
      }
    }
  }
}
