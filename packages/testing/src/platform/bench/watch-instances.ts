import type { World } from "@berth/simulator";

/** When what happened to one instance, in milliseconds since 1970, as the world itself knows it. */
export interface InstanceTimes {
  /** Its machine's launch was accepted. */
  readonly launchedAt: number;
  /** The machine asked to join. */
  readonly requestedAt: number;
  readonly approvedAt: number;
  readonly readyAt: number;
}

const LOOK_EVERY_MS = 5;

interface Conditioned {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: unknown;
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Looks at the world every few milliseconds: what it stores of instants is whole seconds. */
export function watchInstances(world: World) {
  const requested = new Map<string, number>();
  const approved = new Map<string, number>();
  const ready = new Map<string, { readonly at: number; readonly node: string }>();

  const note = (map: Map<string, number>, key: string, now: number) => {
    if (!map.has(key)) map.set(key, now);
  };
  const look = () => {
    const now = Date.now();
    for (const request of world.kubernetes.objects("CertificateSigningRequest") as readonly Conditioned[]) {
      const node = nodeOfRequest(request.spec as { request: string });
      note(requested, node, now);
      if (isTrue(request, "Approved")) note(approved, node, now);
    }
    for (const pod of world.kubernetes.objects("Pod") as readonly Conditioned[]) {
      const key = `${pod.metadata.namespace}/${pod.metadata.name}`;
      const { nodeName } = pod.spec as { nodeName?: string };
      if (nodeName !== undefined && isTrue(pod, "Ready") && !ready.has(key))
        ready.set(key, { at: now, node: nodeName });
    }
  };
  const timer = setInterval(look, LOOK_EVERY_MS);

  return {
    times: (namespacePod: string): InstanceTimes | undefined => {
      const { at: readyAt, node = "" } = ready.get(namespacePod) ?? {};
      const requestedAt = requested.get(node);
      const approvedAt = approved.get(node);
      const machine = world.ec2
        .describeInstances({})
        .items.find(({ instance }) => `mac-${instance.tags["berth.dev/machine"]?.slice(4)}` === node);
      if (readyAt === undefined || requestedAt === undefined || approvedAt === undefined || machine === undefined)
        return undefined;
      return { launchedAt: machine.instance.launchedAt, requestedAt, approvedAt, readyAt };
    },
    stop: () => clearInterval(timer),
  };
}

/** The name that a join request asks for, out of the text within its DER. */
function nodeOfRequest({ request }: { readonly request: string }): string {
  const pem = Buffer.from(request, "base64").toString();
  const der = Buffer.from(pem.replaceAll(/-----[A-Z ]+-----|\s/g, ""), "base64").toString("latin1");
  return /system:node:(mac-[0-9a-z]{26})/.exec(der)?.[1] ?? "";
}

function isTrue({ status }: Conditioned, type: string): boolean {
  return status?.conditions?.some((one) => one.type === type && one.status === "True") ?? false;
}
