import { beyond, type Permission } from "./access.ts";
import type { ClusterId, MemberId, ProjectId } from "./ids.ts";
import { isNetworkWithin, type Network, parseNetwork } from "./networks.ts";

/** active: opens something now. A key is revoked too when its member has left. */
export const API_KEY_STATES = ["active", "expired", "revoked"] as const;
export type ApiKeyState = (typeof API_KEY_STATES)[number];

/** Everything in which one key can be more than another. */
export interface Grant {
  readonly permissions: readonly Permission[];
  /** Whom it acts for; undefined for a key of the organization's own. */
  readonly memberId: MemberId | undefined;
  /** With either list not empty it reaches these projects' clusters and these clusters alone. */
  readonly projectIds: readonly ProjectId[];
  readonly clusterIds: readonly ClusterId[];
  /** Networks that it can be used from; from anywhere when empty. */
  readonly cidrs: readonly string[];
  /** null: for ever. */
  readonly expiresAt: Date | null;
}

/** One thing in which a grant is more than another. */
export type Excess =
  | { readonly kind: "permission"; readonly permission: Permission }
  | { readonly kind: "member" }
  | { readonly kind: "project"; readonly id: ProjectId }
  | { readonly kind: "cluster"; readonly id: ClusterId }
  | { readonly kind: "whole_organization" }
  | { readonly kind: "network"; readonly cidr: string }
  | { readonly kind: "any_network" }
  | { readonly kind: "expiry" };

/** The project of a cluster; undefined when that is not known, and then it counts as none of anybody's projects. */
export type ProjectOf = (cluster: ClusterId) => ProjectId | undefined;

export function isLimited(reach: Pick<Grant, "projectIds" | "clusterIds">): boolean {
  return reach.projectIds.length > 0 || reach.clusterIds.length > 0;
}

/**
 * In what `wanted` is more than `held`: the whole of the rule that nobody grants more than they have. Empty: in nothing.
 *
 * In doubt it finds an excess: a network must be within a single one of `held`, not within several together.
 */
export function findExcess(wanted: Grant, held: Grant, projectOf: ProjectOf): Excess[] {
  return [
    ...beyond(wanted.permissions, held.permissions).map((permission) => ({ kind: "permission", permission }) as const),
    ...(wanted.memberId === undefined || wanted.memberId === held.memberId ? [] : [{ kind: "member" } as const]),
    ...excessOfReach(wanted, held, projectOf),
    ...excessOfNetworks(wanted.cidrs, held.cidrs),
    ...(endsLater(wanted.expiresAt, held.expiresAt) ? [{ kind: "expiry" } as const] : []),
  ];
}

function excessOfReach(wanted: Grant, held: Grant, projectOf: ProjectOf): Excess[] {
  if (!isLimited(held)) return [];
  if (!isLimited(wanted)) return [{ kind: "whole_organization" }];
  const isHeld = (id: ClusterId) => {
    const projectId = projectOf(id);
    return held.clusterIds.includes(id) || (projectId !== undefined && held.projectIds.includes(projectId));
  };
  return [
    ...wanted.projectIds.filter((id) => !held.projectIds.includes(id)).map((id) => ({ kind: "project", id }) as const),
    ...wanted.clusterIds.filter((id) => !isHeld(id)).map((id) => ({ kind: "cluster", id }) as const),
  ];
}

function excessOfNetworks(wanted: readonly string[], held: readonly string[]): Excess[] {
  if (held.length === 0) return [];
  if (wanted.length === 0) return [{ kind: "any_network" }];
  const outer = networksOf(held);
  return wanted
    .filter((cidr) => !networksOf([cidr]).some((inner) => outer.some((one) => isNetworkWithin(inner, one))))
    .map((cidr) => ({ kind: "network", cidr }) as const);
}

/** What is no network holds no address, and is within nothing. */
function networksOf(cidrs: readonly string[]): Network[] {
  return cidrs.flatMap((cidr) => {
    const network = parseNetwork(cidr);
    return network.ok ? [network.value] : [];
  });
}

function endsLater(one: Date | null, other: Date | null): boolean {
  if (other === null) return false;
  return one === null || one.getTime() > other.getTime();
}
