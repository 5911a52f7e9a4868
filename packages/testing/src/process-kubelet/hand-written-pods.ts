import { stringify } from "yaml";

/**
 * Three Elasticsearch pods written by hand, so that the process kubelet is held to what pods say and not to what our own
 * builders make of them: non-root under the `restricted` profile, configuration filled in by an init container, TLS on
 * both layers, a file realm, seed hosts from a ConfigMap, data on claims.
 */
export interface HandWrittenCluster {
  readonly namespace: string;
  readonly version: string;
  readonly tls: { readonly caCertPem: string; readonly certPem: string; readonly keyPem: string };
  /** User `tester`, allowed everything. */
  readonly passwordHash: string;
}

export const NAMES = ["es-0", "es-1", "es-2"] as const;

const HOME = "/usr/share/elasticsearch";

const CONFIG = {
  "cluster.name": "by-hand",
  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: the engine fills them in.
  "node.name": "${POD_NAME}",
  "network.host": "${POD_IP}",
  "node.attr.zone": "${NODE_NAME}",
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: the engine fills them in.
  "cluster.initial_master_nodes": NAMES,
  "discovery.seed_providers": "file",
  "discovery.seed_hosts": [],
  "path.data": `${HOME}/data`,
  "path.logs": `${HOME}/logs`,
  "readiness.port": 8080,
  "xpack.security.enabled": true,
  "xpack.security.authc.reserved_realm.enabled": false,
  ...Object.fromEntries(
    ["transport", "http"].flatMap((layer) => [
      [`xpack.security.${layer}.ssl.enabled`, true],
      [`xpack.security.${layer}.ssl.key`, "certs/tls.key"],
      [`xpack.security.${layer}.ssl.certificate`, "certs/tls.crt"],
      [`xpack.security.${layer}.ssl.certificate_authorities`, ["certs/ca.crt"]],
    ]),
  ),
  "xpack.security.transport.ssl.verification_mode": "certificate",
};

const PREPARE = `set -eu
cp -RL ${HOME}/config/. /target/
cp /mounted/config/elasticsearch.yml /target/elasticsearch.yml
ln -s /mounted/tls /target/certs
ln -s /mounted/seed-hosts/unicast_hosts.txt /target/unicast_hosts.txt
for file in users users_roles roles.yml; do ln -sf /mounted/users/$file /target/$file; done`;

/** All but the pods: path of the collection and the object. */
export function surroundings(cluster: HandWrittenCluster): (readonly [path: string, object: object])[] {
  const { namespace, tls, passwordHash } = cluster;
  const inside = `/api/v1/namespaces/${namespace}`;
  const roles = { tester: { cluster: ["all"], indices: [{ names: ["*"], privileges: ["all"] }] } };
  return [
    ["/api/v1/namespaces", { metadata: { name: namespace, labels: restricted() } }],
    [`${inside}/configmaps`, { metadata: { name: "config" }, data: { "elasticsearch.yml": stringify(CONFIG) } }],
    [`${inside}/configmaps`, { metadata: { name: "seed-hosts" }, data: { "unicast_hosts.txt": "" } }],
    [
      `${inside}/secrets`,
      {
        metadata: { name: "tls" },
        stringData: { "ca.crt": tls.caCertPem, "tls.crt": tls.certPem, "tls.key": tls.keyPem },
      },
    ],
    [
      `${inside}/secrets`,
      {
        metadata: { name: "users" },
        stringData: {
          users: `tester:${passwordHash}\n`,
          users_roles: "tester:tester\n",
          "roles.yml": stringify(roles),
        },
      },
    ],
    ...NAMES.map(
      (name) =>
        [
          `${inside}/persistentvolumeclaims`,
          {
            metadata: { name: `data-${name}` },
            spec: {
              accessModes: ["ReadWriteOnce"],
              storageClassName: "gp3",
              resources: { requests: { storage: "10Gi" } },
            },
          },
        ] as const,
    ),
  ];
}

const restricted = (): Record<string, string> => ({ "pod-security.kubernetes.io/enforce": "restricted" });

export function handWrittenPod(cluster: HandWrittenCluster, name: string): object {
  const image = `docker.elastic.co/elasticsearch/elasticsearch:${cluster.version}`;
  const securityContext = {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
    readOnlyRootFilesystem: true,
    runAsNonRoot: true,
  };
  const field = (variable: string, fieldPath: string) => ({ name: variable, valueFrom: { fieldRef: { fieldPath } } });
  const mount = (volume: string, mountPath: string) => ({ name: volume, mountPath });
  const mounted = ["config", "tls", "users", "seed-hosts"].map((volume) => ({
    ...mount(volume === "config" ? "yml" : volume, `/mounted/${volume}`),
    readOnly: true,
  }));
  return {
    metadata: { name, labels: { app: "by-hand" } },
    spec: {
      terminationGracePeriodSeconds: 30,
      automountServiceAccountToken: false,
      securityContext: {
        runAsUser: 1000,
        runAsGroup: 1000,
        fsGroup: 1000,
        runAsNonRoot: true,
        seccompProfile: { type: "RuntimeDefault" },
      },
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { labelSelector: { matchLabels: { app: "by-hand" } }, topologyKey: "kubernetes.io/hostname" },
          ],
        },
      },
      initContainers: [
        {
          name: "prepare",
          image,
          command: ["/bin/bash", "-c", PREPARE],
          securityContext,
          volumeMounts: [...mounted, mount("engine-config", "/target")],
        },
      ],
      containers: [
        {
          name: "engine",
          image,
          env: [
            field("POD_NAME", "metadata.name"),
            field("POD_IP", "status.podIP"),
            field("NODE_NAME", "spec.nodeName"),
          ],
          ports: [{ name: "https", containerPort: 9200 }],
          resources: { requests: { cpu: "500m", memory: "1Gi" }, limits: { cpu: "2", memory: "1Gi" } },
          securityContext,
          startupProbe: { tcpSocket: { port: 9300 }, periodSeconds: 1, failureThreshold: 120 },
          readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
          volumeMounts: [
            ...mounted,
            mount("engine-config", `${HOME}/config`),
            mount("data", `${HOME}/data`),
            mount("logs", `${HOME}/logs`),
            mount("tmp", "/tmp"),
          ],
        },
      ],
      volumes: [
        { name: "yml", configMap: { name: "config" } },
        { name: "seed-hosts", configMap: { name: "seed-hosts" } },
        { name: "tls", secret: { secretName: "tls", defaultMode: 0o440 } },
        { name: "users", secret: { secretName: "users", defaultMode: 0o440 } },
        { name: "engine-config", emptyDir: {} },
        { name: "logs", emptyDir: {} },
        { name: "tmp", emptyDir: {} },
        { name: "data", persistentVolumeClaim: { claimName: `data-${name}` } },
      ],
    },
  };
}
