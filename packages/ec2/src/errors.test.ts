import type { PortErrorKind } from "@berth/ports";
import { describe, expect, it } from "vitest";
import { asPortError, refusalOf } from "./errors.ts";

const vendor = (name: string, httpStatusCode?: number): Error =>
  Object.assign(new Error("x"), { name, $metadata: { httpStatusCode } });

describe("EC2 errors", () => {
  it.each([
    ["InsufficientInstanceCapacity", "insufficient_capacity"],
    ["InsufficientFreeAddressesInSubnet", "insufficient_capacity"],
    ["IdempotentParameterMismatch", "token_reused"],
    ["IdempotentInstanceTerminated", "token_reused"],
    ["VcpuLimitExceeded", "limit_exceeded"],
    ["InstanceLimitExceeded", "limit_exceeded"],
    ["Unsupported", "unsupported"],
  ])("%s changes the plan: %s", (code, kind) => expect(refusalOf(vendor(code, 400))?.kind).toBe(kind));

  it.each<[string, number | undefined, PortErrorKind]>([
    ["RequestLimitExceeded", 503, "throttled"],
    ["UnauthorizedOperation", 403, "denied"],
    ["AuthFailure", 401, "denied"],
    ["CredentialsProviderError", undefined, "denied"],
    ["InvalidInstanceID.NotFound", 400, "not_found"],
    ["InvalidAMIID.Malformed", 400, "invalid"],
    ["IncorrectInstanceState", 400, "conflict"],
    ["InternalError", 500, "unavailable"],
    ["SomethingNew", 400, "invalid"],
    ["SomethingNew", 502, "unavailable"],
    ["TimeoutError", undefined, "unavailable"],
  ])("%s with status %s is thrown as %s", (code, status, kind) => {
    expect(refusalOf(vendor(code, status))).toBeUndefined();
    expect(asPortError(vendor(code, status), "x").kind).toBe(kind);
  });
});
