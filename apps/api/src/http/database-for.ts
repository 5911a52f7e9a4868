import type { RouteShape } from "@berth/contract";
import { type OperatorDatabase, type ScopedDatabase, tenantDatabase } from "@berth/db";
import type { Databases } from "../deps.ts";
import type { Principal } from "./authenticate.ts";

/** The database as the caller of a route may see it. */
export type DatabaseFor = (shape: RouteShape, principal: Principal) => ScopedDatabase | OperatorDatabase;

/**
 * The operator's for routes whose permission crosses tenants, which authentication gave to platform keys alone; the tenant's
 * own, held to the key's reach, for every other. Decided here and nowhere else.
 */
export function databaseFor({ tenants, operators }: Databases): DatabaseFor {
  return (shape, principal) =>
    shape.permission.startsWith("admin:") ? operators : tenantDatabase(tenants, principal.reach);
}
