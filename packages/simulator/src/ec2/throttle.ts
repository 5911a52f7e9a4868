import { Ec2Error } from "./error.ts";

interface BucketShape {
  readonly capacity: number;
  readonly refillPerSecond: number;
}

/**
 * Request buckets, one for each action, and the resource bucket of RunInstances: "Request throttling for the Amazon EC2
 * API" (AWS, read 2026-11). Actions not named take `Describe*` or mutating defaults.
 */
const REQUESTS: Readonly<Record<string, BucketShape>> = {
  RunInstances: { capacity: 5, refillPerSecond: 2 },
  TerminateInstances: { capacity: 100, refillPerSecond: 5 },
};
const DESCRIBE: BucketShape = { capacity: 100, refillPerSecond: 20 };
const MUTATE: BucketShape = { capacity: 50, refillPerSecond: 5 };
const LAUNCHED_INSTANCES: BucketShape = { capacity: 1000, refillPerSecond: 2 };

export interface BucketLevels {
  [bucket: string]: { tokens: number; at: number };
}

/** Takes `count` tokens from a bucket, or refuses as EC2 does and takes none. */
function take(levels: BucketLevels, name: string, shape: BucketShape, count: number, now: number): void {
  const level = levels[name] ?? { tokens: shape.capacity, at: now };
  const refilled = Math.min(shape.capacity, level.tokens + ((now - level.at) / 1000) * shape.refillPerSecond);
  const enough = refilled >= count;
  levels[name] = { tokens: enough ? refilled - count : refilled, at: now };
  if (!enough) throw new Ec2Error("RequestLimitExceeded", "Request limit exceeded.", 503);
}

/** One token for one call of the action. */
export function takeRequestToken(levels: BucketLevels, action: string, now: number): void {
  const shape = REQUESTS[action] ?? (/^(Describe|Get)/.test(action) ? DESCRIBE : MUTATE);
  take(levels, action, shape, 1, now);
}

/** One token for each machine that a launch asks for. */
export function takeLaunchTokens(levels: BucketLevels, count: number, now: number): void {
  take(levels, "RunInstances/instances", LAUNCHED_INSTANCES, count, now);
}
