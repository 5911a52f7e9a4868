import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decideJoin } from "./decide-join.ts";
import { aMachine } from "./testing.ts";
import type { DesiredMachine, JoinRequest, ObservedKube } from "./types.ts";

type Recorded = NonNullable<DesiredMachine["launch"]>["approvedRequest"];

const machine = (approvedRequest?: Recorded): DesiredMachine =>
  aMachine({
    state: "booting",
    attempt: 1,
    launch: { outcome: "launched", bootstrapTokenId: "abcdef", createdAt: 0, approvedRequest },
    cloudInstanceId: "i-1",
    createdAt: 0,
    launchedAt: 0,
  });
const seen = (requests: readonly JoinRequest[], over: Partial<ObservedKube> = {}): ObservedKube => ({
  node: undefined,
  requests,
  tokenSecret: undefined,
  boundPods: 0,
  pods: 0,
  ...over,
});
const request = (name: string, state: JoinRequest["state"], createdAt = 0): JoinRequest => ({
  name,
  uid: `uid-${name}`,
  createdAt,
  state,
  verdict: { approve: true },
});
const approve = (name: string) => ({ kind: "approve_join", name, uid: `uid-${name}` });
const record = (name: string, issued: boolean) => ({ kind: "record_join", name, uid: `uid-${name}`, issued });
const recorded = (name: string, issued = false) => ({ uid: `uid-${name}`, issued });

describe("decideJoin", () => {
  it("approves one of two that wait, the newest, and says why not the other", () => {
    const { actions, guards } = decideJoin(machine(), seen([request("a", "pending", 1), request("b", "pending", 2)]));
    expect(actions).toEqual([approve("b")]);
    expect(guards).toEqual([
      { name: "join_refused", subject: "a", hint: "another request of this launch was approved" },
    ]);
  });

  it("goes on with the recorded one, though a newer waits: the approval may have been sent", () => {
    const requests = [request("a", "pending", 1), request("b", "pending", 2)];
    expect(decideJoin(machine(recorded("a")), seen(requests)).actions).toEqual([approve("a")]);
  });

  it("approves no other while the recorded one may still get its certificate, or has it", () => {
    for (const state of ["approved", "issued"] as const) {
      const issued = state === "issued";
      const decision = decideJoin(machine(recorded("a", issued)), seen([request("a", state), request("b", "pending")]));
      expect(decision.actions).toEqual([]);
      expect(decision.guards).toMatchObject([{ name: "join_refused", subject: "b" }]);
    }
  });

  it("counts what is approved already as recorded, whoever approved it, and remembers a certificate that it saw", () => {
    expect(decideJoin(machine(), seen([request("a", "approved"), request("b", "pending")])).actions).toEqual([
      record("a", false),
    ]);
    expect(decideJoin(machine(recorded("a")), seen([request("a", "issued")])).actions).toEqual([record("a", true)]);
  });

  it("approves the request that a kubelet makes anew after its first was denied, failed or removed", () => {
    const again = request("b", "pending", 2);
    expect(decideJoin(machine(recorded("a")), seen([request("a", "ended", 1), again])).actions).toEqual([approve("b")]);
    expect(decideJoin(machine(recorded("a")), seen([again])).actions).toEqual([approve("b")]);
  });

  it("approves the same name anew as another request: kubelets name requests by their key", () => {
    const again = { ...request("a", "pending", 2), uid: "uid-a2" };
    expect(decideJoin(machine(recorded("a")), seen([again])).actions).toEqual([{ ...approve("a"), uid: "uid-a2" }]);
  });

  it("approves nobody once a certificate was seen, though its request is gone", () => {
    const decision = decideJoin(machine(recorded("a", true)), seen([request("b", "pending")]));
    expect(decision.actions).toEqual([]);
    expect(decision.guards).toMatchObject([{ name: "join_refused", subject: "b" }]);
  });

  it("approves nobody once the Node is there", () => {
    const node = {
      uid: "n",
      ready: false,
      cordoned: false,
      settled: false,
      offer: undefined,
      daemons: { cpuMilli: 0, memoryMib: 0 },
    };
    const { actions, guards } = decideJoin(machine(), seen([request("a", "pending")], { node }));
    expect(actions).toEqual([]);
    expect(guards).toMatchObject([{ hint: "the machine has joined already" }]);
  });

  it("lets one launch have one certificate, whoever asks, whoever removes requests, wherever the worker ends", () => {
    // Steps of the world around one launch; numbers choose among the requests there are.
    const step = fc.oneof(
      fc.record({ kind: fc.constant("ask" as const) }),
      fc.record({ kind: fc.constant("issue" as const) }),
      fc.record({ kind: fc.constantFrom("deny" as const, "remove" as const), which: fc.nat() }),
      // done: what the worker did before it ended: nothing, the record, everything.
      fc.record({ kind: fc.constant("look" as const), done: fc.nat({ max: 2 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let requests: JoinRequest[] = [];
        let record: Recorded;
        let asked = 0;
        const issued = new Set<string>();
        const change = (uid: string, state: JoinRequest["state"]) => {
          requests = requests.map((one) => (one.uid === uid ? { ...one, state } : one));
        };
        for (const one of steps) {
          if (one.kind === "ask") requests.push(request(`r${++asked}`, "pending", Math.floor(asked / 2)));
          if (one.kind === "issue") {
            for (const { uid } of requests.filter(({ state }) => state === "approved")) {
              change(uid, "issued");
              issued.add(uid);
            }
          }
          if (one.kind === "deny" || one.kind === "remove") {
            // An approved request cannot be denied, and one with a certificate stays until it was looked at: see the rule.
            const open = requests.filter(
              ({ uid, state }) =>
                state === "pending" ||
                (one.kind === "remove" && (state !== "issued" || (record?.uid === uid && record.issued))),
            );
            const target = open[one.which % Math.max(1, open.length)];
            if (target !== undefined && one.kind === "deny") change(target.uid, "ended");
            if (target !== undefined && one.kind === "remove") requests = requests.filter((each) => each !== target);
          }
          if (one.kind === "look") {
            for (const action of decideJoin(machine(record), seen(requests)).actions) {
              if (one.done === 0) continue;
              if (action.kind === "record_join") record = { uid: action.uid, issued: action.issued };
              if (action.kind === "approve_join") {
                record = { uid: action.uid, issued: false };
                if (one.done === 2) change(action.uid, "approved");
              }
            }
          }
        }
        expect(issued.size).toBeLessThanOrEqual(1);
        // Whoever asks now is approved, unless somebody has, or may get, the launch's certificate.
        if (issued.size === 0 && !requests.some(({ state }) => state === "approved")) {
          const asking = seen([...requests, request("last", "pending", 1000)]);
          expect(decideJoin(machine(record), asking).actions).toMatchObject([{ kind: "approve_join" }]);
        }
      }),
      { numRuns: 500 },
    );
  });
});
