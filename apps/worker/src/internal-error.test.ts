import { LeaseEnded, type LiveLease } from "@berth/db";
import { idFromUuid, type RunId } from "@berth/domain";
import { describe, expect, it } from "vitest";
import { type LoopDeps, loopTable } from "./loops.ts";
import { liveLease } from "./testing/live-lease.ts";

const NOW = new Date("2026-11-28T12:00:00Z");
const UUID = "1".repeat(32);
const RUN = idFromUuid("run", UUID) as RunId;
/** Of what rows have, as much as is looked at before the kube is asked. */
const ROW = { isStatic: true, alternatives: [], createdAt: NOW, pool: {} };
const FAILED_TWICE = { ...ROW, waitingFor: [], failures: 2, wakes: 5, state: "ready" };

interface Recorded {
  readonly failures: number;
  readonly wakes: number;
  readonly nextCheckAt: Date;
  readonly waitingFor: readonly { readonly name: string; readonly subject: string; readonly hint: string }[];
}

const LOOPS = { clusters: "cluster", placement: "kube", machines: "machine" } as const;

/** One run of a loop over a row that failed twice, in a kube whose connection ends in `error`. */
async function runThatMeets(error: Error, name: keyof typeof LOOPS) {
  const records: Recorded[] = [];
  const record = async (_lease: unknown, _id: unknown, status: Recorded) => void records.push(status);
  const find = async (id: string) => ({ ...FAILED_TWICE, id, kubeId: "kub_1" });
  const deps = {
    leases: { withLease: (_name: string, work: (lease: LiveLease) => Promise<unknown>) => work(liveLease()) },
    kubes: { get: () => Promise.reject(error) },
    store: { find, findKube: find, recordStatus: record, recordKube: record },
    clock: { now: () => NOW },
    onFailure: () => {},
  };
  const all = { clusters: deps, placement: deps, machines: deps } as unknown as LoopDeps;
  const id = idFromUuid(LOOPS[name], UUID);
  const loop = loopTable(all).find((one) => one.name === name);
  const thrown = await loop?.run(id, RUN).catch((caught: unknown) => caught);
  return { id, thrown, records };
}

describe.each(["clusters", "placement", "machines"] as const)("the loop of %s", (name) => {
  it("names a fault of its own on the row, looks again later and later, and lets it be seen", async () => {
    const fault = new TypeError("undefined is not a function");
    const { id, thrown, records } = await runThatMeets(fault, name);
    expect(thrown).toBe(fault);
    expect(records).toMatchObject([
      {
        failures: 3,
        wakes: 5,
        nextCheckAt: new Date(NOW.getTime() + 4000),
        waitingFor: [{ name: "internal_error", subject: id, hint: expect.stringContaining(RUN) }],
      },
    ]);
    expect(JSON.stringify(records)).not.toContain(fault.message);
  });

  it("records nothing of a run that lost its lease", async () => {
    const { thrown, records } = await runThatMeets(new LeaseEnded("any"), name);
    expect(thrown).toBeInstanceOf(LeaseEnded);
    expect(records).toEqual([]);
  });
});
