import { describe, expect, it } from "vitest";
import { decideMachine } from "./decide.ts";
import { JOIN_TIMEOUT_MS } from "./rules.ts";
import { kinds, aMachine as machine, NOW } from "./testing.ts";
import type { ObservedKube, ObservedMachine } from "./types.ts";

const seen = ({
  cloud = "absent",
  launchedInstanceId,
  ...kube
}: Partial<Omit<ObservedMachine, "kube"> & ObservedKube> = {}): ObservedMachine => ({
  cloud,
  launchedInstanceId,
  kube: { node: undefined, requests: [], tokenSecret: undefined, boundPods: 0, pods: 0, ...kube },
});
const node = {
  uid: "n",
  ready: true,
  cordoned: false,
  settled: true,
  offer: undefined,
  daemons: { cpuMilli: 0, memoryMib: 0 },
};
const pending = {
  outcome: "pending",
  bootstrapTokenId: "abcdef",
  createdAt: NOW,
  approvedRequest: undefined,
} as const;

describe("launching", () => {
  it("writes the attempt before anything is sent", () => {
    expect(decideMachine(machine(), seen(), NOW).actions).toEqual([{ kind: "open_attempt", attempt: 1 }]);
  });

  it("repeats the same launch as long as its outcome is unknown", () => {
    const again = decideMachine(machine({ state: "launching", attempt: 1, launch: pending }), seen(), NOW);
    expect(kinds(again)).toEqual(["put_bootstrap_token", "launch"]);
  });

  it("opens a new attempt for the next offering when capacity lacks, and fails when none is left", () => {
    const refused = { ...pending, outcome: "refused" } as const;
    const next = decideMachine(machine({ state: "launching", attempt: 1, launch: refused }), seen(), NOW);
    expect(next.actions).toEqual([{ kind: "open_attempt", attempt: 2 }]);
    const withToken = seen({ tokenSecret: { uid: "t" } });
    const tidy = decideMachine(machine({ state: "launching", attempt: 1, launch: refused }), withToken, NOW);
    expect(kinds(tidy)).toEqual(["delete_bootstrap_token", "open_attempt"]);
    const none = decideMachine(
      machine({ state: "launching", attempt: 1, launch: refused, alternatives: 0 }),
      seen(),
      NOW,
    );
    expect(none).toMatchObject({ state: "failed", nextCheckInMs: undefined });
  });
});

describe("a launch in doubt", () => {
  const doubtful = machine({ state: "launching", attempt: 1, launch: pending });
  const late = NOW + JOIN_TIMEOUT_MS + 1;

  it("is given up when EC2 has nothing under its token, so that the pool's present policy is tried", () => {
    const given = decideMachine(doubtful, seen({ tokenSecret: { uid: "t" } }), late);
    expect(given).toMatchObject({ state: "failed", nextCheckInMs: undefined });
    expect(kinds(given)).toEqual(["delete_bootstrap_token"]);
  });

  it("goes on with the instance that EC2 has under its token", () => {
    const found = decideMachine(doubtful, seen({ cloud: "running", launchedInstanceId: "i-9" }), late);
    expect(found).toMatchObject({ state: "booting", actions: [{ kind: "adopt_instance", instanceId: "i-9" }] });
  });

  it("is repeated as long as EC2 cannot be asked", () => {
    const unknown = decideMachine(doubtful, seen({ cloud: "unknown" }), late);
    expect(kinds(unknown)).toEqual(["put_bootstrap_token", "launch"]);
    expect(unknown.guards).toMatchObject([{ name: "cloud_unreachable" }]);
  });
});

describe("joining", () => {
  const booting = machine({ state: "booting", cloudInstanceId: "i-1", launchedAt: NOW });

  it("approves its own request and names why another is refused", () => {
    const joining = decideMachine(
      booting,
      seen({
        tokenSecret: { uid: "t" },
        requests: [
          { name: "good", uid: "1", createdAt: NOW, state: "pending", verdict: { approve: true } },
          {
            name: "bad",
            uid: "2",
            createdAt: NOW,
            state: "pending",
            verdict: { approve: false, because: "another node's name" },
          },
        ],
      }),
      NOW,
    );
    expect(joining.actions).toEqual([{ kind: "approve_join", name: "good", uid: "1" }]);
    expect(joining.guards[0]).toMatchObject({ name: "join_refused", hint: "another node's name" });
  });

  it("is ready with its node, and the token goes", () => {
    const joined = decideMachine(booting, seen({ cloud: "running", node, tokenSecret: { uid: "t" } }), NOW);
    expect(joined.state).toBe("ready");
    expect(kinds(joined)).toEqual(["settle_node", "delete_bootstrap_token"]);
  });

  it("loses its token the moment it registers, and nobody joins by it again", () => {
    const registered = decideMachine(
      booting,
      seen({
        cloud: "running",
        node: { ...node, ready: false },
        tokenSecret: { uid: "t" },
        requests: [{ name: "again", uid: "1", createdAt: NOW, state: "pending", verdict: { approve: true } }],
      }),
      NOW,
    );
    expect(registered.actions).toEqual([{ kind: "delete_bootstrap_token", uid: "t" }]);
    expect(registered.guards[0]).toMatchObject({ name: "join_refused", subject: "again" });
  });

  it("is given up after 15 minutes", () => {
    const late = decideMachine(
      booting,
      seen({ cloud: "running", tokenSecret: { uid: "t" } }),
      NOW + JOIN_TIMEOUT_MS + 1,
    );
    expect(late.state).toBe("terminating");
    expect(kinds(late)).toEqual(["terminate", "delete_bootstrap_token"]);
  });
});

describe("a late machine that pods were bound to meanwhile", () => {
  it("has joined, whatever its kubelet says at this moment", () => {
    const booting = machine({ state: "booting", cloudInstanceId: "i-1", launchedAt: NOW });
    const silent = { ...node, ready: false };
    const look = (boundPods: number) =>
      decideMachine(booting, seen({ cloud: "running", node: silent, boundPods, pods: 1 }), NOW + JOIN_TIMEOUT_MS + 1);
    expect(look(1)).toMatchObject({ state: "ready", actions: [] });
    expect(look(0).state).toBe("terminating");
  });
});

describe("leaving", () => {
  const ready = machine({ state: "ready", cloudInstanceId: "i-1", launchedAt: NOW });

  it("stays while a pod is on it or on the way to it", () => {
    expect(decideMachine(ready, seen({ cloud: "running", node, pods: 1 }), NOW).emptySince).toBeUndefined();
  });

  it("goes only after it was empty for the pool's delay, cordoned first", () => {
    const first = decideMachine(ready, seen({ cloud: "running", node }), NOW);
    expect(first).toMatchObject({ state: "ready", emptySince: NOW });
    const later = decideMachine({ ...ready, emptySince: NOW }, seen({ cloud: "running", node }), NOW + 60_000);
    expect(later.state).toBe("draining");
    expect(kinds(later)).toEqual(["cordon"]);
  });

  it("stays, empty or draining, while a rebalance plan is about to send something to it", () => {
    const empty = { ...ready, emptySince: NOW - 600_000, expected: 1 };
    expect(decideMachine(empty, seen({ cloud: "running", node }), NOW)).toMatchObject({ state: "ready", actions: [] });
    const draining = { ...empty, state: "draining" } as const;
    expect(decideMachine(draining, seen({ cloud: "running", node }), NOW).state).toBe("ready");
  });

  it("goes when it is empty and its Node is gone, with nothing to cordon", () => {
    const first = decideMachine({ ...ready, emptySince: NOW }, seen({ cloud: "running" }), NOW + 60_000);
    expect(first).toMatchObject({ state: "draining", actions: [] });
    const then = { ...ready, state: "draining", emptySince: NOW } as const;
    expect(decideMachine(then, seen({ cloud: "running" }), NOW + 10_000).state).toBe("terminating");
  });

  it("is given up when EC2 has not listed it for an hour and its kubelet is silent", () => {
    const silent = seen({ cloud: "absent", node: { ...node, ready: false }, pods: 1 });
    const first = decideMachine(ready, silent, NOW);
    expect(first).toMatchObject({ state: "ready", guards: [{ name: "instance_unseen" }, { name: "node_not_ready" }] });
    const later = decideMachine({ ...ready, unseenSince: NOW }, silent, NOW + 60 * 60_000 + 1);
    expect(later.state).toBe("terminating");
    expect(kinds(later)).toEqual(["delete_node", "terminate"]);
    const alive = seen({ cloud: "absent", node, pods: 1 });
    expect(decideMachine({ ...ready, unseenSince: NOW }, alive, NOW + 60 * 60_000 + 1).state).toBe("ready");
  });

  it("stays, not cordoned, while EC2 cannot be asked, and goes on being unseen if it was", () => {
    const empty = { ...ready, emptySince: NOW - 60_000 };
    expect(decideMachine(empty, seen({ cloud: "unknown", node }), NOW)).toMatchObject({
      state: "ready",
      actions: [],
      emptySince: NOW - 60_000,
    });
    const silent = seen({ cloud: "unknown", node: { ...node, ready: false }, pods: 1 });
    const names = (unseenSince: number | undefined) =>
      decideMachine({ ...ready, unseenSince }, silent, NOW).guards.map(({ name }) => name);
    expect(names(NOW - 1000)).toContain("instance_unseen");
    expect(names(undefined)).not.toContain("instance_unseen");
    expect(decideMachine({ ...ready, unseenSince: 0 }, silent, NOW).state).toBe("ready");
  });

  it("comes back when something was placed on it meanwhile", () => {
    const back = decideMachine(
      { ...ready, state: "draining", emptySince: NOW },
      seen({ cloud: "running", node: { ...node, cordoned: true }, pods: 1 }),
      NOW + 60_000,
    );
    expect(back.state).toBe("ready");
    expect(kinds(back)).toEqual(["uncordon"]);
  });

  it("counts as gone only when EC2 shows it terminated: not found is no proof", () => {
    const leaving = { ...ready, state: "terminating", terminatingAt: NOW } as const;
    expect(decideMachine(leaving, seen({ cloud: "absent" }), NOW + 1000).state).toBe("terminating");
    expect(kinds(decideMachine(leaving, seen({ cloud: "absent" }), NOW + 1000))).toEqual(["terminate"]);
    expect(kinds(decideMachine(leaving, seen({ cloud: "stopped" }), NOW + 1000))).toEqual(["terminate"]);
    expect(kinds(decideMachine(leaving, seen({ cloud: "stopping" }), NOW + 1000))).toEqual([]);
    expect(decideMachine(leaving, seen({ cloud: "terminated" }), NOW + 1000).state).toBe("terminated");
  });

  it("never terminates a machine that an operator brought", () => {
    const brought = { ...ready, brought: true, cloudInstanceId: undefined };
    expect(decideMachine(brought, seen({ node }), NOW + 1e9)).toMatchObject({ state: "ready", actions: [] });
    expect(decideMachine(brought, seen({ node: { ...node, ready: false } }), NOW + 1e9).state).toBe("ready");
  });

  it("strikes a brought machine off when its operator deleted the Node", () => {
    const brought = { ...ready, brought: true, cloudInstanceId: undefined };
    expect(decideMachine(brought, seen(), NOW)).toMatchObject({ state: "terminated", actions: [] });
  });
});
