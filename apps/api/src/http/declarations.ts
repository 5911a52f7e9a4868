import { isOperatorRead, PERMISSIONS, PROBLEMS, type RouteShape } from "@berth/contract";
import type { FastifyInstance } from "fastify";

const KNOWN_PERMISSIONS: readonly unknown[] = [...PERMISSIONS, "authenticated", "public"];

/**
 * A route that does not say who may call it, with which problems it refuses and what it is called stops the start: each of
 * them is what a mechanism goes by, and what it has not been told it would leave open.
 *
 * Types say so too. This is for what gets past them: a route of a plugin, a cast, a twin.
 */
export function requireDeclarations(app: FastifyInstance): void {
  const places = new Map<string, string>();
  app.addHook("onRoute", ({ config, method, url }) => {
    const place = `${method} ${url}`;
    const shape: Partial<RouteShape> = config?.contract ?? {};
    const fault = undeclared(shape) ?? openQuery(shape) ?? undeclaredData(shape) ?? twinOf(places, shape.operationId);
    if (fault !== undefined) throw new Error(`${place} ${fault}: register it with serve() and a route of the contract`);
    places.set(shape.operationId ?? "", place);
  });
}

/** What the route does not say; undefined when it says all. */
function undeclared({ permission, operationId, problems }: Partial<RouteShape>): string | undefined {
  if (!KNOWN_PERMISSIONS.includes(permission)) return "declares no permission that there is";
  if (operationId === undefined || !/^[a-z][A-Za-z]+$/.test(operationId)) return "declares no operation id";
  if (problems === undefined) return "declares no problems";
  const unknown = problems.find((code) => !Object.hasOwn(PROBLEMS, code));
  return unknown === undefined ? undefined : `declares a problem that is not in the catalogue, ${unknown}`;
}

/** What would be ignored in silence: a mistyped filter lists everything, a mistyped dry_run changes something. */
function openQuery({ query }: Partial<RouteShape>): string | undefined {
  if (query === undefined || query.def.catchall?._zod.def.type === "never") return undefined;
  return "declares a query that is not strict";
}

/** What an operators' read does not say of the tenants' data that it shows (operator-reads.ts). */
function undeclaredData({ method, permission, tenantData, stream, file }: Partial<RouteShape>): string | undefined {
  if (method === undefined || permission === undefined || !isOperatorRead({ method, permission })) return undefined;
  if (tenantData === undefined) return "declares no tenantData: whose data it shows, or that it shows none";
  const isStreamed = stream !== undefined || file !== undefined;
  return tenantData !== "none" && isStreamed
    ? "streams what is tenants': nobody could say in time what it shows"
    : undefined;
}

function twinOf(places: ReadonlyMap<string, string>, operationId = ""): string | undefined {
  const place = places.get(operationId);
  return place === undefined ? undefined : `cannot be, as ${place} has the operation id ${operationId}`;
}
