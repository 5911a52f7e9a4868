import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { type Cloud, type CloudInstance, isPortError, type LaunchRequest } from "@berth/ports";
import { waitFor } from "../wait-for.ts";
import type { ConformanceCase } from "./case.ts";

export interface CloudEnv {
  readonly machineType: string;
  readonly otherMachineType: string;
  readonly imageId: string;
  readonly zone: string;
  /** How often the adapter tries a read before it gives up. */
  readonly attempts: number;
  /** How long the slowest change of state may take. */
  readonly patienceMs: number;
  /** What the outside was asked for at launch, as it understood it. */
  readonly launchedWith?: (instanceId: string) => Promise<{
    readonly userData: string;
    readonly httpTokens: string;
    readonly hopLimit: number;
    readonly rootEncrypted: boolean;
    readonly rootVolumeGib: number;
  }>;
  readonly exhaust?: (machineType: string, zone: string) => Promise<() => void>;
  readonly withdraw?: (machineType: string, zone: string) => Promise<() => void>;
  readonly limitInstances?: () => Promise<() => void>;
  readonly throttleNext?: (action: string, calls: number) => Promise<void>;
  readonly deny?: (action: string) => Promise<() => void>;
  readonly loseAnswers?: (action: string, calls: number) => Promise<void>;
  /** Launching so many that they fill more than a page is affordable. */
  readonly bulk?: number;
}

type CloudCase = ConformanceCase<Cloud, CloudEnv>;

/** What Berth relies on in a cloud. Sources: EC2 API reference and shared reliability notes 1.3 (2026-11). */
export const CLOUD_CASES: readonly CloudCase[] = [
  {
    name: "a launch gives an instance with its type, zone, token and tags",
    run: async (cloud, env) => {
      const request = requestOf(env);
      const instance = await launched(cloud, request);
      assert.match(instance.instanceId, /^i-[0-9a-f]+$/);
      assert.ok(instance.state === "pending" || instance.state === "running");
      assert.equal(instance.machineType, env.machineType);
      assert.equal(instance.zone, env.zone);
      assert.equal(instance.clientToken, request.clientToken);
      assert.deepEqual({ ...instance.tags }, { ...request.tags });
      assert.ok(Math.abs(instance.launchedAt.getTime() - Date.now()) < 600_000);
      await cloud.terminate(instance.instanceId);
    },
  },
  {
    name: "a launched machine becomes visible, then running",
    run: async (cloud, env) => {
      const { instanceId } = await launched(cloud, requestOf(env));
      await inState(cloud, env, instanceId, "running");
      await cloud.terminate(instanceId);
    },
  },
  {
    name: "the same token with the same request launches nothing new",
    run: async (cloud, env) => {
      const request = requestOf(env);
      const first = await launched(cloud, request);
      const second = await launched(cloud, request);
      assert.equal(second.instanceId, first.instanceId);
      await cloud.terminate(first.instanceId);
    },
  },
  {
    name: "the same token with another machine type is refused as token_reused",
    run: async (cloud, env) => {
      const request = requestOf(env);
      const { instanceId } = await launched(cloud, request);
      const second = await cloud.launch({ ...request, machineType: env.otherMachineType });
      assert.equal(!second.ok && second.error.kind, "token_reused");
      await cloud.terminate(instanceId);
    },
  },
  {
    name: "the token of a terminated machine is refused as token_reused",
    run: async (cloud, env) => {
      const request = requestOf(env);
      const { instanceId } = await launched(cloud, request);
      await seen(cloud, env, instanceId);
      await cloud.terminate(instanceId);
      await inState(cloud, env, instanceId, "terminated");
      const second = await cloud.launch(request);
      assert.equal(!second.ok && second.error.kind, "token_reused");
    },
  },
  {
    name: "machines are found by all of several tags, and by no fewer",
    run: async (cloud, env) => {
      const run = unique();
      const one = await launched(cloud, requestOf(env, { run, role: "one" }));
      const two = await launched(cloud, requestOf(env, { run, role: "two" }));
      await seen(cloud, env, one.instanceId);
      await seen(cloud, env, two.instanceId);
      assert.deepEqual(idsOf(await cloud.describe({ tags: { run } })), [one.instanceId, two.instanceId].sort());
      assert.deepEqual(idsOf(await cloud.describe({ tags: { run, role: "two" } })), [two.instanceId]);
      assert.deepEqual(await cloud.describe({ tags: { run, role: "three" } }), []);
      for (const { instanceId } of [one, two]) await cloud.terminate(instanceId);
    },
  },
  {
    name: "an id that is not known is left out, and does not spoil the others",
    run: async (cloud, env) => {
      const { instanceId } = await launched(cloud, requestOf(env));
      await seen(cloud, env, instanceId);
      const found = await cloud.describe({ instanceIds: [instanceId, "i-00000000000000000"] });
      assert.deepEqual(idsOf(found), [instanceId]);
      assert.deepEqual(await cloud.describe({ instanceIds: [] }), []);
      await cloud.terminate(instanceId);
    },
  },
  {
    name: "a machine is found by its client token",
    run: async (cloud, env) => {
      const request = requestOf(env);
      const { instanceId } = await launched(cloud, request);
      await seen(cloud, env, instanceId);
      assert.deepEqual(idsOf(await cloud.describe({ clientToken: request.clientToken })), [instanceId]);
      await cloud.terminate(instanceId);
    },
  },
  {
    name: "terminated machines stay visible, but not among the living",
    run: async (cloud, env) => {
      const run = unique();
      const { instanceId } = await launched(cloud, requestOf(env, { run }));
      await seen(cloud, env, instanceId);
      assert.equal(await cloud.terminate(instanceId), "terminating");
      await inState(cloud, env, instanceId, "terminated");
      assert.deepEqual(idsOf(await cloud.describe({ tags: { run } })), [instanceId]);
      assert.deepEqual(await cloud.describe({ tags: { run }, alive: true }), []);
    },
  },
  {
    name: "terminating twice is the same as once; an id that EC2 does not know is not_found",
    run: async (cloud, env) => {
      const { instanceId } = await launched(cloud, requestOf(env));
      await seen(cloud, env, instanceId);
      assert.equal(await cloud.terminate(instanceId), "terminating");
      assert.equal(await cloud.terminate(instanceId), "terminating");
      assert.equal(await cloud.terminate("i-0123456789abcdef0"), "not_found");
    },
  },
  {
    name: "a malformed image is invalid, not a refusal that changes the plan",
    run: async (cloud, env) => {
      await assert.rejects(cloud.launch({ ...requestOf(env), imageId: "not-an-image" }), (error) =>
        isPortError(error, "invalid"),
      );
    },
  },
  {
    name: "a launch asks for IMDSv2 with one hop, an encrypted root volume, and the user data byte by byte",
    needs: "launchedWith",
    run: async (cloud, env) => {
      const request = { ...requestOf(env), userData: "#!/bin/bash\necho 'grüße $HOME'\n" };
      const { instanceId } = await launched(cloud, request);
      await seen(cloud, env, instanceId);
      assert.deepEqual(await env.launchedWith?.(instanceId), {
        userData: request.userData,
        httpTokens: "required",
        hopLimit: 1,
        rootEncrypted: true,
        rootVolumeGib: request.rootVolumeGib,
      });
      await cloud.terminate(instanceId);
    },
  },
  {
    name: "no room in a zone is refused as insufficient_capacity, and a new token works when room is back",
    needs: "exhaust",
    run: async (cloud, env) => {
      const restore = await env.exhaust?.(env.machineType, env.zone);
      const refused = await cloud.launch(requestOf(env));
      assert.equal(!refused.ok && refused.error.kind, "insufficient_capacity");
      restore?.();
      await cloud.terminate((await launched(cloud, requestOf(env))).instanceId);
    },
  },
  {
    name: "a type that a zone does not sell is refused as unsupported",
    needs: "withdraw",
    run: async (cloud, env) => {
      const restore = await env.withdraw?.(env.machineType, env.zone);
      const refused = await cloud.launch(requestOf(env));
      restore?.();
      assert.equal(!refused.ok && refused.error.kind, "unsupported");
    },
  },
  {
    name: "a full account is refused as limit_exceeded",
    needs: "limitInstances",
    run: async (cloud, env) => {
      const restore = await env.limitInstances?.();
      const refused = await cloud.launch(requestOf(env));
      restore?.();
      assert.equal(!refused.ok && refused.error.kind, "limit_exceeded");
    },
  },
  {
    name: "one throttled read is tried again; throttling that lasts is thrown as throttled",
    needs: "throttleNext",
    run: async (cloud, env) => {
      await env.throttleNext?.("DescribeInstances", 1);
      await cloud.describe({ tags: { run: unique() } });
      await env.throttleNext?.("DescribeInstances", env.attempts);
      await assert.rejects(cloud.describe({ tags: { run: unique() } }), (error) => isPortError(error, "throttled"));
    },
  },
  {
    name: "a missing right is thrown as denied",
    needs: "deny",
    run: async (cloud, env) => {
      const restore = await env.deny?.("RunInstances");
      await assert.rejects(cloud.launch(requestOf(env)), (error) => isPortError(error, "denied"));
      restore?.();
    },
  },
  {
    name: "a launch whose answer is lost is unavailable, and its repeat finds the machine that was launched",
    needs: "loseAnswers",
    run: async (cloud, env) => {
      const run = unique();
      const request = requestOf(env, { run });
      await env.loseAnswers?.("RunInstances", 1);
      await assert.rejects(cloud.launch(request), (error) => isPortError(error, "unavailable"));
      const { instanceId } = await launched(cloud, request);
      await seen(cloud, env, instanceId);
      assert.deepEqual(idsOf(await cloud.describe({ tags: { run } })), [instanceId]);
      await cloud.terminate(instanceId);
    },
  },
  {
    name: "more machines than one page or one filter holds are all found",
    needs: "bulk",
    run: async (cloud, env) => {
      const run = unique();
      const ids = new Set<string>();
      const launchOne = async () => ids.add((await launched(cloud, requestOf(env, { run }))).instanceId);
      for (let left = env.bulk ?? 0; left > 0; left -= 20) await Promise.all(Array.from({ length: 20 }, launchOne));
      const all = await waitFor(
        async () => {
          const found = await cloud.describe({ tags: { run } });
          return found.length === ids.size ? found : undefined;
        },
        { timeoutMs: env.patienceMs, what: "all machines to be visible" },
      );
      assert.deepEqual(idsOf(all), [...ids].sort());
      assert.deepEqual(idsOf(await cloud.describe({ instanceIds: [...ids] })), [...ids].sort());
    },
  },
];

const unique = (): string => randomBytes(8).toString("hex");

function requestOf(env: CloudEnv, tags: Readonly<Record<string, string>> = {}): LaunchRequest {
  return {
    clientToken: unique(),
    machineType: env.machineType,
    zone: env.zone,
    imageId: env.imageId,
    userData: "#!/bin/bash\ntrue\n",
    tags: { managedBy: "berth", ...tags },
    rootVolumeGib: 40,
  };
}

async function launched(cloud: Cloud, request: LaunchRequest): Promise<CloudInstance> {
  const result = await cloud.launch(request);
  assert.ok(result.ok, `launch refused: ${result.ok ? "" : result.error.message}`);
  return result.value;
}

/** Waits until describe shows it: a new machine may be missing for a while. */
function seen(cloud: Cloud, env: CloudEnv, instanceId: string): Promise<CloudInstance> {
  const look = async (): Promise<CloudInstance | undefined> => (await cloud.describe({ instanceIds: [instanceId] }))[0];
  return waitFor(look, { timeoutMs: env.patienceMs, what: `${instanceId} to be visible` });
}

async function inState(cloud: Cloud, env: CloudEnv, instanceId: string, state: CloudInstance["state"]): Promise<void> {
  const look = async (): Promise<boolean> =>
    (await cloud.describe({ instanceIds: [instanceId] })).some((instance) => instance.state === state);
  await waitFor(look, { timeoutMs: env.patienceMs, what: `${instanceId} to be ${state}` });
}

function idsOf(instances: readonly CloudInstance[]): string[] {
  return instances.map(({ instanceId }) => instanceId).sort();
}
