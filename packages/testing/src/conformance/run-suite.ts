import { afterAll, beforeAll, describe, it } from "vitest";
import type { ConformanceCase } from "./case.ts";

export interface ConformanceWorld<Port, Env> {
  readonly port: Port;
  readonly env: Env;
  close(): Promise<void>;
}

/** A case waits as long as its environment is patient, more than once; only a hang ends here. */
const CASE_TIMEOUT_MS = 120_000;
const START_TIMEOUT_MS = 600_000;

/**
 * Runs a suite as tests. `knownFaults` names the cases that this implementation is known to fail, each with the reason:
 * they are shown as skipped, never left out silently; a name that is no case is an error.
 */
export function runConformance<Port, Env>(
  title: string,
  cases: readonly ConformanceCase<Port, Env>[],
  start: () => Promise<ConformanceWorld<Port, Env>>,
  knownFaults: Readonly<Record<string, string>> = {},
): void {
  for (const name of Object.keys(knownFaults)) {
    if (!cases.some((each) => each.name === name)) throw new Error(`${title}: no case is named "${name}"`);
  }
  describe(title, () => {
    let world: ConformanceWorld<Port, Env>;
    beforeAll(async () => {
      world = await start();
    }, START_TIMEOUT_MS);
    afterAll(async () => {
      await world?.close();
    }, START_TIMEOUT_MS);

    for (const each of cases) {
      it(
        each.name,
        async (context) => {
          const fault = knownFaults[each.name];
          const missing = each.needs !== undefined && world.env[each.needs] === undefined;
          const reason = fault ?? (missing ? `cannot be brought about here: ${each.needs}` : undefined);
          if (reason !== undefined) {
            console.info(`skipped on ${title}: ${each.name}: ${reason}`);
            context.skip(reason);
          }
          await each.run(world.port, world.env);
        },
        CASE_TIMEOUT_MS,
      );
    }
  });
}
