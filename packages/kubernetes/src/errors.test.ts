import type { PortErrorKind } from "@berth/ports";
import { describe, expect, it } from "vitest";
import { portErrorOf, readStatus } from "./errors.ts";

const status = (fields: Record<string, unknown>): string => JSON.stringify({ kind: "Status", ...fields });

describe("portErrorOf", () => {
  const table: [string, number, string, PortErrorKind][] = [
    ["a refused token", 401, status({ code: 401, reason: "Unauthorized" }), "denied"],
    ["a missing right", 403, status({ code: 403, message: 'pods is forbidden: User "x" cannot list' }), "denied"],
    ["Pod Security", 403, status({ code: 403, message: 'violates PodSecurity "restricted:latest"' }), "invalid"],
    ["a full quota", 403, status({ code: 403, message: "exceeded quota: plan" }), "invalid"],
    [
      "a namespace that goes away",
      403,
      status({ code: 403, details: { causes: [{ reason: "NamespaceTerminating" }] } }),
      "conflict",
    ],
    ["no such object", 404, status({ code: 404 }), "not_found"],
    ["a taken name", 409, status({ code: 409, reason: "AlreadyExists" }), "conflict"],
    ["a forgotten version", 410, status({ code: 410, reason: "Expired" }), "conflict"],
    ["a bad field", 422, status({ code: 422, reason: "Invalid" }), "invalid"],
    ["an unknown path", 405, "nope", "invalid"],
    ["too many requests", 429, status({ code: 429 }), "throttled"],
    [
      "an apply with an unknown field",
      500,
      status({ code: 500, message: "failed to create typed patch object (n/o; /v1, Kind=Service): .spec.x: field" }),
      "invalid",
    ],
    ["a server's failure", 500, status({ code: 500 }), "unavailable"],
    ["a gateway's page", 503, "<html>", "unavailable"],
  ];
  it.each(table)("takes %s (%i) for what it is", (_what, code, body, kind) => {
    expect(portErrorOf(readStatus(code, body, undefined), "GET /x").kind).toBe(kind);
  });

  it("reads how long to wait from the header, else from the body", () => {
    const body = status({ code: 429, details: { retryAfterSeconds: 7 } });
    expect(portErrorOf(readStatus(429, body, "3"), "x").retryAfterMs).toBe(3000);
    expect(portErrorOf(readStatus(429, body, undefined), "x").retryAfterMs).toBe(7000);
  });
});
