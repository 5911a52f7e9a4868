import { describe, expect, it } from "vitest";
import {
  beyond,
  CUSTOMER_ROLES,
  effectivePermissions,
  LIMITABLE_PERMISSIONS,
  MEMBER_ROLES,
  ORGANIZATION_KINDS,
  PERMISSIONS,
  PLATFORM_PERMISSIONS,
  permissionsOfKind,
  permissionsOfRole,
  rolesOf,
  TENANT_PERMISSIONS,
} from "./access.ts";

describe("roles", () => {
  it("of a customer never hold what is the platform's", () => {
    for (const role of CUSTOMER_ROLES) {
      expect(beyond(permissionsOfRole("customer", role), TENANT_PERMISSIONS)).toEqual([]);
    }
  });

  it.each(ORGANIZATION_KINDS)("of a %s are all within the owner's", (kind) => {
    for (const role of rolesOf(kind))
      expect(beyond(permissionsOfRole(kind, role), permissionsOfKind(kind))).toEqual([]);
  });

  it("an admin cannot make an owner", () => {
    const held = permissionsOfRole("customer", "admin");
    expect(beyond(permissionsOfRole("customer", "owner"), held)).toEqual(["organization:write"]);
  });

  it("give nothing in a kind of organization that does not have them", () => {
    expect(permissionsOfRole("customer", "operator-act")).toEqual([]);
    expect(permissionsOfRole("platform", "developer")).toEqual([]);
  });
});

describe("what a key opens", () => {
  it("is nothing of the platform's in a customer's organization, whatever its row says", () => {
    const opened = effectivePermissions({ scopes: PERMISSIONS, kind: "customer", role: undefined, isLimited: false });
    expect(opened).toEqual(TENANT_PERMISSIONS);
  });

  it("is no more than its member's role allows now", () => {
    for (const role of MEMBER_ROLES) {
      for (const kind of ORGANIZATION_KINDS) {
        const opened = effectivePermissions({ scopes: PERMISSIONS, kind, role, isLimited: false });
        expect([...opened].sort()).toEqual([...permissionsOfRole(kind, role)].sort());
      }
    }
  });

  it("is no more than its scopes, and never a word that is no permission", () => {
    const scopes = ["clusters:read", "clusters:everything", "__proto__"];
    const opened = effectivePermissions({ scopes, kind: "platform", role: "owner", isLimited: false });
    expect(opened).toEqual(["clusters:read"]);
  });

  it("is nothing about the whole organization when it is limited to some of it, whatever its row says", () => {
    const opened = effectivePermissions({ scopes: PERMISSIONS, kind: "platform", role: undefined, isLimited: true });
    expect(opened).toEqual(LIMITABLE_PERMISSIONS);
  });

  it("can be limited only where it is about clusters", () => {
    expect(beyond(LIMITABLE_PERMISSIONS, TENANT_PERMISSIONS)).toEqual([]);
    expect(LIMITABLE_PERMISSIONS.some((one) => PLATFORM_PERMISSIONS.some((platform) => platform === one))).toBe(false);
  });
});
