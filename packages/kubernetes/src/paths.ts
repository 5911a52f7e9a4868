import { KUBERNETES_KINDS, type KubernetesKind, type ObjectKey, PortError } from "@berth/ports";

/** Path of a kind's collection: in one namespace, or of the whole cluster when none is given. */
export function collectionPath(kind: KubernetesKind, namespace?: string): string {
  const { apiVersion, plural, namespaced } = KUBERNETES_KINDS[kind];
  const group = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const scope = namespaced && namespace !== undefined ? `/namespaces/${segment(namespace)}` : "";
  return `${group}${scope}/${plural}`;
}

/** Path of one object. A namespaced kind without a namespace is a bug of the caller, and never reaches the server. */
export function objectPath(kind: KubernetesKind, key: ObjectKey): string {
  if (KUBERNETES_KINDS[kind].namespaced && !key.namespace) throw new TypeError(`${kind} ${key.name} needs a namespace`);
  if (key.name === "") throw new TypeError(`${kind}: an empty name would address the whole collection`);
  return `${collectionPath(kind, key.namespace)}/${segment(key.name)}`;
}

/** The kind of an object that Berth is about to write. Refuses kinds and versions that are not in the port's table. */
export function kindOfObject(object: { readonly apiVersion: string; readonly kind: string }): KubernetesKind {
  const kind = object.kind as KubernetesKind;
  if (!Object.hasOwn(KUBERNETES_KINDS, kind) || KUBERNETES_KINDS[kind].apiVersion !== object.apiVersion) {
    throw new PortError("invalid", `${object.apiVersion} ${object.kind} is not among the kinds that Berth touches`);
  }
  return kind;
}

/** One part of a path. Dots alone would lead upwards, to another object than the one named. */
function segment(text: string): string {
  if (text === "." || text === "..") throw new TypeError(`${text} is no name`);
  return encodeURIComponent(text);
}
