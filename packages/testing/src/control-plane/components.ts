/**
 * The flags of the four components: a kube as a provider would run it, with the limits raised that only slow tests down.
 *
 * What is deliberately as in production: Node and RBAC authorization with NodeRestriction, tokens of bootstrap, no
 * automatic approval of nodes' certificates (Berth's machines loop does that).
 */
import { join } from "node:path";
import type { Identities } from "./identities.ts";

export const COMPONENTS = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"] as const;
export type ComponentName = (typeof COMPONENTS)[number];

/** The loopback ports of a control plane. Kept in its data folder: kubeconfigs hold the API server's address. */
export interface Ports {
  readonly etcdClient: number;
  readonly etcdPeer: number;
  readonly apiServer: number;
  readonly controllerManager: number;
  readonly scheduler: number;
}

export interface ComponentSettings {
  readonly dataDir: string;
  readonly ports: Ports;
  readonly identities: Identities;
  readonly unsafeNoFsync: boolean;
  readonly nodeMonitorGracePeriodMs: number | undefined;
}

export function flagsOf(component: ComponentName, settings: ComponentSettings): string[] {
  const flags = FLAGS[component](settings);
  return Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
}

type Flags = Record<string, string | number | boolean>;

const FLAGS: Record<ComponentName, (settings: ComponentSettings) => Flags> = {
  etcd: ({ dataDir, ports, unsafeNoFsync }) => ({
    "data-dir": join(dataDir, "etcd"),
    "listen-client-url": `http://127.0.0.1:${ports.etcdClient}`,
    "listen-peer-url": `http://127.0.0.1:${ports.etcdPeer}`,
    "unsafe-no-fsync": unsafeNoFsync,
  }),

  "kube-apiserver": ({ dataDir, ports, identities: { file } }) => ({
    "etcd-servers": `http://127.0.0.1:${ports.etcdClient}`,
    "bind-address": "127.0.0.1",
    "advertise-address": "127.0.0.1",
    "secure-port": ports.apiServer,
    // Endpoints refuse loopback addresses: the reconciler of the `kubernetes` Service would log an error every 10 s.
    "endpoint-reconciler-type": "none",
    "cert-dir": join(dataDir, "run"),
    "tls-cert-file": file("apiserver.crt"),
    "tls-private-key-file": file("apiserver.key"),
    "client-ca-file": file("ca.crt"),
    "service-account-key-file": file("service-account.crt"),
    "service-account-signing-key-file": file("service-account.key"),
    "service-account-issuer": "https://kubernetes.default.svc",
    "service-cluster-ip-range": "10.96.0.0/16",
    "requestheader-client-ca-file": file("front-proxy-ca.crt"),
    "requestheader-allowed-names": "front-proxy-client",
    "requestheader-username-headers": "X-Remote-User",
    "requestheader-group-headers": "X-Remote-Group",
    "requestheader-extra-headers-prefix": "X-Remote-Extra-",
    "proxy-client-cert-file": file("front-proxy-client.crt"),
    "proxy-client-key-file": file("front-proxy-client.key"),
    "authorization-mode": "Node,RBAC",
    "enable-admission-plugins": "NodeRestriction",
    "enable-bootstrap-token-auth": true,
    // As every provider has it: what refuses privileged pods is Pod Security, by namespace.
    "allow-privileged": true,
    "max-requests-inflight": 800,
    "max-mutating-requests-inflight": 400,
  }),

  "kube-controller-manager": ({ dataDir, ports, identities: { file, kubeconfigFile }, nodeMonitorGracePeriodMs }) => ({
    kubeconfig: kubeconfigFile("kube-controller-manager"),
    "authentication-kubeconfig": kubeconfigFile("kube-controller-manager"),
    "authorization-kubeconfig": kubeconfigFile("kube-controller-manager"),
    "bind-address": "127.0.0.1",
    "secure-port": ports.controllerManager,
    "tls-cert-file": file("apiserver.crt"),
    "tls-private-key-file": file("apiserver.key"),
    "cert-dir": join(dataDir, "run"),
    "leader-elect": false,
    "use-service-account-credentials": true,
    "service-account-private-key-file": file("service-account.key"),
    "root-ca-file": file("ca.crt"),
    "cluster-signing-cert-file": file("ca.crt"),
    "cluster-signing-key-file": file("ca.key"),
    controllers: "*,bootstrapsigner,tokencleaner",
    "kube-api-qps": 400,
    "kube-api-burst": 800,
    "concurrent-statefulset-syncs": 10,
    // The default is a folder of the system that it would make.
    "flex-volume-plugin-dir": join(dataDir, "run", "flex-volume"),
    ...(nodeMonitorGracePeriodMs !== undefined && {
      "node-monitor-grace-period": `${nodeMonitorGracePeriodMs}ms`,
      "node-monitor-period": "1s",
    }),
  }),

  "kube-scheduler": ({ dataDir, ports, identities: { file, kubeconfigFile } }) => ({
    kubeconfig: kubeconfigFile("kube-scheduler"),
    "authentication-kubeconfig": kubeconfigFile("kube-scheduler"),
    "authorization-kubeconfig": kubeconfigFile("kube-scheduler"),
    "bind-address": "127.0.0.1",
    "secure-port": ports.scheduler,
    "tls-cert-file": file("apiserver.crt"),
    "tls-private-key-file": file("apiserver.key"),
    "cert-dir": join(dataDir, "run"),
    "leader-elect": false,
    "kube-api-qps": 400,
    "kube-api-burst": 800,
  }),
};
