import { Ec2Error } from "./error.ts";

/** What tests and the operator of a simulated world can break; all of it is in the snapshot. */
export interface Ec2FaultState {
  /** `type/zone` -> machines that may still be launched there. Absent: as many as wanted. */
  capacity: Record<string, number>;
  /** `type/zone` pairs that AWS does not sell. */
  withdrawn: string[];
  /** The next so many machines launched never boot. */
  neverBoot: number;
  /** action -> so many answers that will be lost after their effect. */
  lostAnswers: Record<string, number>;
  /** action -> refusals still to give, in order. */
  refusals: Record<string, { code: string; message: string; httpStatus: number }[]>;
  /** Actions that the caller's policy denies. */
  denied: string[];
  throttling: boolean;
  instanceLimit: number | null;
  /** type -> MiB that its machines lack; absent in worlds that were saved before there was such a fault. */
  missingMemoryMib?: Record<string, number>;
}

export interface Ec2Faults {
  /** Sets how many more machines of a type fit into a zone; undefined lifts the bound. 0 gives InsufficientInstanceCapacity. */
  setCapacity(instanceType: string, zone: string, machines: number | undefined): void;
  /** Takes a type out of a zone's offerings, or puts it back. */
  setOffered(instanceType: string, zone: string, offered: boolean): void;
  /** The next machines launched stay `running` and never start their user data. */
  neverBootNext(machines?: number): void;
  /** The next calls of an action take effect, then their connection is cut. */
  loseAnswers(action: string, calls?: number): void;
  /** The next calls of an action fail before any effect. */
  refuseNext(action: string, error: Ec2Error, calls?: number): void;
  /** UnauthorizedOperation for an action, as a policy without it gives. */
  setDenied(action: string, denied: boolean): void;
  setThrottling(on: boolean): void;
  setInstanceLimit(machines: number | undefined): void;
  /** Machines of a type that boot from now on have so much less memory than AWS says. */
  setMissingMemory(instanceType: string, memoryMib: number): void;
  /** AWS, or somebody in its console, terminates a machine behind our back. */
  terminateBehindOurBack(instanceId: string): void;
}

export function noFaults(): Ec2FaultState {
  return {
    capacity: {},
    withdrawn: [],
    neverBoot: 0,
    lostAnswers: {},
    refusals: {},
    denied: [],
    throttling: false,
    instanceLimit: null,
  };
}

export const offeringKey = (instanceType: string, zone: string): string => `${instanceType}/${zone}`;

/** The switches over one state; `terminate` is the model's own. */
export function ec2Faults(stateOf: () => Ec2FaultState, terminate: (instanceId: string) => void): Ec2Faults {
  return {
    setCapacity: (instanceType, zone, machines) => {
      const key = offeringKey(instanceType, zone);
      if (machines === undefined) delete stateOf().capacity[key];
      else stateOf().capacity[key] = machines;
    },
    setOffered: (instanceType, zone, offered) => {
      const key = offeringKey(instanceType, zone);
      const others = stateOf().withdrawn.filter((other) => other !== key);
      stateOf().withdrawn = offered ? others : [...others, key];
    },
    neverBootNext: (machines = 1) => {
      stateOf().neverBoot += machines;
    },
    loseAnswers: (action, calls = 1) => {
      stateOf().lostAnswers[action] = (stateOf().lostAnswers[action] ?? 0) + calls;
    },
    refuseNext: (action, error, calls = 1) => {
      const { code, message, httpStatus } = error;
      const waiting = stateOf().refusals[action] ?? [];
      stateOf().refusals[action] = waiting.concat(Array.from({ length: calls }, () => ({ code, message, httpStatus })));
    },
    setDenied: (action, denied) => {
      const others = stateOf().denied.filter((other) => other !== action);
      stateOf().denied = denied ? [...others, action] : others;
    },
    setThrottling: (on) => {
      stateOf().throttling = on;
    },
    setInstanceLimit: (machines) => {
      stateOf().instanceLimit = machines ?? null;
    },
    setMissingMemory: (instanceType, memoryMib) => {
      stateOf().missingMemoryMib = { ...stateOf().missingMemoryMib, [instanceType]: memoryMib };
    },
    terminateBehindOurBack: terminate,
  };
}

/** What happens to a call before its effect: a denied action, then a planned refusal. */
export function refuseByFault(faults: Ec2FaultState, action: string): void {
  if (faults.denied.includes(action)) {
    throw new Ec2Error("UnauthorizedOperation", "You are not authorized to perform this operation.", 403);
  }
  const refusal = faults.refusals[action]?.shift();
  if (refusal !== undefined) throw new Ec2Error(refusal.code, refusal.message, refusal.httpStatus);
}

/** Whether the answer of this call is lost; counts it off. */
export function losesAnswer(faults: Ec2FaultState, action: string): boolean {
  const left = faults.lostAnswers[action] ?? 0;
  if (left === 0) return false;
  faults.lostAnswers[action] = left - 1;
  return true;
}
