import { describe, expect, test } from "vitest";
import { virtualClock } from "../clock.ts";
import { Ec2AnswerLost, Ec2Error } from "./error.ts";
import type { LaunchRequest } from "./instance.ts";
import { createEc2Model, type Ec2Model } from "./model.ts";
import { AWS_TIMINGS, type Ec2Options } from "./options.ts";

const ZONES = ["us-east-1a", "us-east-1b", "us-east-1c"];

function world(options: Partial<Ec2Options> = {}) {
  const clock = virtualClock();
  const model = createEc2Model({ clock, seed: 1, region: "us-east-1", zones: ZONES, ...options });
  return { clock, model };
}

function launch(changes: Partial<LaunchRequest> = {}): LaunchRequest {
  return {
    imageId: "ami-0123456789abcdef0",
    instanceType: "m6i.xlarge",
    minCount: 1,
    maxCount: 1,
    tags: { "berth.dev/machine": "mc_1" },
    blockDevices: [],
    securityGroupIds: [],
    zone: "us-east-1a",
    ...changes,
  };
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof Ec2Error) return error.code;
    throw error;
  }
  return "none";
}

const onlyId = (model: Ec2Model, request = launch()): string => model.runInstances(request)[0]?.instance.id ?? "";

describe("client tokens", () => {
  test("the same token with the same parameters gives the same machine", () => {
    const { model } = world();
    const first = onlyId(model, launch({ clientToken: "t1" }));
    expect(onlyId(model, launch({ clientToken: "t1" }))).toBe(first);
    expect(onlyId(model, launch({ clientToken: "t2" }))).not.toBe(first);
  });

  test.each([
    ["type", { instanceType: "m6i.2xlarge" }],
    ["user data", { userData: "eA==" }],
    ["tags", { tags: { other: "1" } }],
    ["a parameter that the model does not know", { otherParameters: { EbsOptimized: "true" } }],
  ])("the same token with another %s is refused", (_name, change) => {
    const { model } = world();
    onlyId(model, launch({ clientToken: "t1" }));
    const again = () => model.runInstances(launch({ clientToken: "t1", ...change }));
    expect(codeOf(again)).toBe("IdempotentParameterMismatch");
  });

  test("a token is zonal when the call names a zone: the same one launches again in another", () => {
    const { model } = world();
    const first = onlyId(model, launch({ clientToken: "t1" }));
    expect(onlyId(model, launch({ clientToken: "t1", zone: "us-east-1b" }))).not.toBe(first);
  });

  test("a subnet names its zone as well", () => {
    const { model } = world();
    const subnetId = model.subnets[1]?.id;
    const [view] = model.runInstances(launch({ zone: undefined, subnetId }));
    expect(view?.instance.zone).toBe("us-east-1b");
    expect(codeOf(() => model.runInstances(launch({ subnetId: "subnet-00000000" })))).toBe("InvalidSubnetID.NotFound");
  });

  test("the token of a terminated machine is refused; while it shuts down the dying machine comes back", () => {
    const { model, clock } = world();
    const id = onlyId(model, launch({ clientToken: "t1" }));
    clock.advance(60_000);
    model.terminateInstances([id]);
    expect(model.runInstances(launch({ clientToken: "t1" }))[0]).toMatchObject({ state: "shutting-down" });
    clock.advance(AWS_TIMINGS.shutdownMs[1]);
    expect(codeOf(() => model.runInstances(launch({ clientToken: "t1" })))).toBe("IdempotentInstanceTerminated");
  });
});

describe("visibility", () => {
  test("a new machine is missing from every answer until its lag has passed, and can not be terminated", () => {
    const { model, clock } = world({ timings: { ...AWS_TIMINGS, lagMs: [3000, 3000] } });
    const id = onlyId(model);
    expect(model.describeInstances({}).items).toEqual([]);
    expect(codeOf(() => model.describeInstances({ instanceIds: [id] }))).toBe("InvalidInstanceID.NotFound");
    expect(codeOf(() => model.terminateInstances([id]))).toBe("InvalidInstanceID.NotFound");
    clock.advance(3000);
    expect(model.describeInstances({ instanceIds: [id] }).items[0]?.state).toBe("pending");
    expect(model.terminateInstances([id])).toMatchObject([{ current: "shutting-down" }]);
  });

  test("pending, running, shutting-down, terminated, and gone an hour later", () => {
    const { model, clock } = world({ timings: { ...AWS_TIMINGS, lagMs: [0, 0] } });
    const id = onlyId(model);
    const state = () => model.describeInstances({ instanceIds: [id] }).items[0]?.state;
    expect(state()).toBe("pending");
    clock.advance(AWS_TIMINGS.pendingMs[1]);
    expect(state()).toBe("running");
    model.terminateInstances([id]);
    expect(state()).toBe("shutting-down");
    clock.advance(AWS_TIMINGS.shutdownMs[1]);
    expect(state()).toBe("terminated");
    expect(model.terminateInstances([id])).toMatchObject([{ previous: "terminated", current: "terminated" }]);
    clock.advance(3_600_000);
    expect(codeOf(state)).toBe("InvalidInstanceID.NotFound");
  });
});

describe("the life of a machine", () => {
  test("boots after it runs; its processes end before it shows as terminated", () => {
    const { model, clock } = world({ timings: { ...AWS_TIMINGS, lagMs: [0, 0] } });
    const seen: string[] = [];
    const id = onlyId(model);
    const state = () => model.describeInstances({ instanceIds: [id] }).items[0]?.state;
    model.onBoot((instance) => seen.push(`boot ${instance.id === id} ${state()}`));
    model.onTerminate((instance) => seen.push(`end ${instance.id === id} ${state()}`));
    clock.advance(60_000);
    model.terminateInstances([id]);
    clock.advance(60_000);
    expect(seen).toEqual(["boot true running", "end true shutting-down"]);
  });

  test("a machine that never boots runs for ever", () => {
    const { model, clock } = world();
    let boots = 0;
    model.onBoot(() => boots++);
    model.faults.neverBootNext();
    onlyId(model);
    onlyId(model);
    clock.advance(3_600_000);
    expect(boots).toBe(1);
    expect(model.describeInstances({}).items.map(({ state }) => state)).toEqual(["running", "running"]);
  });

  test("a machine terminated behind our back ends like any other and says why", () => {
    const { model, clock } = world();
    const id = onlyId(model);
    clock.advance(60_000);
    let ended = 0;
    model.onTerminate(() => ended++);
    model.faults.terminateBehindOurBack(id);
    clock.advance(120_000);
    expect(ended).toBe(1);
    expect(model.describeInstances({ instanceIds: [id] }).items[0]).toMatchObject({
      state: "terminated",
      instance: { stateReason: { code: "Server.InternalError" } },
    });
  });
});

describe("what refuses a launch", () => {
  test.each([
    ["unknown type", { instanceType: "m99.large" }, "InvalidParameterValue"],
    ["a type not sold in the region", { instanceType: "mac1.metal" }, "Unsupported"],
    ["malformed image", { imageId: "debian" }, "InvalidAMIID.Malformed"],
    ["unknown zone", { zone: "eu-west-1a" }, "InvalidParameterValue"],
    ["a token over 64 characters", { clientToken: "x".repeat(65) }, "InvalidParameterValue"],
    ["more at least than at most", { minCount: 2, maxCount: 1 }, "InvalidParameterValue"],
    ["user data over 16 KiB", { userData: Buffer.alloc(16_385).toString("base64") }, "InvalidParameterValue"],
    ["a dry run", { dryRun: true }, "DryRunOperation"],
  ])("%s", (_name, change, code) => {
    const { model, clock } = world();
    expect(codeOf(() => model.runInstances(launch(change)))).toBe(code);
    clock.advance(60_000);
    expect(model.describeInstances({}).items).toEqual([]);
  });

  test("capacity is counted per type and zone, and grants what lies between the two counts", () => {
    const { model } = world();
    model.faults.setCapacity("m6i.xlarge", "us-east-1a", 3);
    expect(model.runInstances(launch({ minCount: 1, maxCount: 2 }))).toHaveLength(2);
    expect(model.runInstances(launch({ minCount: 1, maxCount: 5 }))).toHaveLength(1);
    expect(codeOf(() => model.runInstances(launch()))).toBe("InsufficientInstanceCapacity");
    expect(model.runInstances(launch({ zone: "us-east-1b" }))).toHaveLength(1);
    model.faults.setCapacity("m6i.xlarge", "us-east-1a", undefined);
    expect(model.runInstances(launch())).toHaveLength(1);
  });

  test("without a zone the machine lands where there is room", () => {
    const { model } = world();
    model.faults.setCapacity("m6i.xlarge", "us-east-1a", 0);
    model.faults.setCapacity("m6i.xlarge", "us-east-1b", 0);
    expect(model.runInstances(launch({ zone: undefined }))[0]?.instance.zone).toBe("us-east-1c");
  });

  test("the instance limit counts machines that still live", () => {
    const { model, clock } = world({ instanceLimit: 1 });
    const id = onlyId(model);
    expect(codeOf(() => model.runInstances(launch()))).toBe("InstanceLimitExceeded");
    clock.advance(60_000);
    model.terminateInstances([id]);
    clock.advance(60_000);
    expect(model.runInstances(launch())).toHaveLength(1);
  });

  test("throttled, RunInstances has 5 tokens and 2 more each second", () => {
    const { model, clock } = world({ throttling: true });
    const codes = () => Array.from({ length: 8 }, () => codeOf(() => model.runInstances(launch())));
    expect(codes().filter((code) => code === "none")).toHaveLength(5);
    clock.advance(1000);
    expect(codes().filter((code) => code === "none")).toHaveLength(2);
  });

  test("throttled, 1,000 machines may be launched at once and 2 more each second", () => {
    const { model, clock } = world({ throttling: true });
    expect(model.runInstances(launch({ minCount: 999, maxCount: 1000 }))).toHaveLength(1000);
    clock.advance(1000);
    const again = (count: number) => codeOf(() => model.runInstances(launch({ minCount: count, maxCount: count })));
    expect(again(3)).toBe("RequestLimitExceeded");
    expect(again(2)).toBe("none");
  });
});

test("an answer lost leaves the machine behind, and the token finds it again", () => {
  const { model } = world();
  model.faults.loseAnswers("RunInstances");
  expect(() => model.runInstances(launch({ clientToken: "t1" }))).toThrow(Ec2AnswerLost);
  expect(model.runInstances(launch({ clientToken: "t1" }))).toHaveLength(1);
  expect(Object.keys(model.snapshot().instances)).toHaveLength(1);
});

test("pages neither repeat nor skip machines that appear or vanish between them", () => {
  const { model, clock } = world();
  const ids = Array.from({ length: 12 }, () => onlyId(model));
  clock.advance(60_000);
  const first = model.describeInstances({ maxResults: 5 });
  model.terminateInstances([ids[0] ?? ""]);
  onlyId(model);
  clock.advance(60_000);
  const second = model.describeInstances({ maxResults: 5, nextToken: first.nextToken });
  const third = model.describeInstances({ maxResults: 5, nextToken: second.nextToken });
  const seen = [first, second, third].flatMap(({ items }) => items.map(({ instance }) => instance.id));
  expect(seen.slice(0, 12)).toEqual(ids);
  expect(seen).toHaveLength(13);
  expect(third.nextToken).toBeUndefined();
});

test("filters join by and, their values by or, with wildcards", () => {
  const { model, clock } = world();
  onlyId(model, launch({ tags: { pool: "general", env: "prod" } }));
  onlyId(model, launch({ tags: { pool: "general" }, zone: "us-east-1b" }));
  onlyId(model, launch({ tags: { pool: "dense" }, clientToken: "t3" }));
  clock.advance(60_000);
  const count = (...filters: [string, ...string[]][]) =>
    model.describeInstances({ filters: filters.map(([name, ...values]) => ({ name, values })) }).items.length;
  expect(count(["tag:pool", "general"])).toBe(2);
  expect(count(["tag:pool", "gen*", "dense"])).toBe(3);
  expect(count(["tag:pool", "general"], ["availability-zone", "us-east-1b"])).toBe(1);
  expect(count(["tag-key", "env"])).toBe(1);
  expect(count(["client-token", "t3"])).toBe(1);
  expect(count(["instance-state-name", "pending", "shutting-down"])).toBe(0);
  expect(codeOf(() => count(["color", "red"]))).toBe("InvalidParameterValue");
});

test("one seed and one sequence of calls give one history; another seed another", () => {
  const history = (seed: number) => {
    const { model, clock } = world({ seed });
    const events: string[] = [];
    model.onBoot(({ id }) => events.push(`${clock.now()} boot ${id}`));
    model.onTerminate(({ id }) => events.push(`${clock.now()} end ${id}`));
    const ids = [onlyId(model), onlyId(model)];
    clock.advance(70_000);
    model.terminateInstances(ids);
    clock.advance(70_000);
    return events;
  };
  expect(history(7)).toHaveLength(4);
  expect(history(7)).toEqual(history(7));
  expect(history(8)).not.toEqual(history(7));
});

test("a restored model goes on where the saved one stopped, and calls nobody twice", () => {
  const { model, clock } = world();
  const booted = onlyId(model);
  clock.advance(60_000);
  const pending = onlyId(model, launch({ clientToken: "t1" }));
  model.terminateInstances([booted]);
  const saved = JSON.parse(JSON.stringify(model.snapshot()));

  const other = createEc2Model({ clock, seed: 1, region: "us-east-1", zones: ZONES });
  const events: string[] = [];
  other.onBoot(({ id }) => events.push(`boot ${id}`));
  other.onTerminate(({ id }) => events.push(`end ${id}`));
  other.restore(saved);
  expect(other.bootedInstances().map(({ id }) => id)).toEqual([booted]);
  expect(onlyId(other, launch({ clientToken: "t1" }))).toBe(pending);
  clock.advance(120_000);
  expect(events.sort()).toEqual([`boot ${pending}`, `end ${booted}`].sort());
});
