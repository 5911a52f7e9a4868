import { durationMs } from "../allocation/cluster-settings.ts";
import { countShards, type HealthStatus, healthBody } from "../allocation/health.ts";
import type { IndexMetadata } from "../model/state.ts";
import { type EngineResponse, illegalArgument, json, type Outcome, type RestContext } from "./http.ts";
import { resolveIndices } from "./indices.ts";
import type { Route } from "./router.ts";

export const HEALTH_ROUTES: readonly Route[] = ["/_cluster/health", "/_cluster/health/{index}"].map((path) => ({
  methods: ["GET"],
  path,
  action: "cluster:monitor/health",
  master: "read" as const,
  parameters: [
    ...["timeout", "master_timeout", "cluster_manager_timeout", "level", "local", "expand_wildcards"],
    ...["wait_for_status", "wait_for_nodes", "wait_for_events", "wait_for_active_shards"],
    ...["wait_for_no_relocating_shards", "wait_for_no_initializing_shards", "awareness_attribute"],
  ],
  handle: clusterHealth,
}));

const RANK: Readonly<Record<string, number>> = { green: 0, yellow: 1, red: 2 };

/**
 * Answers when all that is waited for holds; when the time is over first, the same body with `timed_out: true` comes
 * with status 408 (seen on 8.19).
 */
function clusterHealth(context: RestContext): Outcome {
  const { query } = context;
  const conditions = [...conditionsOf(query), (body: HealthBody) => body.status !== "red" || !isMissing(context)];
  const answer = (): EngineResponse | undefined => {
    const body = bodyOf(context);
    return conditions.every((holds) => holds(body)) ? json(body) : undefined;
  };
  return (
    answer() ?? {
      timeoutMs: durationMs(query.timeout) ?? 30_000,
      ready: answer,
      expired: () => json({ ...bodyOf(context), timed_out: true }, 408),
    }
  );
}

/** Whether a plain name in the path means no index. */
function isMissing({ cluster, params, query }: RestContext): boolean {
  const named = params.index;
  if (named === undefined || cluster === undefined || named.includes("*")) return false;
  return resolveIndices(cluster, named, { ...query, ignore_unavailable: "true", expand_wildcards: "all" }).length === 0;
}

type HealthBody = ReturnType<typeof healthBody>;

function bodyOf(context: RestContext): HealthBody & Record<string, unknown> {
  const { world, cluster, params, query } = context;
  if (cluster === undefined) throw illegalArgument("no cluster state");
  // A named index that is missing makes the answer red, not an error; it is waited for, too.
  const named = params.index;
  const options = { ...query, ignore_unavailable: "true", expand_wildcards: "all" };
  const indices = resolveIndices(cluster, named, options);
  const body: HealthBody & Record<string, unknown> = healthBody(world, cluster, indices);
  if (isMissing(context)) body.status = "red";
  const level = query.level ?? "cluster";
  if (level !== "cluster") {
    body.indices = Object.fromEntries(indices.map((index) => [index.name, indexHealth(index, world.clock.now())]));
  }
  return body;
}

function indexHealth(index: IndexMetadata, now: number) {
  const counts = countShards([index], now);
  return {
    status: counts.status,
    number_of_shards: index.shards.length,
    number_of_replicas: (index.shards[0]?.copies.length ?? 1) - 1,
    active_primary_shards: counts.activePrimary,
    active_shards: counts.active,
    relocating_shards: counts.relocating,
    initializing_shards: counts.initializing,
    unassigned_shards: counts.unassigned,
  };
}

type Condition = (body: HealthBody) => boolean;

function conditionsOf(query: Readonly<Record<string, string>>): readonly Condition[] {
  const conditions: Condition[] = [];
  const status = query.wait_for_status;
  if (status !== undefined) {
    const worst = RANK[status];
    if (worst === undefined) throw illegalArgument(`unknown cluster health status [${status}]`);
    conditions.push((body) => (RANK[body.status satisfies HealthStatus] ?? 2) <= worst);
  }
  if (query.wait_for_nodes !== undefined) conditions.push(nodesCondition(query.wait_for_nodes));
  if (query.wait_for_no_relocating_shards === "true") conditions.push((body) => body.relocating_shards === 0);
  if (query.wait_for_no_initializing_shards === "true") conditions.push((body) => body.initializing_shards === 0);
  const active = query.wait_for_active_shards;
  if (active === "all") {
    conditions.push((body) => body.unassigned_shards === 0 && body.initializing_shards === 0);
  } else if (active !== undefined) {
    conditions.push((body) => body.active_shards >= Number(active));
  }
  return conditions;
}

/** `3`, `>=3`, `<5`, `ge(3)` and the like. */
function nodesCondition(text: string): Condition {
  const match = /^(>=|<=|>|<|ge\(|le\(|gt\(|lt\()?(\d+)\)?$/.exec(text);
  if (match === null) throw illegalArgument(`cannot parse wait_for_nodes [${text}]`);
  const wanted = Number(match[2]);
  switch (match[1]) {
    case ">=":
    case "ge(":
      return (body) => body.number_of_nodes >= wanted;
    case "<=":
    case "le(":
      return (body) => body.number_of_nodes <= wanted;
    case ">":
    case "gt(":
      return (body) => body.number_of_nodes > wanted;
    case "<":
    case "lt(":
      return (body) => body.number_of_nodes < wanted;
    default:
      return (body) => body.number_of_nodes === wanted;
  }
}
