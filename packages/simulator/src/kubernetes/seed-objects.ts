import type { Cluster } from "./cluster.ts";
import type { KubeObject } from "./objects.ts";
import { SYSTEM } from "./registry.ts";
import { CONFIG_MAPS, NAMESPACES, SERVICE_ACCOUNTS, STORAGE_CLASSES } from "./resources.ts";

/** What every cluster has from the start. */
export function prepareCluster(cluster: Cluster): void {
  const { registry } = cluster;
  for (const name of ["default", "kube-system", "kube-public", "kube-node-lease"]) {
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name }, spec: {}, status: {} };
    registry.create(NAMESPACES, namespace, SYSTEM);
  }
  const classes = cluster.options.storageClasses ?? [
    {
      name: "gp3",
      reclaimPolicy: "Delete",
      volumeBindingMode: "WaitForFirstConsumer",
      allowVolumeExpansion: true,
    } as const,
  ];
  for (const [index, { name, ...facts }] of classes.entries()) {
    const annotations = index === 0 ? { "storageclass.kubernetes.io/is-default-class": "true" } : {};
    registry.create(
      STORAGE_CLASSES,
      {
        apiVersion: "storage.k8s.io/v1",
        kind: "StorageClass",
        metadata: { name, annotations },
        provisioner: "ebs.csi.aws.com",
        parameters: { type: "gp3" },
        volumeBindingMode: "WaitForFirstConsumer",
        allowVolumeExpansion: true,
        ...facts,
      },
      SYSTEM,
    );
  }
}

/** What every namespace gets: a service account, and the cluster's CA. */
export function fillNamespace(cluster: Cluster, namespace: string, caPem: string): void {
  const { registry, store } = cluster;
  const account: KubeObject = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace } };
  if (store.get(SERVICE_ACCOUNTS, namespace, "default") === undefined)
    registry.create(SERVICE_ACCOUNTS, account, SYSTEM);
  const map = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "kube-root-ca.crt", namespace },
    data: { "ca.crt": caPem },
  };
  if (store.get(CONFIG_MAPS, namespace, "kube-root-ca.crt") === undefined) registry.create(CONFIG_MAPS, map, SYSTEM);
}
