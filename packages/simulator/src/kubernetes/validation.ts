import type { FieldFault } from "./api-error.ts";
import { equal } from "./json.ts";
import type {
  Claim,
  ClaimTemplate,
  ConfigMap,
  Container,
  KubeObject,
  Pod,
  PodSpec,
  Secret,
  StatefulSet,
} from "./objects.ts";
import { nanoOf } from "./quantities.ts";
import type { Resource } from "./resources.ts";
import { matchesSelector } from "./selectors.ts";

/** What the API server would refuse about one object by itself (pkg/apis/core/validation, 1.37; the common part). */
export function validate(resource: Resource, object: KubeObject): FieldFault[] {
  return [...validateMeta(resource, object), ...validateKind(resource, object)];
}

/** What is refused of a new object only. */
export function validateNew(resource: Resource, object: KubeObject): FieldFault[] {
  if (resource.kind === "CertificateSigningRequest") {
    const { request = "" } = object.spec as { request?: string };
    if (Buffer.from(request, "base64").includes("-----BEGIN CERTIFICATE REQUEST-----")) return [];
    const detail = "PEM block type must be CERTIFICATE REQUEST";
    return [{ kind: "Invalid", field: "spec.request", detail, value: request }];
  }
  const { spec } = object as Pod;
  if (resource.kind !== "Pod" || (spec.schedulingGates ?? []).length === 0 || (spec.nodeName ?? "") === "") return [];
  const detail = "cannot be set until all schedulingGates have been cleared";
  return [{ kind: "Forbidden", field: "spec.nodeName", detail }];
}

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const QUALIFIED = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_RULE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LABEL_VALUE_RULE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const LABEL_KEY_RULE =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

/** Kinds whose names are DNS labels, not subdomains. */
const LABEL_NAMES = new Set(["Namespace", "Service", "StatefulSet"]);
/** Kinds whose names are path segments: colons and upper case are fine. */
const PATH_NAMES = new Set(["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"]);

const ANNOTATIONS_LIMIT = 256 * 1024;

function validateMeta(resource: Resource, object: KubeObject): FieldFault[] {
  const faults: FieldFault[] = [];
  const { name, labels, annotations } = object.metadata;
  if (name === undefined || name === "") {
    faults.push({ kind: "Required", field: "metadata.name", detail: "name or generateName is required" });
  } else faults.push(...validateName(resource.kind, name, "metadata.name"));
  faults.push(...validateLabels(labels, "metadata.labels"));
  let size = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    size += key.length + value.length;
    if (!isQualifiedName(key))
      faults.push({ kind: "Invalid", field: "metadata.annotations", detail: LABEL_KEY_RULE, value: key });
  }
  if (size > ANNOTATIONS_LIMIT) {
    faults.push({
      kind: "TooLong",
      field: "metadata.annotations",
      detail: `may not be more than ${ANNOTATIONS_LIMIT} bytes`,
    });
  }
  for (const [index, owner] of (object.metadata.ownerReferences ?? []).entries()) {
    for (const field of ["apiVersion", "kind", "name", "uid"] as const) {
      if (owner[field] === undefined || owner[field] === "") {
        faults.push({
          kind: "Invalid",
          field: `metadata.ownerReferences[${index}].${field}`,
          detail: "must not be empty",
          value: "",
        });
      }
    }
  }
  if ((object.metadata.ownerReferences ?? []).filter((owner) => owner.controller === true).length > 1) {
    faults.push({
      kind: "Invalid",
      field: "metadata.ownerReferences",
      detail: "Only one reference can have Controller set to true",
    });
  }
  return faults;
}

function validateName(kind: string, name: string, field: string): FieldFault[] {
  if (PATH_NAMES.has(kind)) {
    return /^[^/%]+$/.test(name) && name !== "." && name !== ".."
      ? []
      : [{ kind: "Invalid", field, detail: "may not contain '/' or '%'", value: name }];
  }
  const isLabel = LABEL_NAMES.has(kind);
  const limit = isLabel ? 63 : 253;
  if (name.length > limit)
    return [{ kind: "Invalid", field, detail: `must be no more than ${limit} bytes`, value: name }];
  if ((isLabel ? LABEL : SUBDOMAIN).test(name)) return [];
  return [{ kind: "Invalid", field, detail: isLabel ? LABEL_RULE : SUBDOMAIN_RULE, value: name }];
}

function isQualifiedName(key: string): boolean {
  const [name = "", prefix, ...more] = key.split("/").reverse();
  if (more.length > 0 || name.length > 63 || !QUALIFIED.test(name)) return false;
  return prefix === undefined || (prefix.length <= 253 && SUBDOMAIN.test(prefix));
}

function validateLabels(labels: Record<string, string> | undefined, field: string): FieldFault[] {
  const faults: FieldFault[] = [];
  for (const [key, value] of Object.entries(labels ?? {})) {
    if (!isQualifiedName(key)) faults.push({ kind: "Invalid", field, detail: LABEL_KEY_RULE, value: key });
    if (value.length > 63) faults.push({ kind: "Invalid", field, detail: "must be no more than 63 bytes", value });
    else if (value !== "" && !QUALIFIED.test(value))
      faults.push({ kind: "Invalid", field, detail: LABEL_VALUE_RULE, value });
  }
  return faults;
}

function validateKind(resource: Resource, object: KubeObject): FieldFault[] {
  switch (resource.kind) {
    case "Pod":
      return validatePodSpec((object as Pod).spec, "spec");
    case "StatefulSet":
      return validateStatefulSet(object as StatefulSet);
    case "PersistentVolumeClaim":
      return validateClaimSpec((object as Claim).spec, "spec");
    case "ConfigMap":
    case "Secret":
      return validateData(resource.kind, object as ConfigMap & Secret);
    case "PodDisruptionBudget": {
      const spec = (object.spec ?? {}) as { minAvailable?: unknown; maxUnavailable?: unknown };
      if (spec.minAvailable === undefined || spec.maxUnavailable === undefined) return [];
      return [{ kind: "Invalid", field: "spec", detail: "minAvailable and maxUnavailable cannot be both set" }];
    }
    default:
      return [];
  }
}

const DATA_LIMIT = 1024 * 1024;
const DATA_KEY = /^[-._a-zA-Z0-9]+$/;

function validateData(kind: string, object: ConfigMap & Secret): FieldFault[] {
  const faults: FieldFault[] = [];
  let size = 0;
  for (const [key, value] of Object.entries(object.data ?? {})) {
    size += value.length;
    if (!DATA_KEY.test(key) || key.length > 253 || key === "." || key === "..") {
      const rule =
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
      faults.push({ kind: "Invalid", field: `data[${key}]`, detail: rule, value: key });
    }
  }
  if (size > DATA_LIMIT * (kind === "Secret" ? 4 / 3 : 1)) {
    faults.push({ kind: "TooLong", field: "data", detail: `may not be more than ${DATA_LIMIT} bytes` });
  }
  return faults;
}

function validatePodSpec(spec: PodSpec, path: string): FieldFault[] {
  const faults: FieldFault[] = [];
  const volumes = new Set<string>();
  for (const [index, volume] of (spec.volumes ?? []).entries()) {
    const at = `${path}.volumes[${index}].name`;
    if (!LABEL.test(volume.name ?? ""))
      faults.push({ kind: "Invalid", field: at, detail: LABEL_RULE, value: volume.name });
    if (volumes.has(volume.name)) faults.push({ kind: "Duplicate", field: at, detail: "", value: volume.name });
    volumes.add(volume.name);
  }
  if ((spec.containers ?? []).length === 0) faults.push({ kind: "Required", field: `${path}.containers`, detail: "" });
  const names = new Set<string>();
  for (const list of ["containers", "initContainers"] as const) {
    for (const [index, container] of (spec[list] ?? []).entries()) {
      faults.push(...validateContainer(container, `${path}.${list}[${index}]`, volumes));
      if (names.has(container.name)) {
        faults.push({ kind: "Duplicate", field: `${path}.${list}[${index}].name`, detail: "", value: container.name });
      }
      names.add(container.name);
    }
  }
  for (const [index, gate] of (spec.schedulingGates ?? []).entries()) {
    if (!isQualifiedName(gate.name ?? "")) {
      faults.push({
        kind: "Invalid",
        field: `${path}.schedulingGates[${index}]`,
        detail: LABEL_KEY_RULE,
        value: gate.name,
      });
    }
  }
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (terms !== undefined && (terms.nodeSelectorTerms ?? []).length === 0) {
    const field = `${path}.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`;
    faults.push({ kind: "Required", field, detail: "must have at least one node selector term" });
  }
  return faults;
}

function validateContainer(container: Container, path: string, volumes: ReadonlySet<string>): FieldFault[] {
  const faults: FieldFault[] = [];
  if (container.name === undefined) faults.push({ kind: "Required", field: `${path}.name`, detail: "" });
  else if (!LABEL.test(container.name) || container.name.length > 63) {
    faults.push({ kind: "Invalid", field: `${path}.name`, detail: LABEL_RULE, value: container.name });
  }
  if (container.image === undefined) faults.push({ kind: "Required", field: `${path}.image`, detail: "" });
  const mounts = new Set<string>();
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    if (!volumes.has(mount.name)) {
      faults.push({ kind: "NotFound", field: `${path}.volumeMounts[${index}].name`, detail: "", value: mount.name });
    }
    if (mounts.has(mount.mountPath)) {
      const field = `${path}.volumeMounts[${index}].mountPath`;
      faults.push({ kind: "Invalid", field, detail: "must be unique", value: mount.mountPath });
    }
    mounts.add(mount.mountPath);
  }
  for (const [index, variable] of (container.env ?? []).entries()) {
    if ((variable.name ?? "") === "")
      faults.push({ kind: "Required", field: `${path}.env[${index}].name`, detail: "" });
    if ((variable.value ?? "") !== "" && variable.valueFrom !== undefined) {
      const field = `${path}.env[${index}].valueFrom`;
      faults.push({ kind: "Invalid", field, detail: "may not be specified when `value` is not empty", value: "" });
    }
  }
  const { requests = {}, limits = {} } = container.resources ?? {};
  for (const [resource, request] of Object.entries(requests)) {
    const limit = limits[resource];
    if (limit !== undefined && nanoOf(request) > nanoOf(limit)) {
      const detail = `must be less than or equal to ${resource} limit of ${limit}`;
      faults.push({ kind: "Invalid", field: `${path}.resources.requests`, detail, value: request });
    }
  }
  return faults;
}

function validateClaimSpec(spec: Claim["spec"], path: string): FieldFault[] {
  const faults: FieldFault[] = [];
  if ((spec.accessModes ?? []).length === 0) {
    faults.push({ kind: "Required", field: `${path}.accessModes`, detail: "at least 1 access mode is required" });
  }
  if (nanoOf(spec.resources?.requests?.storage) <= 0n) {
    faults.push({ kind: "Required", field: `${path}.resources[storage]`, detail: "" });
  }
  return faults;
}

function validateStatefulSet(set: StatefulSet): FieldFault[] {
  const { spec } = set;
  const faults: FieldFault[] = [];
  if ((spec.replicas ?? 0) < 0) {
    faults.push({
      kind: "Invalid",
      field: "spec.replicas",
      detail: "must be greater than or equal to 0",
      value: spec.replicas,
    });
  }
  const labels = spec.template?.metadata?.labels;
  if (spec.selector === undefined) faults.push({ kind: "Required", field: "spec.selector", detail: "" });
  if (!matchesSelector(spec.selector, labels)) {
    const detail = "`selector` does not match template `labels`";
    faults.push({ kind: "Invalid", field: "spec.template.metadata.labels", detail, value: labels ?? null });
  }
  faults.push(...validateLabels(labels, "spec.template.metadata.labels"));
  if (spec.template.spec.restartPolicy !== "Always") {
    const field = "spec.template.spec.restartPolicy";
    faults.push({
      kind: "NotSupported",
      field,
      detail: 'supported values: "Always"',
      value: spec.template.spec.restartPolicy,
    });
  }
  // Mounts of claim templates name volumes that only the pods will have.
  const claims = (spec.volumeClaimTemplates ?? []).map((template: ClaimTemplate) => ({ name: template.metadata.name }));
  const volumes = [
    ...(spec.template.spec.volumes ?? []).filter((own) => !claims.some((claim) => claim.name === own.name)),
    ...claims,
  ];
  faults.push(...validatePodSpec({ ...spec.template.spec, volumes }, "spec.template.spec"));
  for (const [index, template] of (spec.volumeClaimTemplates ?? []).entries()) {
    faults.push(...validateClaimSpec(template.spec, `spec.volumeClaimTemplates[${index}].spec`));
  }
  return faults;
}

/** What may not change between two versions of one object. */
export function validateUpdate(resource: Resource, after: KubeObject, before: KubeObject): FieldFault[] {
  switch (resource.kind) {
    case "Pod":
      return validatePodUpdate((after as Pod).spec, (before as Pod).spec);
    case "StatefulSet":
      return validateStatefulSetUpdate(after as StatefulSet, before as StatefulSet);
    case "PersistentVolumeClaim":
      return validateClaimUpdate(after as Claim, before as Claim);
    case "Node": {
      const providerOf = (object: KubeObject): unknown => (object.spec as { providerID?: string }).providerID;
      if (providerOf(before) === undefined || providerOf(after) === providerOf(before)) return [];
      return [{ kind: "Invalid", field: "spec.providerID", detail: "field cannot be modified once set", value: null }];
    }
    case "PersistentVolume": {
      const source = (object: KubeObject): unknown => (object.spec as { csi?: unknown }).csi;
      if (equal(source(after), source(before))) return [];
      const detail = "spec.persistentvolumesource is immutable after creation";
      return [{ kind: "Forbidden", field: "spec.persistentvolumesource", detail }];
    }
    case "ConfigMap":
    case "Secret":
      return validateDataUpdate(after as ConfigMap & Secret, before as ConfigMap & Secret);
    case "Service":
      return immutable(after, before, ["spec.clusterIP"]);
    case "StorageClass": {
      const fields = ["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"];
      return fields.flatMap((field) =>
        equal(valueAt(after, field), valueAt(before, field))
          ? []
          : [{ kind: "Forbidden" as const, field, detail: `updates to ${field} are forbidden.` }],
      );
    }
    default:
      return [];
  }
}

function valueAt(object: KubeObject, path: string): unknown {
  let current: unknown = object;
  for (const key of path.split(".")) {
    current = typeof current === "object" && current !== null ? (current as Record<string, unknown>)[key] : undefined;
  }
  return current;
}

function immutable(after: KubeObject, before: KubeObject, fields: readonly string[]): FieldFault[] {
  return fields
    .filter((field) => !equal(valueAt(after, field), valueAt(before, field)))
    .map((field) => ({ kind: "Invalid", field, detail: "field is immutable", value: valueAt(after, field) ?? null }));
}

function validateDataUpdate(after: ConfigMap & Secret, before: ConfigMap & Secret): FieldFault[] {
  const faults = before.kind === "Secret" ? immutable(after, before, ["type"]) : [];
  if (before.immutable !== true) return faults;
  if (after.immutable !== true) {
    faults.push({ kind: "Forbidden", field: "immutable", detail: "field is immutable when `immutable` is set" });
  }
  if (!equal(after.data, before.data)) {
    faults.push({ kind: "Forbidden", field: "data", detail: "field is immutable when `immutable` is set" });
  }
  return faults;
}

function validateStatefulSetUpdate(after: StatefulSet, before: StatefulSet): FieldFault[] {
  return immutable(after, before, [
    "spec.selector",
    "spec.volumeClaimTemplates",
    "spec.serviceName",
    "spec.podManagementPolicy",
  ]);
}

function validateClaimUpdate(after: Claim, before: Claim): FieldFault[] {
  const faults: FieldFault[] = [];
  const comparable = (claim: Claim, requests: unknown, volumeName: string | undefined): unknown => ({
    ...claim.spec,
    volumeName,
    resources: { ...claim.spec.resources, requests },
  });
  const requests = after.status.phase === "Bound" ? undefined : after.spec.resources?.requests;
  const oldRequests = after.status.phase === "Bound" ? undefined : before.spec.resources?.requests;
  const oldVolume = (before.spec.volumeName ?? "") === "" ? after.spec.volumeName : before.spec.volumeName;
  if (!equal(comparable(after, requests, after.spec.volumeName), comparable(before, oldRequests, oldVolume))) {
    const detail =
      "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
    faults.push({ kind: "Forbidden", field: "spec", detail });
  }
  const size = nanoOf(after.spec.resources?.requests?.storage);
  const capacity = before.status.capacity?.storage;
  if (size < nanoOf(before.spec.resources?.requests?.storage) && size <= nanoOf(capacity)) {
    const field = "spec.resources.requests.storage";
    faults.push({ kind: "Forbidden", field, detail: "field can not be less than status.capacity" });
  }
  return faults;
}

const UPDATABLE =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

function validatePodUpdate(after: PodSpec, before: PodSpec): FieldFault[] {
  const faults: FieldFault[] = [];
  const tolerations = after.tolerations ?? [];
  if (
    !(before.tolerations ?? []).every((old) =>
      tolerations.some((each) => equal({ ...each, tolerationSeconds: 0 }, { ...old, tolerationSeconds: 0 })),
    )
  ) {
    const detail = "existing toleration can not be modified except its tolerationSeconds";
    faults.push({ kind: "Forbidden", field: "spec.tolerations", detail });
  }
  const oldGates = new Set((before.schedulingGates ?? []).map((gate) => gate.name));
  for (const [index, gate] of (after.schedulingGates ?? []).entries()) {
    if (oldGates.has(gate.name)) continue;
    const detail = `only deletion is allowed, but found new scheduling gate '${gate.name}'`;
    faults.push({ kind: "Forbidden", field: `spec.schedulingGates[${index}].name`, detail });
  }

  const munged: PodSpec = {
    ...after,
    tolerations: before.tolerations ?? [],
    schedulingGates: before.schedulingGates ?? [],
  };
  munged.containers = withImagesOf(after.containers, before.containers);
  munged.initContainers = withImagesOf(after.initContainers ?? [], before.initContainers ?? []);
  const old: PodSpec = {
    ...before,
    tolerations: before.tolerations ?? [],
    schedulingGates: before.schedulingGates ?? [],
    initContainers: before.initContainers ?? [],
  };
  const activeDeadline = before.activeDeadlineSeconds;
  if (
    after.activeDeadlineSeconds !== undefined &&
    (activeDeadline === undefined || after.activeDeadlineSeconds <= activeDeadline)
  ) {
    delete munged.activeDeadlineSeconds;
    delete old.activeDeadlineSeconds;
  }
  if (oldGates.size > 0) faults.push(...validateGatedPlacement(munged, old));
  if (!equal(munged, old)) faults.push({ kind: "Forbidden", field: "spec", detail: UPDATABLE });
  return faults;
}

function withImagesOf(containers: readonly Container[], before: readonly Container[]): Container[] {
  return containers.map((container, index) => {
    const image = before[index]?.image;
    return image === undefined ? container : { ...container, image };
  });
}

/** A gated pod's node selector and required node affinity may be tightened; `after` is then made equal in both. */
function validateGatedPlacement(after: PodSpec, before: PodSpec): FieldFault[] {
  const faults: FieldFault[] = [];
  if (!Object.entries(before.nodeSelector ?? {}).every(([key, value]) => after.nodeSelector?.[key] === value)) {
    const detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)";
    faults.push({ kind: "Invalid", field: "spec.nodeSelector", detail, value: after.nodeSelector ?? {} });
  }
  if (before.nodeSelector === undefined) delete after.nodeSelector;
  else after.nodeSelector = before.nodeSelector;

  const required = "requiredDuringSchedulingIgnoredDuringExecution";
  const oldTerms = before.affinity?.nodeAffinity?.[required]?.nodeSelectorTerms ?? [];
  const newTerms = after.affinity?.nodeAffinity?.[required]?.nodeSelectorTerms ?? [];
  const path = `spec.affinity.nodeAffinity.${required}.nodeSelectorTerms`;
  if (oldTerms.length > 0 && oldTerms.length !== newTerms.length) {
    const detail = "no additions/deletions to non-empty NodeSelectorTerms list are allowed";
    faults.push({ kind: "Invalid", field: path, detail, value: newTerms });
  } else {
    for (const [index, old] of oldTerms.entries()) {
      const term = newTerms[index] ?? {};
      const wasEmpty = (old.matchExpressions ?? []).length === 0 && (old.matchFields ?? []).length === 0;
      const keepsAll =
        equal((term.matchExpressions ?? []).slice(0, old.matchExpressions?.length ?? 0), old.matchExpressions ?? []) &&
        equal((term.matchFields ?? []).slice(0, old.matchFields?.length ?? 0), old.matchFields ?? []);
      if (keepsAll && !(wasEmpty && !equal(term, old))) continue;
      const detail = "only additions are allowed (no mutations or deletions)";
      faults.push({ kind: "Invalid", field: `${path}[${index}]`, detail, value: term });
    }
  }

  const { nodeAffinity: _new, ...others } = after.affinity ?? {};
  const affinity = {
    ...others,
    ...(before.affinity?.nodeAffinity === undefined ? {} : { nodeAffinity: before.affinity.nodeAffinity }),
  };
  if (Object.keys(affinity).length === 0 && before.affinity === undefined) delete after.affinity;
  else after.affinity = affinity;
  return faults;
}
