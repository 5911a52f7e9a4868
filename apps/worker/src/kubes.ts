import { isId, type KubeId, LABELS, MANAGED_BY } from "@berth/domain";
import type { Kubernetes, Pod, Reflection } from "@berth/ports";
import { type ReadOnlyKubernetes, readOnly } from "./effects.ts";
import { isGated } from "./placement/problem.ts";
import type { Waker } from "./wake.ts";

/** Connections to the registered kubes, opened when first needed and kept. */
export interface KubeRegistry {
  /** Throws PortError unavailable or denied when the stored kubeconfig does not work. */
  get(kubeId: KubeId): Promise<ReadOnlyKubernetes>;
  close(): void;
}

export interface KubeRegistryDeps {
  /** Opens the connection by the stored kubeconfig. */
  readonly connect: (kubeId: KubeId) => Promise<Kubernetes>;
  readonly waker: Waker;
  /** The machine whose launch carries this bootstrap token id, if any. */
  readonly machineOfToken: (tokenId: string) => Promise<string | undefined>;
  readonly onError: (error: unknown) => void;
}

interface Connection {
  readonly kubernetes: Kubernetes;
  readonly reflections: readonly Reflection<unknown>[];
}

/**
 * Opens a connection per kube, and watches pods, nodes and join requests there to wake the loops early.
 *
 * What the watches say is only ever a hint to look: every loop reads afresh, and its own next check finds what a watch
 * missed. A changed kubeconfig takes effect at the next start.
 */
export function createKubeRegistry(deps: KubeRegistryDeps): KubeRegistry {
  const connections = new Map<string, Promise<Connection>>();

  const open = async (kubeId: KubeId): Promise<Connection> => {
    const kubernetes = await deps.connect(kubeId);
    const managed = { labelSelector: `${LABELS.managedBy}=${MANAGED_BY}` };
    return {
      kubernetes,
      reflections: [
        kubernetes.reflect("Pod", managed, (event) =>
          wakeForPod(deps.waker, kubeId, event.object, event.type === "removed"),
        ),
        kubernetes.reflect("Node", {}, (event) => wakeForNode(deps.waker, kubeId, event.object.metadata.name)),
        kubernetes.reflect("CertificateSigningRequest", {}, (event) => {
          const token = /^system:bootstrap:([a-z0-9]{6})$/.exec(event.object.spec.username ?? "")?.[1];
          if (token === undefined || event.type === "removed") return;
          deps.machineOfToken(token).then((machineId) => {
            if (machineId !== undefined) deps.waker.wake("machines", machineId);
          }, deps.onError);
        }),
      ],
    };
  };

  return {
    get: async (kubeId) => {
      let connection = connections.get(kubeId);
      if (connection === undefined) {
        connection = open(kubeId);
        connections.set(kubeId, connection);
        connection.catch(() => connections.delete(kubeId));
      }
      return readOnly((await connection).kubernetes);
    },
    close: () => {
      for (const connection of connections.values()) {
        connection.then(({ kubernetes, reflections }) => {
          for (const reflection of reflections) reflection.stop();
          kubernetes.close();
        }, deps.onError);
      }
      connections.clear();
    },
  };
}

function wakeForPod(waker: Waker, kubeId: KubeId, pod: Pod, removed: boolean): void {
  const clusterId = pod.metadata.labels?.[LABELS.cluster];
  if (clusterId !== undefined && isId("cluster", clusterId)) waker.wake("clusters", clusterId);
  if (isGated(pod)) waker.wake("placement", kubeId);
  const machineId = removed ? machineOf(pod.spec.nodeName) : undefined;
  if (machineId !== undefined) waker.wake("machines", machineId); // Perhaps it is empty now.
}

function wakeForNode(waker: Waker, kubeId: KubeId, nodeName: string): void {
  const machineId = machineOf(nodeName);
  if (machineId !== undefined) waker.wake("machines", machineId);
  else waker.wake("placement", kubeId);
}

function machineOf(nodeName: string | undefined): string | undefined {
  const machineId = nodeName?.startsWith("mac-") ? `mac_${nodeName.slice(4)}` : "";
  return isId("machine", machineId) ? machineId : undefined;
}
