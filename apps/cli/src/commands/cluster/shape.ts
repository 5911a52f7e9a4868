import { usageFailure } from "../../failure.ts";

interface Shape {
  readonly size?: string | undefined;
  readonly instances?: number | undefined;
  readonly components?: readonly object[] | undefined;
}

/** Whether it says what a cluster is made of. */
export function hasShape({ size, instances, components }: Shape): boolean {
  return components !== undefined || (size !== undefined && instances !== undefined);
}

/** Refuses one without, in options: the API would name its fields, which nobody has typed. */
export function requireShape(shape: Shape, alternatives = "or --component"): void {
  if (!hasShape(shape)) throw usageFailure(`give --size and --instances, ${alternatives}`);
}
