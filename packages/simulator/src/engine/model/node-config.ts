import type { PodToRun } from "../../pod-runtime.ts";
import {
  findText,
  readSettings,
  type Settings,
  StartRefused,
  settingFlag,
  settingList,
  settingText,
} from "./settings.ts";

export type EngineKind = "elasticsearch" | "opensearch";

export interface EngineImage {
  readonly engine: EngineKind;
  readonly version: string;
}

/** Engine and version that an image's name and tag choose; undefined for an image that is no engine. */
export function engineOfImage(image: string): EngineImage | undefined {
  const match = /(?:^|\/)(elasticsearch|opensearch)(?:\/\1)?:v?(\d+\.\d+\.\d+)/.exec(image);
  return match === null ? undefined : { engine: match[1] as EngineKind, version: match[2] ?? "" };
}

/** What a node read when its process started; it holds until the process ends. */
export interface NodeConfig extends EngineImage {
  readonly settings: Settings;
  readonly clusterName: string;
  readonly nodeName: string;
  readonly roles: readonly string[];
  readonly masterEligible: boolean;
  readonly holdsData: boolean;
  readonly attributes: Readonly<Record<string, string>>;
  readonly seedHosts: readonly string[];
  readonly fileSeeds: boolean;
  readonly initialMasters: readonly string[];
  readonly singleNode: boolean;
  readonly security: boolean;
  readonly httpTls: { readonly certificate: string; readonly key: string; readonly ca: string | undefined } | undefined;
  /** Text of the authority that transport peers must share; undefined without transport TLS. */
  readonly transportCa: string | undefined;
  readonly httpPort: number;
  readonly memoryMib: number;
}

const ALL_ROLES: Readonly<Record<EngineKind, readonly string[]>> = {
  elasticsearch: [
    "data",
    "data_cold",
    "data_content",
    "data_frozen",
    "data_hot",
    "data_warm",
    "ingest",
    "master",
    "ml",
    "remote_cluster_client",
    "transform",
  ],
  opensearch: ["cluster_manager", "data", "ingest", "remote_cluster_client"],
};

const TLS_NAMES: Readonly<Record<EngineKind, { enabled: string; certificate: string; key: string; ca: string }>> = {
  elasticsearch: { enabled: "enabled", certificate: "certificate", key: "key", ca: "certificate_authorities" },
  opensearch: {
    enabled: "enabled",
    certificate: "pemcert_filepath",
    key: "pemkey_filepath",
    ca: "pemtrustedcas_filepath",
  },
};

/** Reads a pod's configuration as the engine in its image would; refuses with the line of its log. */
export function readNodeConfig(pod: PodToRun, image: EngineImage): NodeConfig {
  const settings = readSettings(findText(pod.files, `${image.engine}.yml`) ?? "", pod.env);
  const elastic = image.engine === "elasticsearch";
  const roles = settingList(settings, "node.roles") ?? ALL_ROLES[image.engine];
  const unknownRole = roles.find(
    (role) =>
      !/^(master|cluster_manager|data(_\w+)?|ingest|ml|transform|remote_cluster_client|voting_only|search|coordinating_only)$/.test(
        role,
      ),
  );
  if (unknownRole !== undefined) throw new StartRefused(`unknown role [${unknownRole}]`);

  const security = elastic
    ? settingFlag(settings, "xpack.security.enabled", Number(image.version.split(".")[0]) >= 8)
    : !settingFlag(settings, "plugins.security.disabled", false);
  return {
    ...image,
    settings,
    clusterName: settingText(settings, "cluster.name") ?? image.engine,
    nodeName: settingText(settings, "node.name") ?? pod.name,
    roles,
    masterEligible: roles.includes("master") || roles.includes("cluster_manager"),
    holdsData: roles.some((role) => role === "data" || role.startsWith("data_")),
    attributes: attributesOf(settings),
    seedHosts: settingList(settings, "discovery.seed_hosts") ?? [],
    fileSeeds: (settingList(settings, "discovery.seed_providers") ?? []).includes("file"),
    initialMasters:
      settingList(settings, "cluster.initial_master_nodes") ??
      settingList(settings, "cluster.initial_cluster_manager_nodes") ??
      [],
    singleNode: startsAlone(settings),
    security,
    httpTls: security ? httpTlsOf(pod, image.engine, settings) : undefined,
    transportCa: security ? transportCaOf(pod, image.engine, settings) : undefined,
    httpPort: Number(settingText(settings, "http.port") ?? 9200),
    memoryMib: pod.memoryMib,
  };
}

/** `discovery.type: single-node`, or nothing about discovery at all: such a node forms a cluster of its own. */
function startsAlone(settings: Settings): boolean {
  if (settingText(settings, "discovery.type") === "single-node") return true;
  const configured = [
    "discovery.seed_hosts",
    "discovery.seed_providers",
    "cluster.initial_master_nodes",
    "cluster.initial_cluster_manager_nodes",
  ];
  return configured.every((name) => settings[name] === undefined);
}

function attributesOf(settings: Settings): Readonly<Record<string, string>> {
  const prefix = "node.attr.";
  const names = Object.keys(settings).filter((name) => name.startsWith(prefix));
  return Object.fromEntries(names.map((name) => [name.slice(prefix.length), settingText(settings, name) ?? ""]));
}

function httpTlsOf(pod: PodToRun, engine: EngineKind, settings: Settings): NodeConfig["httpTls"] {
  const prefix = engine === "elasticsearch" ? "xpack.security.http.ssl" : "plugins.security.ssl.http";
  const names = TLS_NAMES[engine];
  if (!settingFlag(settings, `${prefix}.${names.enabled}`, false)) return undefined;
  const certificate = settingText(settings, `${prefix}.${names.certificate}`);
  const key = settingText(settings, `${prefix}.${names.key}`);
  for (const path of [certificate, key]) {
    if (path === undefined) throw new StartRefused(`[${prefix}] is enabled but has no certificate or key`);
    if (findText(pod.files, path) === undefined)
      throw new StartRefused(`cannot read [${path}] because it does not exist`);
  }
  return { certificate: certificate ?? "", key: key ?? "", ca: settingText(settings, `${prefix}.${names.ca}`) };
}

function transportCaOf(pod: PodToRun, engine: EngineKind, settings: Settings): string | undefined {
  const elastic = engine === "elasticsearch";
  const prefix = elastic ? "xpack.security.transport.ssl" : "plugins.security.ssl.transport";
  // OpenSearch's plugin has no switch: transport TLS is always on.
  if (elastic && !settingFlag(settings, `${prefix}.enabled`, false)) return undefined;
  const ca = settingText(settings, `${prefix}.${TLS_NAMES[engine].ca}`);
  return ca === undefined ? "" : (findText(pod.files, ca)?.trim() ?? "");
}
