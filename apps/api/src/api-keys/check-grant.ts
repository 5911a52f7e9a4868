import type { Fault } from "@berth/contract";
import { type ApiKeyRow, findApiKeysByPublicId, findKeyLimits, type Sql } from "@berth/db";
import {
  beyond,
  type Excess,
  findExcess,
  formatNetwork,
  type Grant,
  isLimited,
  LIMITABLE_PERMISSIONS,
  type OrganizationId,
  ok,
  PERMISSIONS,
  type Permission,
  type ProjectOf,
  parseNetwork,
  type Result,
} from "@berth/domain";
import type { ApiDeps } from "../deps.ts";
import { admit, type Principal } from "../http/authenticate.ts";
import { type Refusal, refuse } from "../http/refusal.ts";

const DAY_MS = 86_400_000;
export const DEFAULT_LIFE_MS = 90 * DAY_MS;
/** A year, and the day by which a leap year is longer: the same date of the next year can always be asked for. */
export const MAX_LIFE_MS = 366 * DAY_MS;

/**
 * The caller as the database has it now. A request is let in by what was true up to five seconds ago; what it grants would
 * outlive that, so a key that was revoked or lost a permission meanwhile grants nothing.
 */
export async function callerNow(
  deps: ApiDeps,
  sql: Sql,
  principal: Principal,
  permission: Permission | undefined,
): Promise<Result<Principal, Refusal>> {
  const [row] = await findApiKeysByPublicId(sql, [principal.publicId]);
  if (row === undefined) return refuse("invalid_credentials", "The API key is unknown or was revoked.");
  const caller = admit(row, principal.address, deps.clock.now());
  if (!caller.ok || permission === undefined || caller.value.permissions.includes(permission)) return caller;
  return refuse("insufficient_scope", `The API key lacks the permission ${permission}.`, {
    extra: { required_permissions: [permission] },
  });
}

/** What a stored key can. A word among its scopes that is no permission opens nothing. */
export function grantOfRow(row: ApiKeyRow): Grant {
  const { scopes, memberId, projectIds, clusterIds, cidrs, expiresAt } = row;
  return {
    permissions: inOrder(scopes),
    memberId: memberId ?? undefined,
    projectIds,
    clusterIds,
    cidrs,
    expiresAt,
  };
}

/** Scopes in the order of the permission table, so that the same set is the same list. */
export function inOrder(scopes: readonly string[]): Permission[] {
  return PERMISSIONS.filter((one) => scopes.includes(one));
}

/** Networks in the one way in which we write them, each once; the contract let nothing else through. */
export function canonical(cidrs: readonly string[]): string[] {
  const written = cidrs.map((cidr) => {
    const network = parseNetwork(cidr);
    if (!network.ok) throw new Error(`${cidr}: ${network.error.detail}`);
    return formatNetwork(network.value);
  });
  return [...new Set(written)];
}

/** What somebody can give away: what they have. */
export function grantOf(principal: Principal): Grant {
  const { permissions, reach, cidrs, expiresAt, member } = principal;
  return { permissions, memberId: member?.id, ...reach, cidrs, expiresAt };
}

/** The end of a new key's life: what was asked for, if that is in the next year. */
export function faultsOfExpiry(expiresAt: Date, now: Date): Fault[] {
  const pointer = "/expires_at";
  const leftMs = expiresAt.getTime() - now.getTime();
  if (leftMs <= 0) return [{ pointer, code: "in_the_past", detail: "That is over already." }];
  return leftMs > MAX_LIFE_MS ? [{ pointer, code: "too_late", detail: "At most a year from now." }] : [];
}

/** Permissions that are about the whole organization cannot be had by a key that reaches some of it. */
export function faultsOfScopes(grant: Grant, asked: readonly Permission[] | undefined): Fault[] {
  if (!isLimited(grant)) return [];
  return beyond(grant.permissions, LIMITABLE_PERMISSIONS).map((permission) => ({
    pointer: pointerOfScope(permission, asked),
    code: "scope_needs_whole_organization",
    detail: `${permission} is about the whole organization: a key that is limited to some of it cannot have it.`,
  }));
}

type Limits = Pick<Grant, "projectIds" | "clusterIds">;

/**
 * Faults of ids that there are not, in the sight of whoever asks; and where the clusters are, for `findExcess`. What the
 * key was limited to before is no fault when it is gone by now.
 */
export async function checkLimits(
  sql: Sql,
  organizationId: OrganizationId,
  { projectIds, clusterIds }: Limits,
  before?: Limits,
): Promise<{ readonly faults: readonly Fault[]; readonly projectOf: ProjectOf }> {
  if (projectIds.length + clusterIds.length === 0) return { faults: [], projectOf: () => undefined };
  const known = await findKeyLimits(sql, organizationId, { projectIds, clusterIds });
  const faults = [
    ...projectIds.flatMap((id, index) =>
      known.projectIds.includes(id) || before?.projectIds.includes(id)
        ? []
        : [unknown(`/project_ids/${index}`, "unknown_project", id)],
    ),
    ...clusterIds.flatMap((id, index) =>
      known.projectOfCluster.has(id) || before?.clusterIds.includes(id)
        ? []
        : [unknown(`/cluster_ids/${index}`, "unknown_cluster", id)],
    ),
  ];
  return { faults, projectOf: (id) => known.projectOfCluster.get(id) };
}

export function refuseFaults(faults: readonly Fault[]): Result<undefined, Refusal> {
  const [first] = faults;
  return first === undefined ? ok(undefined) : refuse("validation_failed", first.detail, { errors: faults });
}

/** Refuses a key that can more than the one that makes it. */
export function checkGrant(
  wanted: Grant,
  caller: Principal,
  projectOf: ProjectOf,
  asked?: readonly Permission[],
): Result<undefined, Refusal> {
  const excess = findExcess(wanted, grantOf(caller), projectOf);
  const errors = excess.map((one) => faultOfExcess(one, asked, wanted));
  const [first] = errors;
  if (first === undefined) return ok(undefined);
  const lacking = excess.flatMap((one) => (one.kind === "permission" ? [one.permission] : []));
  return refuse("insufficient_scope", `Nobody grants more than they have. ${first.detail}`, {
    errors,
    ...(lacking.length === 0 ? {} : { extra: { required_permissions: lacking } }),
  });
}

function faultOfExcess(excess: Excess, asked: readonly Permission[] | undefined, wanted: Grant): Fault {
  switch (excess.kind) {
    case "permission": {
      const detail = `Your key does not have ${excess.permission}.`;
      return { pointer: pointerOfScope(excess.permission, asked), code: "beyond_your_permissions", detail };
    }
    case "member":
      return { pointer: "", code: "beyond_your_member", detail: "Somebody else's key: only they can do this." };
    case "whole_organization":
      return { pointer: "/project_ids", code: "beyond_your_reach", detail: "Your key does not reach all projects." };
    case "project": {
      const pointer = `/project_ids/${wanted.projectIds.indexOf(excess.id)}`;
      return { pointer, code: "beyond_your_reach", detail: "Your key does not reach this project." };
    }
    case "cluster": {
      const pointer = `/cluster_ids/${wanted.clusterIds.indexOf(excess.id)}`;
      return { pointer, code: "beyond_your_reach", detail: "Your key does not reach this cluster." };
    }
    case "any_network": {
      const detail = "Your key cannot be used from everywhere: name networks within its own.";
      return { pointer: "/cidrs", code: "beyond_your_networks", detail };
    }
    case "network": {
      const pointer = `/cidrs/${wanted.cidrs.indexOf(excess.cidr)}`;
      return { pointer, code: "beyond_your_networks", detail: "It is not within the networks of your key." };
    }
    case "expiry":
      return { pointer: "/expires_at", code: "beyond_your_life", detail: "Your own key ends earlier." };
  }
}

function unknown(pointer: string, code: string, id: string): Fault {
  return { pointer, code, detail: `There is no ${id} in this organization.` };
}

function pointerOfScope(permission: Permission, asked: readonly Permission[] | undefined): string {
  const index = asked?.indexOf(permission) ?? -1;
  return index < 0 ? "/scopes" : `/scopes/${index}`;
}
