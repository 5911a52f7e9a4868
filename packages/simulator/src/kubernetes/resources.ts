import type {
  CertificateSigningRequest,
  Claim,
  ConfigMap,
  ControllerRevision,
  CsiNode,
  DisruptionBudget,
  Event,
  KubeObject,
  Lease,
  LimitRange,
  Namespace,
  Node,
  PersistentVolume,
  Pod,
  PriorityClass,
  ResourceQuota,
  Secret,
  StatefulSet,
  StorageClass,
} from "./objects.ts";

/** One resource of the API. The type parameter says what its objects look like to the model's own code. */
export interface Resource<T extends KubeObject = KubeObject> {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly schema: string;
  readonly shortNames: readonly string[];
  /** Subresources that are served, `status` among them when the kind has one. */
  readonly subresources: readonly string[];
  /** Whether metadata.generation counts the changes of spec. */
  readonly countsGenerations: boolean;
  /** Whether DELETE answers with the object instead of a Status, as the real storage is configured. */
  readonly answersDeleted: boolean;
  /** Whether PUT without resourceVersion is accepted. */
  readonly unconditionalUpdate: boolean;
  /** Never set: carries the type. */
  readonly object?: T;
}

type Extras = Partial<
  Pick<Resource, "shortNames" | "subresources" | "countsGenerations" | "answersDeleted" | "unconditionalUpdate">
>;

const table: Resource[] = [];

function resource<T extends KubeObject = KubeObject>(
  apiVersion: string,
  kind: string,
  plural: string,
  scope: "namespaced" | "cluster",
  extras: Extras & { schema?: string } = {},
): Resource<T> {
  const [version = "", group = ""] = apiVersion.split("/").reverse();
  const schemaGroup = group === "" ? "core" : group.replace(/\..*/, "");
  const entry: Resource<T> = {
    group,
    version,
    plural,
    kind,
    namespaced: scope === "namespaced",
    schema: `${schemaGroup}.${version}.${kind}`,
    shortNames: [],
    subresources: [],
    countsGenerations: false,
    answersDeleted: false,
    unconditionalUpdate: true,
    ...extras,
  };
  table.push(entry);
  return entry;
}

const STATUS = { subresources: ["status"] } as const;

export const NAMESPACES = resource<Namespace>("v1", "Namespace", "namespaces", "cluster", {
  shortNames: ["ns"],
  subresources: ["status", "finalize"],
});
export const PODS = resource<Pod>("v1", "Pod", "pods", "namespaced", {
  shortNames: ["po"],
  subresources: ["status", "binding", "eviction", "resize"],
  countsGenerations: true,
  answersDeleted: true,
});
export const CONFIG_MAPS = resource<ConfigMap>("v1", "ConfigMap", "configmaps", "namespaced", { shortNames: ["cm"] });
export const SECRETS = resource<Secret>("v1", "Secret", "secrets", "namespaced");
export const SERVICES = resource("v1", "Service", "services", "namespaced", {
  ...STATUS,
  shortNames: ["svc"],
  answersDeleted: true,
});
export const SERVICE_ACCOUNTS = resource("v1", "ServiceAccount", "serviceaccounts", "namespaced", {
  shortNames: ["sa"],
  answersDeleted: true,
});
resource("v1", "Endpoints", "endpoints", "namespaced", { shortNames: ["ep"] });
export const CLAIMS = resource<Claim>("v1", "PersistentVolumeClaim", "persistentvolumeclaims", "namespaced", {
  ...STATUS,
  shortNames: ["pvc"],
  answersDeleted: true,
});
export const VOLUMES = resource<PersistentVolume>("v1", "PersistentVolume", "persistentvolumes", "cluster", {
  ...STATUS,
  shortNames: ["pv"],
  answersDeleted: true,
});
export const NODES = resource<Node>("v1", "Node", "nodes", "cluster", { ...STATUS, shortNames: ["no"] });
export const QUOTAS = resource<ResourceQuota>("v1", "ResourceQuota", "resourcequotas", "namespaced", {
  ...STATUS,
  shortNames: ["quota"],
  answersDeleted: true,
});
export const LIMIT_RANGES = resource<LimitRange>("v1", "LimitRange", "limitranges", "namespaced", {
  shortNames: ["limits"],
});
export const EVENTS = resource<Event>("v1", "Event", "events", "namespaced", { shortNames: ["ev"] });
/** The same objects as EVENTS under another group: converted at the edge, stored once. */
export const NEW_EVENTS = resource("events.k8s.io/v1", "Event", "events", "namespaced", { shortNames: ["ev"] });
export const STATEFUL_SETS = resource<StatefulSet>("apps/v1", "StatefulSet", "statefulsets", "namespaced", {
  shortNames: ["sts"],
  subresources: ["status", "scale"],
  countsGenerations: true,
});
export const REVISIONS = resource<ControllerRevision>(
  "apps/v1",
  "ControllerRevision",
  "controllerrevisions",
  "namespaced",
);
export const BUDGETS = resource<DisruptionBudget>(
  "policy/v1",
  "PodDisruptionBudget",
  "poddisruptionbudgets",
  "namespaced",
  { ...STATUS, shortNames: ["pdb"], countsGenerations: true, unconditionalUpdate: false },
);
resource("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", "namespaced", {
  shortNames: ["netpol"],
  countsGenerations: true,
});
export const LEASES = resource<Lease>("coordination.k8s.io/v1", "Lease", "leases", "namespaced", {
  unconditionalUpdate: false,
});
export const CERTIFICATE_REQUESTS = resource<CertificateSigningRequest>(
  "certificates.k8s.io/v1",
  "CertificateSigningRequest",
  "certificatesigningrequests",
  "cluster",
  { shortNames: ["csr"], subresources: ["status", "approval"] },
);
export const STORAGE_CLASSES = resource<StorageClass>(
  "storage.k8s.io/v1",
  "StorageClass",
  "storageclasses",
  "cluster",
  { shortNames: ["sc"], answersDeleted: true },
);
export const CSI_NODES = resource<CsiNode>("storage.k8s.io/v1", "CSINode", "csinodes", "cluster", {
  answersDeleted: true,
});
export const PRIORITY_CLASSES = resource<PriorityClass>(
  "scheduling.k8s.io/v1",
  "PriorityClass",
  "priorityclasses",
  "cluster",
  { shortNames: ["pc"] },
);
resource("discovery.k8s.io/v1", "EndpointSlice", "endpointslices", "namespaced", {
  countsGenerations: true,
});
resource("rbac.authorization.k8s.io/v1", "Role", "roles", "namespaced");
resource("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings", "namespaced");
resource("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", "cluster");
resource("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", "cluster");

/** Every resource served, in the order of discovery. */
export const RESOURCES: readonly Resource[] = table;

export function apiVersionOf(resource: Pick<Resource, "group" | "version">): string {
  return resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
}

/** `pods`, `statefulsets.apps`: how messages of the API server name a resource. */
export function qualifiedName(resource: Pick<Resource, "group" | "plural">): string {
  return resource.group === "" ? resource.plural : `${resource.plural}.${resource.group}`;
}

/** `Pod`, `StatefulSet.apps`: how validation messages name a kind. */
export function qualifiedKind(resource: Pick<Resource, "group" | "kind">): string {
  return resource.group === "" ? resource.kind : `${resource.kind}.${resource.group}`;
}

const byPath = new Map(table.map((entry) => [`${apiVersionOf(entry)}|${entry.plural}`, entry]));
const byKind = new Map(table.map((entry) => [`${entry.group}|${entry.kind}`, entry]));

export function resourceAt(apiVersion: string, plural: string): Resource | undefined {
  return byPath.get(`${apiVersion}|${plural}`);
}

/** The resource of a kind in any version of a group, as owner references name it. */
export function resourceOfKind(apiVersion: string, kind: string): Resource | undefined {
  const [, group = ""] = apiVersion.split("/").reverse();
  return byKind.get(`${group}|${kind}`);
}
