import type { ApprovedRequest, LiveLease, MachineRecord, SpendCapReached } from "@berth/db";
import { LABELS, MANAGED_BY, maxPodsOf, type Result } from "@berth/domain";
import { userDataOf } from "@berth/ec2";
import { bootstrapTokenName, bootstrapTokenSecret } from "@berth/kubernetes";
import type { MachineAction } from "@berth/lifecycle";
import { isPortError, type Kubernetes } from "@berth/ports";
import { type ReadOnlyCloud, type ReadOnlyKubernetes, runEffect } from "../effects.ts";
import { escapePointer } from "../escape-pointer.ts";
import { clientTokenOf, machineTags, newBootstrapToken } from "./launch-request.ts";
import type { MachineLoopDeps } from "./reconcile.ts";

export interface MachineContext extends MachineLoopDeps {
  readonly lease: LiveLease;
  readonly machine: MachineRecord;
  /** Undefined when it could not be asked: then nothing is decided that needs it. */
  readonly kubernetes: ReadOnlyKubernetes | undefined;
  readonly cloud: ReadOnlyCloud | undefined;
  readonly now: Date;
}

/** A token lives as long as a machine may take to join, and a little more. */
const TOKEN_LIFE_MS = 20 * 60_000;
/** An offering without capacity is not tried again for this long (Karpenter keeps the same three minutes). */
const UNAVAILABLE_FOR_MS = 3 * 60_000;
const ROOT_VOLUME_GIB = 50;

/**
 * Carries out one action on one machine. Idempotent; what is launched was stored before and is repeated unchanged.
 *
 * Gives the spend cap that keeps it from a launch, when one does: nothing of the attempt was stored.
 */
export async function executeMachineAction(
  context: MachineContext,
  action: MachineAction,
): Promise<SpendCapReached | undefined> {
  const { machine } = context;
  const onKubernetes = <T>(name: string, call: (kubernetes: Kubernetes) => Promise<T>) => onKube(context, name, call);
  const node = { name: machine.nodeName };

  switch (action.kind) {
    case "open_attempt": {
      const opened = await openAttempt(context, action.attempt);
      if (!opened.ok) return opened.error;
      context.effects.reached("machines.open_attempt", "recorded");
      return;
    }
    case "put_bootstrap_token":
      await putBootstrapToken(context);
      return;
    case "launch":
      await launch(context);
      return;
    case "adopt_instance":
      if (machine.launch === undefined) throw new Error("an instance belongs to a launch");
      await context.store.recordLaunched(context.lease, machine.id, machine.launch.id, action.instanceId);
      context.effects.reached("machines.adopt_instance", "recorded");
      return;
    case "approve_join":
      await recordJoin(context, { name: action.name, uid: action.uid, issued: false });
      await onKubernetes("approve_join", (kubernetes) =>
        kubernetes.approveCertificate(action.name, action.uid, "BerthLaunchedThisMachine"),
      );
      return;
    case "record_join":
      await recordJoin(context, { name: action.name, uid: action.uid, issued: action.issued });
      return;
    case "settle_node":
      await settleNode(context, action.uid);
      return;
    case "record_allocatable":
      await context.store.recordAllocatable(context.lease, machine.id, action.left, action.typical);
      return;
    case "delete_bootstrap_token": {
      const tokenId = machine.launch?.bootstrapTokenId;
      if (tokenId === undefined) return;
      const key = { namespace: "kube-system", name: bootstrapTokenName(tokenId) };
      await onKubernetes("delete_bootstrap_token", (kubernetes) =>
        kubernetes.delete("Secret", key, { uid: action.uid }),
      );
      return;
    }
    case "cordon":
    case "uncordon":
      await onKubernetes(action.kind, (kubernetes) =>
        kubernetes.patch("Node", node, [
          { op: "test", path: "/metadata/uid", value: action.uid },
          { op: "add", path: "/spec/unschedulable", value: action.kind === "cordon" },
        ]),
      );
      return;
    case "delete_node":
      await onKubernetes("delete_node", (kubernetes) => kubernetes.delete("Node", node, { uid: action.uid }));
      return;
    case "terminate": {
      const { cloudInstanceId } = machine;
      if (cloudInstanceId === undefined || context.cloud === undefined) return;
      await runEffect(context, "machines.terminate", context.cloud, (cloud) => cloud.terminate(cloudInstanceId));
      return;
    }
  }
}

function onKube<T>(context: MachineContext, name: string, call: (kubernetes: Kubernetes) => Promise<T>): Promise<T> {
  if (context.kubernetes === undefined) throw new Error(`${name} was decided without a look at the kube`);
  return runEffect(context, `machines.${name}`, context.kubernetes, call);
}

/** Writes the attempt with its whole launch request before anything is sent. */
async function openAttempt(context: MachineContext, attempt: number): Promise<Result<true, SpendCapReached>> {
  const { machine, lease, store } = context;
  const offering = attempt === 1 ? { machineType: machine.machineType, zone: machine.zone } : machine.alternatives[0];
  if (offering === undefined) throw new Error("a further attempt needs an alternative");
  const token = newBootstrapToken();
  const kube = await context.kubeEndpointOf(machine);
  const { pool } = machine;
  const subnetId = pool.subnetIds[offering.zone];
  const maxPods = maxPodsOf(pool.instancesPerMachine);
  const userData = userDataOf({
    apiServerEndpoint: kube.server,
    caCertData: Buffer.from(kube.caCertPem).toString("base64"),
    token: `${token.id}.${token.secret}`,
    nodeName: machine.nodeName,
    labels: {
      [LABELS.zone]: offering.zone,
      [LABELS.region]: machine.region,
      [LABELS.machineType]: offering.machineType,
    },
    taints: [],
    maxPods,
  });
  return store.openAttempt(lease, machine.id, {
    id: context.ids.next("launch"),
    attempt,
    machineType: offering.machineType,
    zone: offering.zone,
    bootstrapTokenId: token.id,
    bootstrapToken: `${token.id}.${token.secret}`,
    maxPods,
    userData,
    request: {
      clientToken: clientTokenOf(machine.id, attempt),
      machineType: offering.machineType,
      zone: offering.zone,
      imageId: pool.imageId,
      ...(subnetId === undefined ? {} : { subnetId }),
      ...(pool.securityGroupIds.length === 0 ? {} : { securityGroupIds: pool.securityGroupIds }),
      ...(pool.instanceProfile === undefined ? {} : { instanceProfile: pool.instanceProfile }),
      tags: machineTags(context.environment, machine.id, pool.id, attempt),
      rootVolumeGib: ROOT_VOLUME_GIB,
    },
  });
}

async function recordJoin(context: MachineContext, request: ApprovedRequest): Promise<void> {
  const { launch } = context.machine;
  if (launch === undefined) throw new Error("a join request belongs to a launch");
  await context.store.recordJoin(context.lease, launch.id, request);
  context.effects.reached("machines.record_join", "recorded");
}

async function putBootstrapToken(context: MachineContext): Promise<void> {
  const { launch } = context.machine;
  if (launch === undefined) throw new Error("a token belongs to a launch");
  const { bootstrapToken } = await context.store.launchSecrets(launch.id);
  const [tokenId = "", tokenSecret = ""] = bootstrapToken.split(".");
  const expiresAt = new Date(context.now.getTime() + TOKEN_LIFE_MS);
  const secret = bootstrapTokenSecret({ tokenId, tokenSecret, expiresAt, machineId: context.machine.id });
  try {
    await onKube(context, "put_bootstrap_token", (kubernetes) => kubernetes.create(secret));
  } catch (error) {
    if (!isPortError(error, "conflict")) throw error; // There already: an earlier run made it.
  }
}

async function launch(context: MachineContext): Promise<void> {
  const { machine, lease, store } = context;
  if (machine.launch === undefined || context.cloud === undefined)
    throw new Error("a launch needs its stored request and a cloud");
  const { userData } = await store.launchSecrets(machine.launch.id);
  const request = { ...machine.launch.request, userData };
  const answer = await runEffect(context, "machines.launch", context.cloud, (cloud) => cloud.launch(request));
  if (answer.ok) {
    await store.recordLaunched(lease, machine.id, machine.launch.id, answer.value.instanceId);
  } else {
    const lacksCapacity = answer.error.kind !== "token_reused";
    await store.recordRefused(lease, machine.id, machine.launch.id, {
      message: `${answer.error.kind}: ${answer.error.message}`,
      unavailableForMs: lacksCapacity ? UNAVAILABLE_FOR_MS : 0,
      retrySame: !lacksCapacity,
    });
  }
  context.effects.reached("machines.launch", "recorded");
}

/**
 * Labels that no kubelet may give itself.
 *
 * A patch of that very node, not an apply: one that was deleted meanwhile must not come back as an empty object of ours.
 */
async function settleNode(context: MachineContext, uid: string): Promise<void> {
  const { machine } = context;
  const labels = { [LABELS.pool]: machine.pool.id, [LABELS.machine]: machine.id, [LABELS.managedBy]: MANAGED_BY };
  await onKube(context, "settle_node", (kubernetes) =>
    kubernetes.patch("Node", { name: machine.nodeName }, [
      { op: "test", path: "/metadata/uid", value: uid },
      ...Object.entries(labels).map(
        ([label, value]) => ({ op: "add", path: `/metadata/labels/${escapePointer(label)}`, value }) as const,
      ),
    ]),
  );
}
