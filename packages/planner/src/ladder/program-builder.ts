import type { Columns, RowBounds } from "@berth/ports";

/** A program as it is put together, row by row and column by column, for the solver port. */
export class ProgramBuilder {
  readonly #lower: number[] = [];
  readonly #upper: number[] = [];
  readonly #costs: number[] = [];
  readonly #least: number[] = [];
  readonly #most: number[] = [];
  readonly #whole: number[] = [];
  readonly #entries: { readonly row: number; value: number }[][] = [];

  /** Gives its index, which is what columns name. */
  row(lower: number, upper: number): number {
    this.#lower.push(lower);
    return this.#upper.push(upper) - 1;
  }

  column({
    cost = 0,
    least = 0,
    most = Number.POSITIVE_INFINITY,
    whole = false,
  }: {
    readonly cost?: number;
    readonly least?: number;
    readonly most?: number;
    readonly whole?: boolean;
  }): number {
    this.#costs.push(cost);
    this.#least.push(least);
    this.#most.push(most);
    this.#whole.push(whole ? 1 : 0);
    return this.#entries.push([]) - 1;
  }

  /** Adds to what stands there. */
  entry(row: number, column: number, value: number): void {
    const entries = this.#entries[column] as { readonly row: number; value: number }[];
    const there = entries.find((entry) => entry.row === row);
    if (there === undefined) entries.push({ row, value });
    else there.value += value;
  }

  /** Adds to both bounds of a row. */
  shift(row: number, by: number): void {
    this.#lower[row] = (this.#lower[row] as number) + by;
    this.#upper[row] = (this.#upper[row] as number) + by;
  }

  get rows(): RowBounds {
    return { lower: Float64Array.from(this.#lower), upper: Float64Array.from(this.#upper) };
  }

  get columns(): Columns {
    const starts = new Int32Array(this.#entries.length + 1);
    this.#entries.forEach((entries, j) => {
      starts[j + 1] = (starts[j] as number) + entries.length;
    });
    const entries = this.#entries.flatMap((one) => one.toSorted((a, b) => a.row - b.row));
    return {
      costs: Float64Array.from(this.#costs),
      lower: Float64Array.from(this.#least),
      upper: Float64Array.from(this.#most),
      starts,
      rows: Int32Array.from(entries, ({ row }) => row),
      values: Float64Array.from(entries, ({ value }) => value),
    };
  }

  get whole(): Uint8Array {
    return Uint8Array.from(this.#whole);
  }

  get size(): { readonly rows: number; readonly columns: number; readonly whole: number; readonly nonzeros: number } {
    return {
      rows: this.#lower.length,
      columns: this.#costs.length,
      whole: this.#whole.reduce((sum, one) => sum + one, 0),
      nonzeros: this.#entries.reduce((sum, entries) => sum + entries.length, 0),
    };
  }
}
