/** A rule that a case breaks: field and rule make a sentence, as "types[3].cpuMilli" and "must be a whole number …". */
export interface CaseFault {
  readonly field: string;
  readonly rule: string;
}

/** How many faults are told one by one where nothing else is said. */
const MOST_TOLD = 20;

/** Collects faults in the order in which they are met, whatever their number, in a bounded space: `mostTold`, and a count of the rest. */
export class CaseFaults {
  readonly #mostTold: number;
  readonly #told: CaseFault[] = [];
  #untold = 0;

  constructor(mostTold = MOST_TOLD) {
    this.#mostTold = mostTold;
  }

  add(field: string, rule: string): void {
    if (this.#told.length < this.#mostTold) this.#told.push({ field, rule });
    else this.#untold++;
  }

  get any(): boolean {
    return this.#told.length > 0;
  }

  /** The first ones, and one more that says how many were left out, if any were. */
  list(): CaseFault[] {
    if (this.#untold === 0) return [...this.#told];
    return [...this.#told, { field: "the case", rule: `has ${this.#untold} more ${plural(this.#untold, "fault")}` }];
  }
}

function plural(count: number, word: string): string {
  return count === 1 ? word : `${word}s`;
}
