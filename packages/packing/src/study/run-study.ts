import type { CaseFault } from "@berth/domain";
import type { Solver } from "@berth/ports";
import type { Certificate } from "../bound/certificate.ts";
import { makeCertificate } from "../bound/make-certificate.ts";
import { checkPlan } from "../case/check-plan.ts";
import type { PackingCase, PackingPolicy, PlanNode } from "../case/packing-case.ts";
import { ColdPlan } from "../cold/cold-plan.ts";
import { runColdPlan } from "../cold/run-cold-plan.ts";
import type { Refusal } from "../verify/verdict.ts";
import { verifyCertificate } from "../verify/verify-certificate.ts";
import { caseFaults, textOf } from "./case-text.ts";
import { fleetCase, type StudyFleet } from "./fleet-case.ts";
import { type PlanFigures, planFigures } from "./plan-figures.ts";
import { type StrandedMachine, strandedOf } from "./stranded.ts";
import { changeCase, type WhatIf, withCap } from "./what-if.ts";

/** What a study is asked for. Seconds are the caller's, who turns them into chunks of work. */
export type StudyRequest =
  | { readonly kind: "cold_plan"; readonly seconds: number; readonly boundSeconds: number; readonly seed: number }
  | { readonly kind: "density_curve"; readonly seconds: number; readonly seed: number }
  | { readonly kind: "simulation"; readonly seconds: number; readonly seed: number; readonly whatIf: WhatIf };

/** What only the caller has. */
export interface StudyHost {
  readonly solver: Solver;
  /** Begins to count: what it gives says which part of the seconds has gone, 1 and more when they are over. */
  readonly startTimer: (seconds: number) => () => number;
  /** How far the study has come, from 0 to 1, and with what. */
  readonly tell: (step: string, done: number) => void;
  readonly sha256: (text: string) => string;
}

/** The texts that `npm run verify` takes, byte for byte. */
export interface CertificateFiles {
  readonly types: string;
  readonly instances: string;
  readonly certificate: string;
}

export interface ColdPlanResult {
  readonly plan: PlanFigures;
  readonly fleetMicroUsdPerHour: number;
  readonly fleetMachines: number;
  /** Instances of the fleet that sit nowhere yet: the plan has room for them, the fleet's price does not. */
  readonly instancesWithoutPlace: number;
  /** Whole nano-dollars, in decimal. */
  readonly lowerBoundNanoUsdPerHour: string;
  /** (Restricted master program - bound) / restricted master program; undefined where no round has ended. */
  readonly proofGap: number | undefined;
  readonly verified: boolean;
  readonly refusals: readonly Refusal[];
  readonly strandedMicroUsdPerHour: number;
  /** The machines that strand most. */
  readonly stranded: readonly StrandedMachine[];
  readonly violations: number;
  readonly iterations: number;
  readonly rounds: number;
}

export interface DensityPoint {
  /** Undefined: none. */
  readonly cap: number | undefined;
  readonly priceMicroUsdPerHour: number;
  readonly machines: number;
  readonly densityMean: number;
  readonly densityMax: number;
}

export interface SimulationResult {
  readonly fleetMicroUsdPerHour: number;
  readonly fleetMachines: number;
  /** The fleet's own instances, planned from nothing. */
  readonly before: SimulatedFleet;
  readonly after: SimulatedFleet & { readonly restoredElsewhere: number; readonly withoutPlace: number };
}

export interface SimulatedFleet extends PlanFigures {
  /** Against a bound without a certificate; undefined where nothing is to run. */
  readonly costRatio: number | undefined;
}

export type StudyOutcome =
  | { readonly kind: "cold_plan"; readonly result: ColdPlanResult; readonly files: CertificateFiles }
  | { readonly kind: "density_curve"; readonly result: { readonly points: readonly DensityPoint[] } }
  | { readonly kind: "simulation"; readonly result: SimulationResult }
  /** The fleet is no case: nothing may be launched, or something fits no type that may. */
  | { readonly kind: "refused"; readonly faults: readonly CaseFault[] };

const CAPS = [1, 2, 4, 6, 8, 11, 16] as const;
/** As many as no machine takes: what no cap comes to. */
const NO_CAP = 1000;
const GAP = 1e-3;
const STRANDED_LISTED = 20;

/** Runs one study. The same request and fleet give the same plan for the same number of iterations and rounds. */
export async function runStudy(request: StudyRequest, fleet: StudyFleet, host: StudyHost): Promise<StudyOutcome> {
  const studied = { fleet, ...fleetCase(fleet) };
  const faults = caseFaults(studied.packing);
  if (faults.length > 0) return { kind: "refused", faults };
  switch (request.kind) {
    case "cold_plan":
      return studyColdPlan(request, studied, host);
    case "density_curve":
      return studyDensityCurve(request, studied, host);
    case "simulation":
      return studySimulation(request, studied, host);
  }
}

/** A fleet, and the case that it is. */
interface Studied {
  readonly fleet: StudyFleet;
  readonly packing: PackingCase;
  readonly policy: PackingPolicy;
}

type RequestOf<K extends StudyRequest["kind"]> = Extract<StudyRequest, { kind: K }>;

async function studyColdPlan(
  request: RequestOf<"cold_plan">,
  { fleet, packing, policy }: Studied,
  host: StudyHost,
): Promise<StudyOutcome> {
  const types = textOf(packing.types);
  const instances = textOf(packing.instances);
  const cold = await ColdPlan.open(packing, policy, host.solver, { seed: request.seed, gap: GAP });
  try {
    const share = request.seconds / (request.seconds + request.boundSeconds);
    let done = await search(cold, request.seconds, host, (part) => host.tell("plan", share * part));
    const nodes = cold.plan();
    const spent = host.startTimer(request.boundSeconds);
    while (!done && spent() < 1) {
      done = await cold.generateColumns(1);
      host.tell("bound", share + (1 - share) * Math.min(1, spent()) * 0.9);
    }
    host.tell("certificate", 0.95);
    const certificate = certify(cold, { typesSha256: host.sha256(types), instancesSha256: host.sha256(instances) });
    const certificateText = `${JSON.stringify(certificate, undefined, 1)}\n`;
    host.tell("verification", 0.98);
    const verdict = verifyCertificate({
      typesText: types,
      instancesText: instances,
      certificateText,
      sha256: host.sha256,
    });
    const master = cold.columns.reduce((sum, { cost }) => sum + cost, 0);
    const bound = Number(certificate.lowerBound) / 1000;
    const stranded = strandedOf(certificate, loadedMachines(fleet, packing));
    return {
      kind: "cold_plan",
      files: { types, instances, certificate: certificateText },
      result: {
        plan: planFigures(packing, nodes),
        ...priceOf(fleet),
        instancesWithoutPlace: countWithoutPlace(fleet),
        lowerBoundNanoUsdPerHour: certificate.lowerBound,
        proofGap: Number.isFinite(master) && master > 0 ? (master - bound) / master : undefined,
        verified: verdict.verified,
        refusals: verdict.verified ? [] : verdict.refusals,
        strandedMicroUsdPerHour: stranded.reduce((sum, one) => sum + one.strandedMicroUsdPerHour, 0),
        stranded: stranded
          .toSorted((a, b) => b.strandedMicroUsdPerHour - a.strandedMicroUsdPerHour)
          .slice(0, STRANDED_LISTED),
        violations: checkPlan(packing, nodes, policy).length,
        iterations: cold.iterations,
        rounds: cold.rounds,
      },
    };
  } finally {
    await cold.close();
  }
}

async function studyDensityCurve(
  request: RequestOf<"density_curve">,
  { packing, policy }: Studied,
  host: StudyHost,
): Promise<StudyOutcome> {
  const points: DensityPoint[] = [];
  const caps = [...CAPS, NO_CAP];
  for (const [index, cap] of caps.entries()) {
    const tell = (part: number) =>
      host.tell(cap === NO_CAP ? "without a cap" : `cap ${cap}`, (index + part) / caps.length);
    const capped = withCap(packing, cap);
    const { plan } = await planOf(capped, policy, request, host, tell, { withBound: false });
    const figures = planFigures(capped, plan);
    const point = { ...figures, cap: cap === NO_CAP ? undefined : cap };
    // What keeps a lower cap keeps this one: a search that found nothing better has that plan.
    const before = points.at(-1);
    const best = before !== undefined && before.priceMicroUsdPerHour < point.priceMicroUsdPerHour ? before : point;
    const { priceMicroUsdPerHour, machines, densityMean, densityMax } = best;
    points.push({ cap: point.cap, priceMicroUsdPerHour, machines, densityMean, densityMax });
  }
  return { kind: "density_curve", result: { points } };
}

async function studySimulation(
  request: RequestOf<"simulation">,
  { fleet, packing, policy }: Studied,
  host: StudyHost,
): Promise<StudyOutcome> {
  const changed = changeCase(packing, request.whatIf);
  const before = await simulate(packing, policy, request, host, (part) => host.tell("as it is", part * 0.45));
  const after = await simulate(changed.packing, policy, request, host, (part) =>
    host.tell("what if", 0.5 + part * 0.45),
  );
  const { restoredElsewhere, withoutPlace } = changed;
  return {
    kind: "simulation",
    result: { ...priceOf(fleet), before, after: { ...after, restoredElsewhere, withoutPlace } },
  };
}

async function simulate(
  packing: PackingCase,
  policy: PackingPolicy,
  request: { readonly seconds: number; readonly seed: number },
  host: StudyHost,
  tell: (part: number) => void,
): Promise<SimulatedFleet> {
  const { plan, boundMicroUsdPerHour: bound } = await planOf(packing, policy, request, host, tell, {
    withBound: true,
  });
  const figures = planFigures(packing, plan);
  return { ...figures, costRatio: bound > 0 ? figures.priceMicroUsdPerHour / bound : undefined };
}

/** A plan within the seconds that there are, and a bound by the values that it was searched at. Nothing needs no machine. */
async function planOf(
  packing: PackingCase,
  policy: PackingPolicy,
  { seconds, seed }: { readonly seconds: number; readonly seed: number },
  host: StudyHost,
  tell: (part: number) => void,
  { withBound }: { readonly withBound: boolean },
): Promise<{ readonly plan: readonly PlanNode[]; readonly boundMicroUsdPerHour: number }> {
  if (packing.instances.length === 0) return { plan: [], boundMicroUsdPerHour: 0 };
  const cold = await ColdPlan.open(packing, policy, host.solver, { seed, gap: GAP });
  try {
    await search(cold, seconds, host, tell);
    return { plan: cold.plan(), boundMicroUsdPerHour: withBound ? Number(certify(cold).lowerBound) / 1000 : 0 };
  } finally {
    await cold.close();
  }
}

/** The bound that the plan's best values prove, of these files; of none where it is not given to anyone. */
function certify(
  cold: ColdPlan,
  inputs: Certificate["inputs"] = { typesSha256: "", instancesSha256: "" },
): Certificate {
  return makeCertificate(
    cold.blocks.map((block, index) => ({ block, values: cold.valuesFor(index) })),
    inputs,
  );
}

/** Improves a plan for so many seconds; true when column generation has come to its end on the way. */
function search(
  cold: ColdPlan,
  seconds: number,
  { startTimer }: StudyHost,
  tell: (part: number) => void,
): Promise<boolean> {
  const spent = startTimer(seconds);
  return runColdPlan(cold, () => {
    tell(Math.min(1, spent()));
    return spent();
  });
}

function priceOf({ machines }: StudyFleet) {
  return {
    fleetMicroUsdPerHour: machines.reduce((sum, { priceMicroUsdPerHour }) => sum + priceMicroUsdPerHour, 0),
    fleetMachines: machines.length,
  };
}

/** The fleet's machines with the case's instances that sit on them. */
function loadedMachines({ machines, instances }: StudyFleet, packing: PackingCase) {
  const loads = new Map(machines.map(({ nodeName }) => [nodeName, [] as PackingCase["instances"][number][]]));
  for (const [index, { nodeName }] of instances.entries()) {
    const instance = packing.instances[index];
    if (nodeName !== undefined && instance !== undefined) loads.get(nodeName)?.push(instance);
  }
  return machines.map((machine) => ({ ...machine, load: loads.get(machine.nodeName) ?? [] }));
}

function countWithoutPlace({ machines, instances }: StudyFleet): number {
  const names = new Set(machines.map(({ nodeName }) => nodeName));
  return instances.filter(({ nodeName }) => nodeName === undefined || !names.has(nodeName)).length;
}
