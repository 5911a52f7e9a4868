import { MACHINE_STATES } from "@berth/domain";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decideMachine } from "./decide.ts";
import { JOIN_TIMEOUT_MS } from "./rules.ts";
import { aMachine, kinds, NOW } from "./testing.ts";
import type { DesiredMachine, ObservedMachine } from "./types.ts";

const LATE = NOW + JOIN_TIMEOUT_MS + 1;
const launch = { outcome: "launched", bootstrapTokenId: "abcdef", createdAt: NOW, approvedRequest: undefined } as const;
const machine = (over: Partial<DesiredMachine> = {}): DesiredMachine =>
  aMachine({ state: "ready", attempt: 1, launch, alternatives: 0, cloudInstanceId: "i-1", launchedAt: NOW, ...over });
const blind = (cloud: ObservedMachine["cloud"], launchedInstanceId?: string): ObservedMachine => ({
  cloud,
  launchedInstanceId,
  kube: "unknown",
});

describe("with a kube that does not answer", () => {
  it("a ready machine is kept, empty or not, and says why", () => {
    const kept = decideMachine(machine({ emptySince: NOW - 1e9 }), blind("running"), NOW);
    expect(kept).toMatchObject({ state: "ready", actions: [], emptySince: NOW - 1e9 });
    expect(kept.guards).toMatchObject([{ name: "kube_unreachable" }]);
    expect(decideMachine(machine({ unseenSince: 0 }), blind("absent"), NOW)).toMatchObject({
      state: "ready",
      guards: [{ name: "kube_unreachable" }, { name: "instance_unseen" }],
    });
  });

  it("a machine that EC2 ended counts as ending, in use or not", () => {
    for (const state of ["booting", "ready", "draining"] as const) {
      expect(decideMachine(machine({ state, placed: 1 }), blind("terminated"), NOW).state).toBe("terminating");
    }
  });

  it("a booting machine is given up at the join timeout, unless its join was approved: then pods may run on it", () => {
    const booting = machine({ state: "booting" });
    expect(decideMachine(booting, blind("running"), NOW + 1000)).toMatchObject({ state: "booting", actions: [] });
    const late = decideMachine(booting, blind("running"), LATE);
    expect([late.state, ...kinds(late)]).toEqual(["terminating", "terminate"]);
    const approvedRequest = { uid: "u", issued: false };
    const approved = machine({ state: "booting", launch: { ...launch, approvedRequest } });
    expect(decideMachine(approved, blind("running"), LATE)).toMatchObject({ state: "booting", actions: [] });
  });

  it("a draining machine is ended after a while, unless something was placed on it since", () => {
    const draining = machine({ state: "draining", emptySince: NOW });
    expect(decideMachine(draining, blind("running"), NOW + 10_000).state).toBe("draining");
    const after = decideMachine(draining, blind("running"), NOW + 10 * 60_000);
    expect([after.state, ...kinds(after)]).toEqual(["terminating", "terminate"]);
    expect(decideMachine({ ...draining, placed: 1 }, blind("running"), NOW + 10 * 60_000).state).toBe("draining");
  });

  it("a terminating machine is ended until EC2 shows it so, and its row stays due for what is left in Kubernetes", () => {
    const leaving = machine({ state: "terminating", terminatingAt: NOW });
    expect(kinds(decideMachine(leaving, blind("running"), NOW))).toEqual(["terminate"]);
    expect(kinds(decideMachine(leaving, blind("absent"), NOW))).toEqual(["terminate"]);
    const gone = decideMachine(leaving, blind("terminated"), NOW);
    expect(gone).toMatchObject({ state: "terminated", actions: [], guards: [{ name: "kube_unreachable" }] });
    expect(gone.nextCheckInMs).toBeGreaterThan(0);
    const node = {
      uid: "n",
      ready: false,
      cordoned: true,
      settled: true,
      offer: undefined,
      daemons: { cpuMilli: 0, memoryMib: 0 },
    };
    const kube = { node, requests: [], tokenSecret: { uid: "t" }, boundPods: 0, pods: 0 };
    const back = decideMachine({ ...leaving, state: "terminated" }, { ...blind("absent"), kube }, NOW);
    expect(kinds(back)).toEqual(["delete_node", "delete_bootstrap_token"]);
    expect(back).toMatchObject({ state: "terminated", guards: [], nextCheckInMs: undefined });
  });

  it("nothing is launched, and a launch in doubt is given up with what EC2 has under its token", () => {
    const base = {
      cloudInstanceId: undefined,
      launchedAt: undefined,
      launch: { ...launch, outcome: "pending" },
    } as const;
    const planned = machine({ ...base, state: "planned", attempt: 0, launch: undefined });
    expect(decideMachine(planned, blind("absent"), LATE)).toMatchObject({ state: "planned", actions: [] });
    const launching = machine({ ...base, state: "launching" });
    expect(decideMachine(launching, blind("absent"), NOW)).toMatchObject({ state: "launching", actions: [] });
    expect(decideMachine(launching, blind("unknown"), LATE)).toMatchObject({ state: "launching", actions: [] });
    expect(decideMachine(launching, blind("absent"), LATE)).toMatchObject({ state: "failed", actions: [] });
    const found = decideMachine(launching, blind("running", "i-9"), LATE);
    expect(found).toMatchObject({ state: "terminating", actions: [{ kind: "adopt_instance", instanceId: "i-9" }] });
  });

  it("a machine that an operator brought is left as it is", () => {
    const brought = machine({ brought: true, cloudInstanceId: undefined, launch: undefined });
    expect(decideMachine(brought, blind("absent"), LATE)).toMatchObject({ state: "ready", actions: [] });
  });

  it("nothing is ever asked of Kubernetes, and no row is forgotten", () => {
    const desired = fc.record({
      state: fc.constantFrom(...MACHINE_STATES),
      launch: fc.constantFrom(undefined, launch, { ...launch, outcome: "pending" as const }),
      cloudInstanceId: fc.constantFrom(undefined, "i-1"),
      placed: fc.nat({ max: 1 }),
      brought: fc.boolean(),
    });
    const clouds = ["unknown", "absent", "pending", "running", "stopped", "stopping", "terminated"] as const;
    const look = fc.tuple(desired, fc.constantFrom(...clouds), fc.constantFrom(NOW, LATE, NOW + 1e8));
    fc.assert(
      fc.property(look, ([over, cloud, now]) => {
        const decision = decideMachine(machine(over), blind(cloud), now);
        for (const kind of kinds(decision)) expect(["terminate", "adopt_instance"]).toContain(kind);
        expect(decision.nextCheckInMs).toBeDefined();
      }),
    );
  });
});
