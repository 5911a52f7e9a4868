import { describe, expect, it } from "vitest";
import { needsVolumes } from "./data.ts";
import { decideCluster } from "./decide.ts";
import { ADDRESSES, aClaim, anEngine, aPod, NOW, NAMES as names } from "./testing.ts";
import type { DesiredCluster, ObservedClaim, ObservedCluster, ObservedVolume } from "./types.ts";

/** A cluster that was whole once. */
const desired = (over: Partial<DesiredCluster> = {}): DesiredCluster => ({
  state: "running",
  namespace: "cl-x",
  instances: names.map((podName) => ({
    id: `ins_${podName}`,
    podName,
    masterEligible: true,
    placedOn: undefined,
    refusal: undefined,
    volumeName: `pvc-${podName}`,
  })),
  engineUuid: "u1",
  usersReady: true,
  credentials: [],
  deletion: undefined,
  operation: undefined,
  ...over,
});
const unrecorded = () => desired({ instances: desired().instances.map((one) => ({ ...one, volumeName: undefined })) });

const volume = (podName: string, over: Partial<ObservedVolume> = {}): ObservedVolume => ({
  name: `pvc-${podName}`,
  uid: `uid-pvc-${podName}`,
  terminating: false,
  phase: "Released",
  reclaim: "Retain",
  claimName: `data-${podName}`,
  claimUid: `claim-${podName}`,
  ...over,
});
const volumes = (over: Partial<ObservedVolume> = {}) => names.map((name) => volume(name, over));
const claim = (podName: string, over: Partial<ObservedClaim> = {}): ObservedClaim =>
  aClaim(podName, { uid: `new-claim-${podName}`, ...over });

const NAMESPACE = { uid: "ns", terminating: false };
/** What is left after somebody deleted the namespace. */
const deserted = (over: Partial<ObservedCluster> = {}): ObservedCluster => ({
  namespace: undefined,
  anchor: undefined,
  objects: "outdated",
  pods: [],
  claims: [],
  volumes: volumes(),
  seedAddresses: undefined,
  engine: { reachable: false, because: "no namespace" },
  ...over,
});
/** The namespace and its objects stand; pods and engine are as given. */
const standing = (over: Partial<ObservedCluster> = {}): ObservedCluster =>
  deserted({
    namespace: NAMESPACE,
    anchor: { uid: "anchor", terminating: false },
    objects: "current",
    claims: names.map((name) => claim(name)),
    volumes: undefined,
    seedAddresses: [],
    ...over,
  });
const running = (over: Partial<ObservedCluster> = {}): ObservedCluster =>
  standing({
    pods: names.map((name) => aPod(name)),
    seedAddresses: ADDRESSES,
    engine: anEngine(),
    ...over,
  });

const decide = (wanted: DesiredCluster, observed: ObservedCluster) => {
  const decision = decideCluster(wanted, observed, NOW);
  return {
    ...decision,
    kinds: decision.actions.map(({ kind }) => kind),
    held: decision.guards.map(({ name, subject }) => `${name} ${subject}`),
  };
};
const onAll = (guard: string) => names.map((name) => `${guard} ins_${name}`);

describe("volumes that were kept when somebody deleted their claims", () => {
  it("are all given back before anything is applied", () => {
    const { actions, kinds, held } = decide(desired(), deserted());
    expect(kinds).toEqual(["rebind_volume", "rebind_volume", "rebind_volume", "apply_objects"]);
    expect(actions[0]).toEqual({
      kind: "rebind_volume",
      name: "pvc-data-0",
      uid: "uid-pvc-data-0",
      claimUid: "claim-data-0",
    });
    expect(held).toEqual([...onAll("volume_detached"), ...onAll("waiting_for_pod")]);
  });

  it("are waited for, once given back, until they are bound", () => {
    const given = volumes({ phase: "Available", claimUid: undefined });
    expect(decide(desired(), deserted({ volumes: given })).kinds).toEqual(["apply_objects"]);
    const claims = names.map((name) => claim(name, { volumeName: undefined }));
    const waiting = decide(desired(), standing({ claims, volumes: given }));
    expect(waiting.kinds).toEqual([]);
    expect(waiting.held).toEqual([...onAll("volume_detached"), ...onAll("waiting_for_pod")]);
    expect(decide(desired(), standing()).held).toEqual(onAll("waiting_for_pod"));
  });

  it("are given back to single claims too", () => {
    const claims = [claim("data-0", { volumeName: undefined }), claim("data-1")];
    const observed = standing({
      claims,
      volumes: [volume("data-0"), volume("data-1", { phase: "Bound" }), volume("data-2")],
    });
    expect(decide(desired(), observed).actions).toMatchObject([{ name: "pvc-data-0" }, { name: "pvc-data-2" }]);
  });

  it("are left to their namespace as long as that goes", () => {
    const going = standing({ namespace: { uid: "ns", terminating: true }, claims: [], volumes: undefined });
    expect(needsVolumes(desired(), going)).toBe(false);
    expect(decide(desired(), going)).toMatchObject({
      kinds: [],
      held: expect.arrayContaining(["namespace_terminating cl-x"]),
    });
  });

  it("are found by their claim's name when they are not on record, unless there are two", () => {
    const { actions } = decide(unrecorded(), deserted());
    expect(actions).toMatchObject([...names.map((name) => ({ name: `pvc-${name}` })), { kind: "apply_objects" }]);
    const two = [...volumes(), volume("data-0", { name: "older" })];
    expect(decide(unrecorded(), deserted({ volumes: two }))).toMatchObject({
      kinds: [],
      held: expect.arrayContaining(["data_lost ins_data-0"]),
    });
    expect(decide(desired(), deserted({ volumes: two })).actions).toMatchObject(
      expect.arrayContaining([expect.objectContaining({ name: "pvc-data-0" })]),
    );
  });
});

describe("data whose volume is gone", () => {
  it.each([
    ["deleted", []],
    ["being deleted", volumes({ terminating: true })],
    ["about to be, by its reclaim policy", volumes({ reclaim: "Delete" })],
    ["one that could not be removed", volumes({ phase: "Failed" })],
    ["of another name, and somebody's leftover", volumes({ name: "other" })],
  ])("is called lost, and nothing is made in its place: %s", (_, found) => {
    const lost = decide(desired(), deserted({ volumes: found }));
    expect(lost.kinds).toEqual([]);
    expect(lost.held).toEqual(onAll("data_lost"));
    expect(lost).toMatchObject({ state: "running", health: "unknown", nextCheckInMs: 60_000 });
  });

  it("holds back the other volumes as well: people decide", () => {
    const { kinds, held } = decide(desired(), deserted({ volumes: [volume("data-0"), volume("data-1")] }));
    expect(kinds).toEqual([]);
    expect(held).toEqual(["volume_detached ins_data-0", "volume_detached ins_data-1", "data_lost ins_data-2"]);
  });

  it("is lost too when the cluster had just formed and nothing is on record", () => {
    expect(decide(unrecorded(), deserted({ volumes: [] })).held).toEqual(onAll("data_lost"));
  });

  it("comes back with a volume that somebody reserves for its claim, of whatever name", () => {
    const restored = volume("data-2", { name: "from-snapshot", phase: "Available", claimUid: undefined });
    const { actions } = decide(desired(), deserted({ volumes: [volume("data-0"), volume("data-1"), restored] }));
    expect(actions).toMatchObject([{ name: "pvc-data-0" }, { name: "pvc-data-1" }, { kind: "apply_objects" }]);
  });

  it("is said of an instance whose volume was replaced, instead of a wait without a word", () => {
    const claims = [claim("data-0", { volumeName: "empty" }), claim("data-1"), claim("data-2")];
    const observed = running({ claims });
    const yellow = { ...observed.engine, health: "yellow" } as ObservedCluster["engine"];
    expect(decide(desired(), { ...observed, engine: yellow }).held).toEqual([
      "data_lost ins_data-0",
      "waiting_for_green cl-x",
    ]);
    // Whole and green: all of it was copied from the others.
    const whole = decide(desired(), observed);
    expect(whole.held).toEqual([]);
    expect(whole.instances[0]).toEqual({ id: "ins_data-0", state: "running", volumeName: "empty" });
  });

  it("is said of a claim whose volume is no more", () => {
    const claims = [claim("data-0", { lost: true }), claim("data-1"), claim("data-2")];
    expect(decide(desired(), standing({ claims })).held).toContain("data_lost ins_data-0");
  });
});

describe("an instance's volume", () => {
  it("is put on record when the instance first joins, and anew only when the cluster is whole", () => {
    const observed = running();
    const partly = { ...observed.engine, health: "yellow", nodeNames: ["data-0"] } as ObservedCluster["engine"];
    const recorded = (wanted: DesiredCluster, engine: ObservedCluster["engine"]) =>
      decide(wanted, { ...observed, engine }).instances.map(({ volumeName }) => volumeName);
    expect(recorded(unrecorded(), partly)).toEqual(["pvc-data-0", undefined, undefined]);
    expect(recorded(desired(), partly)).toEqual([undefined, undefined, undefined]);
    expect(recorded(desired(), observed.engine)).toEqual(["pvc-data-0", "pvc-data-1", "pvc-data-2"]);
    const other = { ...observed.engine, clusterUuid: "u2" } as ObservedCluster["engine"];
    expect(recorded(unrecorded(), other)).toEqual([undefined, undefined, undefined]);
  });

  it("is asked for only when a claim of data is missing, or all else is gone", () => {
    const { claims } = standing();
    const unbound = [claim("data-0", { volumeName: undefined }), claim("data-1"), claim("data-2")];
    const asked = (wanted: DesiredCluster, namespace: ObservedCluster["namespace"], seen = claims) =>
      needsVolumes(wanted, { namespace, claims: seen });
    expect(asked(desired(), NAMESPACE)).toBe(false);
    expect(asked(desired(), NAMESPACE, unbound)).toBe(true);
    expect(asked(desired(), undefined, [])).toBe(true);
    expect(asked(unrecorded(), NAMESPACE, unbound)).toBe(false);
    expect(asked(desired({ engineUuid: undefined }), undefined, [])).toBe(false);
    const deletion = { purgeAt: NOW, purgeStarted: true };
    expect(asked(desired({ deletion }), NAMESPACE, [])).toBe(false);
    expect(asked(desired({ deletion, engineUuid: undefined }), undefined, [])).toBe(true);
  });

  it("does not keep a cluster that never formed from being made", () => {
    const fresh = decide(
      { ...unrecorded(), state: "creating", engineUuid: undefined },
      deserted({ volumes: undefined }),
    );
    expect(fresh.kinds).toEqual(["apply_objects"]);
  });
});
