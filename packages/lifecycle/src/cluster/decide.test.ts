import { describe, expect, it } from "vitest";
import { decideCluster } from "./decide.ts";
import {
  ADDRESSES as addresses,
  aClaim as claim,
  anEngine as engine,
  NOW,
  NAMES as names,
  aPod as pod,
} from "./testing.ts";
import type { DesiredCluster, DesiredInstance, ObservedCluster, ObservedVolume } from "./types.ts";

const instance = (podName: string, over: Partial<DesiredInstance> = {}): DesiredInstance => ({
  id: `ins_${podName}`,
  podName,
  masterEligible: true,
  placedOn: undefined,
  refusal: undefined,
  volumeName: undefined,
  ...over,
});
const desired = (over: Partial<DesiredCluster> = {}): DesiredCluster => ({
  state: "creating",
  namespace: "cl-x",
  instances: names.map((podName) => instance(podName)),
  engineUuid: undefined,
  usersReady: false,
  credentials: [{ id: "crd_1", username: "admin", state: "pending" }],
  deletion: undefined,
  operation: { kind: "cluster.create" },
  ...over,
});
const observed = (over: Partial<ObservedCluster> = {}): ObservedCluster => ({
  namespace: { uid: "ns", terminating: false },
  anchor: { uid: "anchor", terminating: false },
  objects: "current",
  pods: names.map((name) => pod(name)),
  claims: names.map((name) => claim(name)),
  volumes: undefined,
  seedAddresses: addresses,
  engine: { reachable: false, because: "starting" },
  ...over,
});
const aVolume = (name = "one", over: Partial<ObservedVolume> = {}): ObservedVolume => ({
  name,
  uid: `uid-${name}`,
  terminating: false,
  phase: "Released",
  reclaim: "Retain",
  claimName: "data-data-0",
  claimUid: "claim-data-0",
  ...over,
});
const kinds = (decision: { actions: readonly { kind: string }[] }) => decision.actions.map((action) => action.kind);

describe("a cluster on its way up", () => {
  it("starts by applying its objects", () => {
    const start = decideCluster(
      desired(),
      observed({
        namespace: undefined,
        anchor: undefined,
        objects: "outdated",
        pods: [],
        claims: [],
        seedAddresses: undefined,
      }),
      NOW,
    );
    expect(kinds(start)).toEqual(["apply_objects"]);
    expect(start.guards.map((guard) => guard.name)).toEqual(["waiting_for_pod", "waiting_for_pod", "waiting_for_pod"]);
  });

  it("names for each instance what it waits for", () => {
    const waiting = decideCluster(
      desired({
        instances: names.map((podName, index) =>
          instance(podName, { placedOn: index === 0 ? undefined : { name: "mac-1", coming: true } }),
        ),
      }),
      observed({
        seedAddresses: ["127.20.0.3"],
        pods: [
          pod("data-0", { gated: true, bound: false, ready: false, running: false, address: undefined }),
          pod("data-1", { bound: false, ready: false, running: false, address: undefined }),
          pod("data-2", { ready: false }),
        ],
      }),
      NOW,
    );
    expect(waiting.guards.map((guard) => guard.name)).toEqual([
      "waiting_for_placement",
      "waiting_for_machine",
      "waiting_for_instance",
    ]);
    expect(waiting.instances.map((one) => one.state)).toEqual(["gated", "placed", "starting"]);
  });

  it("says of a pod that has no place why, and of one that was not looked at yet that it waits", () => {
    const gated = { gated: true, bound: false, ready: false, running: false, address: undefined } as const;
    const refusedFor = (...reasons: string[]) => ({ refusal: { podUid: "uid-data-0", reasons } });
    const hintFor = (...reasons: string[]) => {
      const { guards } = decideCluster(
        desired({ instances: [instance("data-0", refusedFor(...reasons))] }),
        observed({ pods: [pod("data-0", gated)], seedAddresses: [] }),
        NOW,
      );
      expect(guards.map(({ name, subject }) => [name, subject])).toEqual([["no_capacity", "ins_data-0"]]);
      return guards[0]?.hint;
    };
    expect(hintFor("no_room", "pool_full")).toContain("just now");
    expect(hintFor("launch_quarantined", "no_room")).toContain("do not come up");
    expect(hintFor("conflict", "no_room")).toContain("large enough");
    expect(hintFor()).toContain("large enough");

    const anew = decideCluster(
      desired({ instances: [instance("data-0", refusedFor("pool_full"))] }),
      observed({ pods: [pod("data-0", { ...gated, uid: "uid-of-the-next" })], seedAddresses: [] }),
      NOW,
    );
    expect(anew.guards.map(({ name }) => name)).toEqual(["waiting_for_placement"]);
  });

  it("writes the addresses of the pods as seed hosts, and only when they changed", () => {
    const changed = decideCluster(desired(), observed({ seedAddresses: [] }), NOW);
    expect(changed.actions).toContainEqual({ kind: "apply_seed_hosts", addresses });
    expect(kinds(decideCluster(desired(), observed(), NOW))).toEqual([]);
  });

  it("records the engine's UUID only when it is real and a voting configuration is committed", () => {
    expect(kinds(decideCluster(desired(), observed({ engine: engine({ clusterUuid: undefined }) }), NOW))).toEqual([]);
    expect(kinds(decideCluster(desired(), observed({ engine: engine({ votingNodes: 0 }) }), NOW))).toEqual([]);
    expect(kinds(decideCluster(desired(), observed({ engine: engine({ clusterName: "other" }) }), NOW))).toEqual([]);
    expect(kinds(decideCluster(desired(), observed({ engine: engine() }), NOW))).toEqual([
      "record_formed",
      "put_users",
    ]);
  });

  it("never touches an engine that shows another UUID than the recorded one", () => {
    const wrong = decideCluster(desired({ engineUuid: "u0" }), observed({ engine: engine() }), NOW);
    expect(kinds(wrong)).toEqual([]);
    expect(wrong.guards.map((guard) => guard.name)).toContain("wrong_cluster");
  });

  it("sets users only once the engine can store them", () => {
    const red = decideCluster(desired({ engineUuid: "u1" }), observed({ engine: engine({ health: "red" }) }), NOW);
    expect(kinds(red)).toEqual([]);
    expect(red.guards.map((guard) => guard.name)).toContain("waiting_for_security_index");
  });

  it("ends when every instance is a ready member, users are set and health is green", () => {
    const done = decideCluster(
      desired({
        engineUuid: "u1",
        usersReady: true,
        credentials: [{ id: "crd_1", username: "admin", state: "active" }],
      }),
      observed({ engine: engine() }),
      NOW,
    );
    expect(done).toMatchObject({ actions: [], state: "running", health: "green", operation: "succeeded", guards: [] });
    expect(done.steps.every((step) => step.state === "succeeded")).toBe(true);
  });

  it("is not done while a member is missing, though health is green", () => {
    const missing = decideCluster(
      desired({ engineUuid: "u1", usersReady: true, credentials: [] }),
      observed({ engine: engine({ nodeNames: ["data-0", "data-1"] }) }),
      NOW,
    );
    expect(missing.operation).toBeUndefined();
    expect(missing.guards.map((guard) => guard.name)).toEqual(["waiting_for_member"]);
  });

  it("writes nothing when nothing changed", () => {
    const resting = decideCluster(
      desired({ state: "running", engineUuid: "u1", usersReady: true, credentials: [], operation: undefined }),
      observed({ engine: engine() }),
      NOW,
    );
    expect(resting.actions).toEqual([]);
    expect(resting.nextCheckInMs).toBe(60_000);
  });
});

describe("a restored cluster", () => {
  const restored = (over: Partial<DesiredCluster> = {}) =>
    desired({
      state: "updating",
      engineUuid: "u1",
      usersReady: true,
      instances: names.map((podName) => instance(podName, { volumeName: `pvc-${podName}` })),
      credentials: [{ id: "crd_1", username: "admin", state: "active" }],
      operation: { kind: "cluster.restore" },
      ...over,
    });
  const stopped: Partial<ObservedCluster> = {
    anchor: undefined,
    objects: "outdated",
    pods: [],
    seedAddresses: undefined,
  };
  const stepsOf = (decision: ReturnType<typeof decideCluster>) =>
    decision.steps.map(({ name, state }) => `${name} ${state}`);

  it("has its objects applied again; its volumes stay where they are, and its users are in the engine", () => {
    const start = decideCluster(restored(), observed(stopped), NOW);
    expect(start).toMatchObject({ state: "updating", operation: undefined });
    expect(kinds(start)).toEqual(["apply_objects"]);
    expect(stepsOf(start)).toEqual(["volumes succeeded", "objects running"]);
  });

  it("is not formed by what is on record: the engine must say so", () => {
    const starting = decideCluster(restored(), observed(), NOW);
    expect(kinds(starting)).toEqual([]);
    expect(stepsOf(starting).slice(-2)).toEqual(["pods succeeded", "formation running"]);
    expect(starting.operation).toBeUndefined();
    const red = decideCluster(restored(), observed({ engine: engine({ health: "red" }) }), NOW);
    expect(stepsOf(red).slice(-3)).toEqual(["formation succeeded", "users succeeded", "health running"]);
    const wrong = decideCluster(restored(), observed({ engine: engine({ clusterUuid: "u2" }) }), NOW);
    expect(wrong.guards.map((guard) => guard.name)).toContain("wrong_cluster");
    expect(wrong.operation).toBeUndefined();
  });

  it("runs when every instance is a member again and health is green", () => {
    const done = decideCluster(restored(), observed({ engine: engine() }), NOW);
    expect(done).toMatchObject({ actions: [], state: "running", operation: "succeeded", guards: [] });
    expect(stepsOf(done)).toHaveLength(8);
    expect(done.steps.every(({ state }) => state === "succeeded")).toBe(true);
  });

  it("is given back volumes whose claims somebody deleted meanwhile", () => {
    const volumes = names.map((name) =>
      aVolume(`pvc-${name}`, { claimName: `data-${name}`, claimUid: `claim-${name}` }),
    );
    const found = { ...stopped, namespace: undefined, claims: [] };
    const start = decideCluster(restored(), observed({ ...found, volumes }), NOW);
    expect(kinds(start)).toEqual([...Array(3).fill("rebind_volume"), "apply_objects"]);
    expect(stepsOf(start)[0]).toBe("volumes running");
    const given = volumes.map((one) => ({ ...one, phase: "Available", claimUid: undefined }));
    expect(stepsOf(decideCluster(restored(), observed({ ...found, volumes: given }), NOW))[0]).toBe(
      "volumes succeeded",
    );
  });

  it("whose data is lost waits under that name and is made of nothing new", () => {
    const lost = decideCluster(
      restored(),
      observed({ ...stopped, namespace: undefined, claims: [], volumes: [] }),
      NOW,
    );
    expect(kinds(lost)).toEqual([]);
    expect(lost.guards.map((guard) => guard.name)).toEqual(Array(3).fill("data_lost"));
    expect(lost).toMatchObject({ state: "updating", operation: undefined });
    expect(lost.steps[0]).toMatchObject({ name: "volumes", state: "running", message: "0 of 3 volumes kept" });
  });

  it("that never formed is made as a new one is", () => {
    const fresh = restored({ engineUuid: undefined, usersReady: false, instances: desired().instances });
    expect(kinds(decideCluster(fresh, observed(stopped), NOW))).toEqual(["apply_objects"]);
    expect(kinds(decideCluster(fresh, observed({ engine: engine() }), NOW))).toEqual(["record_formed", "put_users"]);
  });
});

describe("a cluster on its way down", () => {
  const deleting = (purgeAt: number, purgeStarted = purgeAt <= NOW) =>
    desired({ state: "deleting", deletion: { purgeAt, purgeStarted }, operation: { kind: "cluster.delete" } });

  it("deletes the anchor first, by its uid, and touches no volume", () => {
    expect(decideCluster(deleting(NOW), observed(), NOW).actions).toEqual([{ kind: "delete_anchor", uid: "anchor" }]);
  });

  it("keeps volumes until the grace period is over, and says until when", () => {
    const kept = decideCluster(deleting(NOW + 5000), observed({ anchor: undefined, pods: [] }), NOW);
    expect(kept.actions).toEqual([]);
    expect(kept.guards.map((guard) => guard.name)).toEqual(["volumes_kept"]);
    expect(kept.operation).toBe("succeeded");
    expect(kept.nextCheckInMs).toBe(5000);
  });

  it("puts on record that the purge begins before anything of the data goes, by whatever clock", () => {
    const gone = { anchor: undefined, pods: [] };
    for (const left of [
      observed(gone),
      observed({ ...gone, claims: [], namespace: undefined, volumes: [aVolume()] }),
    ]) {
      const begins = decideCluster(deleting(NOW, false), left, NOW);
      expect(kinds(begins)).toEqual(["record_purge_started"]);
      expect(begins.guards.map((guard) => guard.name)).toEqual(["waiting_for_volumes"]);
      expect(begins.operation).toBeUndefined();
    }
    expect(kinds(decideCluster(deleting(NOW + 5000, true), observed(gone), NOW))).toEqual(
      Array(3).fill("delete_claim"),
    );
  });

  it("then deletes claims, then the namespace, then the record", () => {
    const gone = { anchor: undefined, pods: [] };
    expect(kinds(decideCluster(deleting(NOW), observed(gone), NOW))).toEqual([
      "delete_claim",
      "delete_claim",
      "delete_claim",
    ]);
    expect(kinds(decideCluster(deleting(NOW), observed({ ...gone, claims: [] }), NOW))).toEqual(["delete_namespace"]);
    const end = decideCluster(deleting(NOW), observed({ ...gone, claims: [], namespace: undefined, volumes: [] }), NOW);
    expect(end).toMatchObject({ state: "deleted", operation: "succeeded", nextCheckInMs: undefined });
    expect(kinds(end)).toEqual(["record_deleted"]);
  });

  it("keeps volumes whose namespace somebody else deleted as long as any, and then deletes them before its record", () => {
    const left = (...volumes: ObservedVolume[]) =>
      observed({ namespace: undefined, anchor: undefined, pods: [], claims: [], volumes });
    const kept = decideCluster(deleting(NOW + 5000), left(aVolume("one")), NOW);
    expect(kept).toMatchObject({ actions: [], operation: "succeeded", nextCheckInMs: 5000 });
    expect(kept.guards.map((guard) => guard.name)).toEqual(["volumes_kept"]);

    const reserved = { phase: "Available", claimUid: undefined };
    const over = decideCluster(
      deleting(NOW),
      left(aVolume("one"), aVolume("two", reserved), aVolume("three", { reclaim: "Delete" })),
      NOW,
    );
    expect(over.actions).toEqual([
      { kind: "delete_volume", name: "one", uid: "uid-one", claimUid: "claim-data-0" },
      { kind: "delete_volume", name: "two", uid: "uid-two", claimUid: undefined },
    ]);
    expect(over.guards).toMatchObject([{ name: "waiting_for_volumes", hint: "3 volume(s) are being deleted." }]);
    expect(over.operation).toBeUndefined();
    expect(kinds(decideCluster(deleting(NOW), left(), NOW))).toEqual(["record_deleted"]);
  });

  it("takes nothing up again once deletion was asked for", () => {
    const early = decideCluster(deleting(NOW), observed({ objects: "outdated", pods: [] }), NOW);
    expect(kinds(early)).toEqual(["delete_anchor"]);
  });
});
