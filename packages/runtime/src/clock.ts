import type { Clock } from "@berth/ports";

/** The machine's clock. */
export const systemClock: Clock = { now: () => new Date() };
