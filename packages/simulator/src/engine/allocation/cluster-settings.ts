import { settingText } from "../model/settings.ts";
import { type ClusterState, type EngineWorld, memberProcess } from "../model/state.ts";

/** The value in force: transient before persistent before the master's own file. */
export function clusterSetting(world: EngineWorld, cluster: ClusterState, name: string): string | undefined {
  const dynamic = cluster.transient[name] ?? cluster.persistent[name];
  if (dynamic !== undefined) return Array.isArray(dynamic) ? dynamic.join(",") : String(dynamic);
  const master = memberProcess(world, cluster, cluster.masterNodeId ?? "");
  return master === undefined ? undefined : settingText(master.config.settings, name);
}

/** All settings under a prefix in force, without it: `_name` of `cluster.routing.allocation.exclude._name`. */
export function clusterSettingsUnder(cluster: ClusterState, prefix: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const source of [cluster.persistent, cluster.transient]) {
    for (const [name, value] of Object.entries(source)) {
      if (name.startsWith(prefix)) found[name.slice(prefix.length)] = String(value);
    }
  }
  return found;
}

/** `30s`, `5m`, `100ms`, `0`, `-1` to milliseconds; undefined for what is no duration. */
export function durationMs(text: string | undefined): number | undefined {
  const match = /^(-?\d+(?:\.\d+)?)(ms|s|m|h|d|micros|nanos)?$/.exec(text?.trim() ?? "");
  if (match === null) return undefined;
  const unit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, micros: 0.001, nanos: 0.000001 };
  return Number(match[1]) * unit[(match[2] ?? "ms") as keyof typeof unit];
}
