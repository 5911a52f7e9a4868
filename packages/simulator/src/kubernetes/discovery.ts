import { apiVersionOf, RESOURCES, type Resource } from "./resources.ts";

const GIT_VERSION = "v1.37.2+berth.simulated";

const VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/** Kinds that subresources take when it is not their parent's. */
const SUBRESOURCE_KINDS: Readonly<Record<string, { group: string; version: string; kind: string; verbs: string[] }>> = {
  binding: { group: "", version: "v1", kind: "Binding", verbs: ["create"] },
  eviction: { group: "policy", version: "v1", kind: "Eviction", verbs: ["create"] },
  scale: { group: "autoscaling", version: "v1", kind: "Scale", verbs: ["get", "patch", "update"] },
};

/** The documents that tell clients what is served; undefined for any other path. */
export function discover(path: string): object | string | undefined {
  switch (path) {
    case "/version":
      return version();
    case "/healthz":
    case "/livez":
    case "/readyz":
      return "ok";
    case "/api":
      return { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] };
    case "/apis":
      return { kind: "APIGroupList", apiVersion: "v1", groups: groupNames().map(groupDocument) };
    default:
      return resourceList(path) ?? groupAt(path);
  }
}

/** The version of Kubernetes whose behaviour is modelled, marked as simulated wherever a client looks. */
function version(): object {
  return {
    major: "1",
    minor: "37",
    gitVersion: GIT_VERSION,
    gitCommit: "simulated",
    gitTreeState: "clean",
    buildDate: "1970-01-01T00:00:00Z",
    goVersion: "none",
    compiler: "none",
    platform: "berth/simulated",
  };
}

function groupNames(): string[] {
  return [...new Set(RESOURCES.map((resource) => resource.group))].filter((group) => group !== "");
}

function groupDocument(name: string): object {
  const groupVersion = `${name}/v1`;
  const versions = [{ groupVersion, version: "v1" }];
  return { name, versions, preferredVersion: versions[0] };
}

function groupAt(path: string): object | undefined {
  const match = /^\/apis\/([^/]+)$/.exec(path);
  if (match === null || !groupNames().includes(match[1] ?? "")) return undefined;
  return { kind: "APIGroup", apiVersion: "v1", ...groupDocument(match[1] ?? "") };
}

function resourceList(path: string): object | undefined {
  const match = /^\/(?:api|apis\/([^/]+))\/(v1)$/.exec(path);
  if (match === null) return undefined;
  const apiVersion = match[1] === undefined ? "v1" : `${match[1]}/v1`;
  const served = RESOURCES.filter((resource) => apiVersionOf(resource) === apiVersion);
  if (served.length === 0) return undefined;
  const resources = served.flatMap((resource) => [
    {
      name: resource.plural,
      singularName: resource.kind.toLowerCase(),
      namespaced: resource.namespaced,
      kind: resource.kind,
      verbs: VERBS,
      ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
    },
    ...resource.subresources.map((name) => subresource(resource, name)),
  ]);
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion: apiVersion, resources };
}

function subresource(resource: Resource, name: string): object {
  const other = SUBRESOURCE_KINDS[name];
  return {
    name: `${resource.plural}/${name}`,
    singularName: "",
    namespaced: resource.namespaced,
    kind: resource.kind,
    verbs: ["get", "patch", "update"],
    ...other,
  };
}
