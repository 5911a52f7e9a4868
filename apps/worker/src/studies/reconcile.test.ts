import { LeaseLost, type LiveLease } from "@berth/db";
import { idFromUuid, type PackingStudyId, type RunId } from "@berth/domain";
import type { StudyOutcome } from "@berth/packing";
import { expect, test } from "vitest";
import { liveLease } from "../testing/live-lease.ts";
import { reconcileStudy, type StudyLoopDeps } from "./reconcile.ts";
import { runInThread } from "./run-in-thread.ts";

const UUID = "1".repeat(32);
const ID = idFromUuid("packingStudy", UUID) as PackingStudyId;
const RUN = idFromUuid("run", UUID) as RunId;
const ZONES = ["a", "b"];
const KUBE = {
  pools: [{ poolId: "pool_1", zones: ZONES, machineTypes: ["r7i.xlarge"], instancesPerMachine: 8, maxMachines: 9 }],
  offerings: ZONES.map((zone) => ({
    zone,
    machineType: "r7i.xlarge",
    priceMicroUsdPerHour: 264_600,
    vcpu: 4,
    memoryMib: 32_768,
    ebsVolumeLimit: 28,
    ebsVolumeLimitType: "shared",
    unavailableUntil: null,
  })),
  observed: [],
  machines: [{ nodeName: "n1", zone: "a", machineType: "r7i.xlarge", priceMicroUsdPerHour: 264_600 }],
};
const INSTANCES = ["cl_1", "cl_2", "cl_3"].map((clusterId) => ({
  clusterId,
  organizationId: "org_1",
  cpuMilli: 500,
  memoryMib: 4096,
  nodeName: "n1",
  zones: ["a"],
}));
const STUDY = {
  id: ID,
  kubeId: "kub_1",
  kind: "cold_plan",
  state: "queued",
  request: { kind: "cold_plan", seconds: 0.2, boundSeconds: 0.2, seed: 1 },
  attempts: 0,
  wakes: 0,
};

interface Setting {
  readonly study?: object;
  readonly instances?: readonly object[];
  readonly run?: StudyLoopDeps["run"];
  readonly stopping?: AbortSignal;
  readonly onProgress?: () => Promise<void>;
}

/** What one look at the study records. */
async function look({ study = STUDY, instances = INSTANCES, run = runInThread, stopping, onProgress }: Setting) {
  const records: (readonly [string, unknown])[] = [];
  const record = (what: string) => async (_lease: unknown, _id: unknown, value?: unknown) => {
    records.push([what, value]);
    if (what === "progress") await onProgress?.();
  };
  const deps = {
    leases: { withLease: (_name: string, work: (lease: LiveLease) => Promise<unknown>) => work(liveLease()) },
    store: {
      find: async () => study,
      findFleet: async () => ({ kube: KUBE, instances }),
      recordStarted: record("started"),
      recordProgress: record("progress"),
      recordResult: record("result"),
      recordFailure: record("failure"),
    },
    run,
    stopping: stopping ?? new AbortController().signal,
  } as unknown as StudyLoopDeps;
  const thrown = await reconcileStudy(deps, ID, RUN).catch((error: unknown) => error);
  return { records, thrown };
}

test("a study is computed in a thread of its own and recorded with its files", async () => {
  const { records, thrown } = await look({});
  expect(thrown).toBeUndefined();
  expect(records.map(([what]) => what).filter((what) => what !== "progress")).toEqual(["started", "result"]);
  expect(records.at(-1)?.[1]).toMatchObject({
    result: { verified: true, violations: 0, fleetMicroUsdPerHour: 264_600, plan: { machines: 1, instances: 3 } },
    files: { certificate: expect.stringContaining('"lowerBound"') },
  });
});

test("what fits no machine type fails the study by name, and says what to do", async () => {
  const huge = { ...INSTANCES[0], memoryMib: 1_000_000 };
  const { records } = await look({ instances: [huge] });
  expect(records.at(-1)).toEqual([
    "failure",
    { code: "not_a_case", message: expect.stringMatching(/MiB of memory.*berth admin pool update/) },
  ]);
});

test("an ended study is left alone, and one that ended its worker five times is given up", async () => {
  const run = () => Promise.reject(new Error("nothing is to be run"));
  expect(await look({ study: { ...STUDY, state: "succeeded" }, run })).toEqual({ records: [], thrown: undefined });
  const { records } = await look({ study: { ...STUDY, state: "running", attempts: 5 }, run });
  expect(records).toEqual([["failure", { code: "given_up", message: expect.stringContaining("5 times") }]]);
});

test("a worker that stops breaks the computation off, and leaves the row to the next one", async () => {
  const stopping = new AbortController();
  const study = { ...STUDY, request: { ...STUDY.request, seconds: 600 } };
  const onProgress = async () => stopping.abort();
  const { records, thrown } = await look({ study, stopping: stopping.signal, onProgress });
  expect(thrown).toBeUndefined();
  expect(records.map(([what]) => what)).toEqual(["started", "progress"]);
});

test("so does one whose lease is gone: whoever has it begins anew", async () => {
  const study = { ...STUDY, request: { ...STUDY.request, seconds: 600 } };
  const lost = new LeaseLost({ name: "study", holder: "me", epoch: 1n });
  const { records, thrown } = await look({ study, onProgress: () => Promise.reject(lost) });
  expect(thrown).toBeUndefined();
  expect(records.map(([what]) => what)).toEqual(["started", "progress"]);
});

test("a fault of the engine is recorded by the run's id alone, and thrown for the log", async () => {
  const fault = new TypeError("undefined is not a function");
  const { records, thrown } = await look({ run: (): Promise<StudyOutcome> => Promise.reject(fault) });
  expect(thrown).toBe(fault);
  expect(records.at(-1)).toEqual(["failure", { code: "internal_error", message: expect.stringContaining(RUN) }]);
  expect(JSON.stringify(records)).not.toContain(fault.message);
});
