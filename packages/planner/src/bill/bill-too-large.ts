/** A case that can be read and is too much to bill at once: which limit it reaches, as a sentence. */
export class BillTooLarge extends RangeError {}

/** Of entries that are looked at, each anew in every range of like hours: some minutes. */
export const MOST_ENTRIES_BILLED = 2_000_000;
/** Pairs of an entry and a plan, or of an entry and a reservation, that count as one more entry. */
export const PLAN_PAIRS = 10;
export const RESERVATION_PAIRS = 100;
/** That a bill may have. */
export const MOST_LINES = 1_000_000;
