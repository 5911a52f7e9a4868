import type { PodToRun } from "../pod-runtime.ts";
import type { Cluster } from "./cluster.ts";
import type { ConfigMap, Container, DownwardItem, EnvSource, KeyToPath, Node, Pod, Secret, Volume } from "./objects.ts";
import { podLimits, podRequests } from "./pod-resources.ts";
import { amountOf } from "./quantities.ts";
import { CONFIG_MAPS, NODES, SECRETS } from "./resources.ts";

type Files = Record<string, Uint8Array>;

/** A reference of a pod that cannot be resolved yet: the kubelet says so in an event and tries again. */
export class UnresolvedReference extends Error {
  override readonly name = "UnresolvedReference";
  /** `FailedMount`, or `CreateContainerConfigError` for environment variables. */
  readonly reason: "FailedMount" | "CreateContainerConfigError";

  constructor(reason: UnresolvedReference["reason"], message: string) {
    super(message);
    this.reason = reason;
  }
}

/** All files that volumes put into a pod, by mount path. Throws UnresolvedReference. */
export function filesOf(cluster: Cluster, pod: Pod): PodToRun["files"] {
  const contents = new Map<string, Files>();
  for (const volume of pod.spec.volumes ?? []) {
    const files = volumeFiles(cluster, pod, volume);
    if (files !== undefined) contents.set(volume.name, files);
  }
  const mounted: Record<string, Files> = {};
  for (const container of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
    for (const mount of container.volumeMounts ?? []) {
      const files = contents.get(mount.name);
      if (files === undefined) continue;
      if ((mount.subPath ?? "") === "") mounted[mount.mountPath] = files;
      else mountPart(mounted, mount.mountPath, mount.subPath ?? "", files);
    }
  }
  return mounted;
}

/** A subPath mounts one file under its own name, or a folder of the volume. */
function mountPart(mounted: Record<string, Files>, mountPath: string, subPath: string, files: Files): void {
  const single = files[subPath];
  if (single !== undefined) {
    const slash = mountPath.lastIndexOf("/");
    const folder = mountPath.slice(0, slash) || "/";
    mounted[folder] = { ...mounted[folder], [mountPath.slice(slash + 1)]: single };
    return;
  }
  const inside = Object.entries(files).filter(([path]) => path.startsWith(`${subPath}/`));
  mounted[mountPath] = Object.fromEntries(inside.map(([path, content]) => [path.slice(subPath.length + 1), content]));
}

function volumeFiles(cluster: Cluster, pod: Pod, volume: Volume): Files | undefined {
  const { namespace } = pod.metadata;
  if (volume.configMap !== undefined)
    return pick(
      configMapFiles(cluster, namespace, volume.configMap.name, volume.configMap.optional),
      volume.configMap.items,
    );
  if (volume.secret !== undefined)
    return pick(secretFiles(cluster, namespace, volume.secret.secretName, volume.secret.optional), volume.secret.items);
  if (volume.downwardAPI !== undefined) return downwardFiles(cluster, pod, volume.downwardAPI.items ?? []);
  if (volume.projected === undefined) return undefined;
  const files: Files = {};
  for (const source of volume.projected.sources ?? []) {
    if (source.configMap !== undefined) {
      const { name, optional, items } = source.configMap;
      Object.assign(files, pick(configMapFiles(cluster, namespace, name, optional), items));
    }
    if (source.secret !== undefined) {
      const { name, optional, items } = source.secret;
      Object.assign(files, pick(secretFiles(cluster, namespace, name, optional), items));
    }
    if (source.downwardAPI !== undefined)
      Object.assign(files, downwardFiles(cluster, pod, source.downwardAPI.items ?? []));
    if (source.serviceAccountToken !== undefined) files[source.serviceAccountToken.path] = Buffer.from("simulated");
  }
  return files;
}

function pick(files: Files, items: readonly KeyToPath[] | undefined): Files {
  if (items === undefined || items.length === 0) return files;
  const picked: Files = {};
  for (const { key, path } of items) {
    const content = files[key];
    if (content === undefined)
      throw new UnresolvedReference("FailedMount", `references non-existent config key: ${key}`);
    picked[path] = content;
  }
  return picked;
}

function configMapFiles(cluster: Cluster, namespace: string | undefined, name = "", optional = false): Files {
  const found = cluster.store.get(CONFIG_MAPS, namespace, name);
  if (found === undefined && !optional)
    throw new UnresolvedReference("FailedMount", `MountVolume.SetUp failed: configmap "${name}" not found`);
  return found === undefined ? {} : decodeMap(found);
}

function secretFiles(cluster: Cluster, namespace: string | undefined, name = "", optional = false): Files {
  const found = cluster.store.get(SECRETS, namespace, name);
  if (found === undefined && !optional)
    throw new UnresolvedReference("FailedMount", `MountVolume.SetUp failed: secret "${name}" not found`);
  return found === undefined ? {} : decodeSecret(found);
}

const decodeMap = (map: ConfigMap): Files => ({
  ...mapValues(map.data ?? {}, (text) => Buffer.from(text)),
  ...mapValues(map.binaryData ?? {}, (text) => Buffer.from(text, "base64")),
});
const decodeSecret = (secret: Secret): Files => mapValues(secret.data ?? {}, (text) => Buffer.from(text, "base64"));

function mapValues(map: Record<string, string>, change: (text: string) => Uint8Array): Files {
  return Object.fromEntries(Object.entries(map).map(([key, text]) => [key, change(text)]));
}

function downwardFiles(cluster: Cluster, pod: Pod, items: readonly DownwardItem[]): Files {
  return Object.fromEntries(items.map((item) => [item.path, Buffer.from(downwardText(cluster, pod, item, undefined))]));
}

function downwardText(
  cluster: Cluster,
  pod: Pod,
  source: Pick<EnvSource, "fieldRef" | "resourceFieldRef">,
  container: Container | undefined,
): string {
  if (source.fieldRef !== undefined) return fieldText(pod, source.fieldRef.fieldPath);
  if (source.resourceFieldRef === undefined) return "";
  const { containerName, resource, divisor } = source.resourceFieldRef;
  const target = pod.spec.containers.find((each) => each.name === containerName) ?? container;
  return resourceText(cluster, pod, target, resource, divisor);
}

/** `metadata.labels['x']`, `metadata.name`, `status.podIP` and the like; maps as `key="value"` lines. */
function fieldText(pod: Pod, path: string): string {
  const subscript = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(path);
  if (subscript !== null) {
    const map = subscript[1] === "labels" ? pod.metadata.labels : pod.metadata.annotations;
    return map?.[subscript[2] ?? ""] ?? "";
  }
  switch (path) {
    case "metadata.name":
      return pod.metadata.name;
    case "metadata.namespace":
      return pod.metadata.namespace ?? "";
    case "metadata.uid":
      return pod.metadata.uid ?? "";
    case "metadata.labels":
      return mapText(pod.metadata.labels);
    case "metadata.annotations":
      return mapText(pod.metadata.annotations);
    case "spec.nodeName":
      return pod.spec.nodeName ?? "";
    case "spec.serviceAccountName":
      return pod.spec.serviceAccountName ?? "";
    case "status.hostIP":
      return pod.status.hostIP ?? "";
    case "status.podIP":
    case "status.podIPs":
      return pod.status.podIP ?? "";
    default:
      return "";
  }
}

function mapText(map: Record<string, string> | undefined): string {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join("\n");
}

/** A limit falls back to what the node offers; cpu is rounded up to the divisor. */
function resourceText(
  cluster: Cluster,
  pod: Pod,
  container: Container | undefined,
  resource: string,
  divisor: string | number | undefined,
): string {
  const [list = "limits", name = "cpu"] = resource.split(".");
  const node: Node | undefined = cluster.store.get(NODES, undefined, pod.spec.nodeName ?? "");
  const own = list === "requests" ? container?.resources?.requests?.[name] : container?.resources?.limits?.[name];
  const amount = amountOf(name, own ?? (list === "limits" ? node?.status.allocatable?.[name] : undefined));
  const unit = divisor === undefined || String(divisor) === "0" ? (name === "cpu" ? 1000 : 1) : amountOf(name, divisor);
  return String(Math.ceil(amount / Math.max(1, unit)));
}

/** The environment of a container, `$(NAME)` references expanded. Throws UnresolvedReference. */
export function environmentOf(cluster: Cluster, pod: Pod, container: Container): Record<string, string> {
  const env: Record<string, string> = {};
  const { namespace } = pod.metadata;
  for (const source of container.envFrom ?? []) {
    const texts =
      source.configMapRef === undefined
        ? mapTexts(secretFiles(cluster, namespace, source.secretRef?.name, source.secretRef?.optional))
        : mapTexts(configMapFiles(cluster, namespace, source.configMapRef.name, source.configMapRef.optional));
    for (const [key, text] of Object.entries(texts)) env[`${source.prefix ?? ""}${key}`] = text;
  }
  for (const { name, value, valueFrom } of container.env ?? []) {
    const text = valueFrom === undefined ? expand(value ?? "", env) : sourceText(cluster, pod, container, valueFrom);
    if (text !== undefined) env[name] = text;
  }
  return env;
}

const mapTexts = (files: Files): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([key, content]) => [key, Buffer.from(content).toString()]));

const expand = (text: string, env: Record<string, string>): string =>
  text.replace(/\$\$|\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)/g, (whole, name: string | undefined) =>
    name === undefined ? "$" : (env[name] ?? whole),
  );

function sourceText(cluster: Cluster, pod: Pod, container: Container, source: EnvSource): string | undefined {
  const reference = source.configMapKeyRef ?? source.secretKeyRef;
  if (reference === undefined) return downwardText(cluster, pod, source, container);
  const isSecret = source.secretKeyRef !== undefined;
  const { namespace } = pod.metadata;
  const object = isSecret
    ? cluster.store.get(SECRETS, namespace, reference.name ?? "")
    : cluster.store.get(CONFIG_MAPS, namespace, reference.name ?? "");
  const texts =
    object === undefined ? {} : mapTexts(isSecret ? decodeSecret(object as Secret) : decodeMap(object as ConfigMap));
  const text = texts[reference.key];
  if (text !== undefined || reference.optional === true) return text;
  const kind = isSecret ? "secret" : "configmap";
  const message =
    object === undefined
      ? `${kind} "${reference.name}" not found`
      : `couldn't find key ${reference.key} in ${kind} ${namespace}/${reference.name}`;
  throw new UnresolvedReference("CreateContainerConfigError", message);
}

/** Names of the ConfigMaps and Secrets that a pod reads, to know whose change concerns it. */
export function readsObject(pod: Pod, kind: "ConfigMap" | "Secret", name: string): boolean {
  return (pod.spec.volumes ?? []).some((volume) => {
    const own = kind === "ConfigMap" ? volume.configMap?.name : volume.secret?.secretName;
    if (own === name) return true;
    return (volume.projected?.sources ?? []).some(
      (source) => (kind === "ConfigMap" ? source.configMap?.name : source.secret?.name) === name,
    );
  });
}

/** The memory that the pod's processes may take, in MiB. */
export function memoryMibOf(pod: Pod): number {
  const bytes = podLimits(pod.spec).memory ?? podRequests(pod.spec).memory ?? 0;
  return Math.floor(bytes / 1_048_576);
}
