/** Some copies of one thing, each taking rows, slots and columns of a table's capacity. Whole numbers all. */
export interface Copies {
  readonly rows: number;
  readonly slots: number;
  readonly columns: number;
  readonly value: number;
  readonly copies: number;
}

/**
 * The most value that fits, for every capacity up to a largest: most[(row * slots + slot) * columns + column] is that of
 * capacities row, slot and column. A table of two dimensions has one slot, and its things take none. Values are whole and exact as long as isExact holds for everything that is added.
 */
export interface CellTable extends Shape {
  readonly most: Float64Array;
}

export interface Shape {
  readonly rows: number;
  readonly slots: number;
  readonly columns: number;
}

/** Whether no sum of the copies passes what a double holds exactly. */
export function isExact(things: readonly Copies[], more = 0n): boolean {
  const sum = things.reduce((total, { value, copies }) => total + BigInt(value) * BigInt(copies), more);
  return sum <= Number.MAX_SAFE_INTEGER;
}

/** floor(a / b) of safe integers a >= 0, b > 0, by exact operations alone. */
export function wholePart(a: number, b: number): number {
  return (a - (a % b)) / b;
}

/** How many copies of the thing the largest capacity holds; Infinity when it takes nothing. */
export function copiesThatFit({ rows, slots, columns }: Shape, thing: Copies): number {
  const inRows = thing.rows > 0 ? wholePart(rows - 1, thing.rows) : Number.POSITIVE_INFINITY;
  const inColumns = thing.columns > 0 ? wholePart(columns - 1, thing.columns) : Number.POSITIVE_INFINITY;
  const inSlots = thing.slots > 0 ? wholePart(slots - 1, thing.slots) : Number.POSITIVE_INFINITY;
  return Math.min(inRows, inSlots, inColumns);
}

/**
 * Lets up to `copies` of a thing in. Bundles of 1, 2, 4, … and the rest make every number of copies up to all, and each
 * bundle is taken or left: O(cells x log copies). Where no capacity holds more than there are, one pass does for all.
 */
export function addCopies(table: CellTable, thing: Copies): void {
  if (thing.value <= 0) return;
  const fit = copiesThatFit(table, thing);
  if (fit === Number.POSITIVE_INFINITY) addToAll(table, thing.value * thing.copies);
  else if (thing.copies >= fit) addWithoutEnd(table, thing);
  else {
    for (let bundle = 1, left = thing.copies; left > 0; left -= bundle, bundle *= 2)
      addOnce(table, thing, Math.min(bundle, left));
  }
}

/** Passes over the table that addCopies makes. */
export function passesOf(table: Shape, thing: Copies): number {
  if (thing.value <= 0) return 0;
  if (thing.copies >= copiesThatFit(table, thing)) return 1;
  let passes = 0;
  for (let bundle = 1, left = thing.copies; left > 0; left -= bundle, bundle *= 2) passes++;
  return passes;
}

function addToAll({ most }: CellTable, value: number): void {
  for (let cell = 0; cell < most.length; cell++) most[cell] = (most[cell] as number) + value;
}

/** Upwards, so that a cell may build on one that holds the thing already. */
function addWithoutEnd({ rows, slots, columns, most }: CellTable, thing: Copies): void {
  const { value } = thing;
  const back = (thing.rows * slots + thing.slots) * columns + thing.columns;
  for (let row = thing.rows; row < rows; row++) {
    for (let slot = thing.slots; slot < slots; slot++) {
      const start = (row * slots + slot) * columns;
      for (let cell = start + thing.columns; cell < start + columns; cell++) {
        const sum = (most[cell - back] as number) + value;
        if (sum > (most[cell] as number)) most[cell] = sum;
      }
    }
  }
}

/** Downwards, so that a cell builds on ones that do not hold the bundle yet. */
function addOnce({ rows, slots, columns, most }: CellTable, thing: Copies, bundle: number): void {
  const value = thing.value * bundle;
  const takesRows = thing.rows * bundle;
  const takesSlots = thing.slots * bundle;
  const takesColumns = thing.columns * bundle;
  const back = (takesRows * slots + takesSlots) * columns + takesColumns;
  for (let row = rows - 1; row >= takesRows; row--) {
    for (let slot = slots - 1; slot >= takesSlots; slot--) {
      const start = (row * slots + slot) * columns;
      for (let cell = start + columns - 1; cell >= start + takesColumns; cell--) {
        const sum = (most[cell - back] as number) + value;
        if (sum > (most[cell] as number)) most[cell] = sum;
      }
    }
  }
}
