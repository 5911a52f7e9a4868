import { expect, it } from "vitest";
import { bootstrapTokenSecret } from "./bootstrap-token.ts";

const input = {
  tokenId: "abcdef",
  tokenSecret: "0123456789abcdef",
  expiresAt: new Date("2026-11-24T01:00:00.500Z"),
  machineId: "mac_01",
};

it("gives a token that may authenticate in Berth's group alone, and ends", () => {
  const secret = bootstrapTokenSecret(input);
  const decoded = Object.fromEntries(
    Object.entries(secret.data ?? {}).map(([name, value]) => [name, Buffer.from(value, "base64").toString()]),
  );
  expect(secret.metadata).toMatchObject({ name: "bootstrap-token-abcdef", namespace: "kube-system" });
  expect(secret.type).toBe("bootstrap.kubernetes.io/token");
  expect(decoded).toMatchObject({
    expiration: "2026-11-24T01:00:00Z",
    "usage-bootstrap-authentication": "true",
    "auth-extra-groups": "system:bootstrappers:berth",
  });
  expect(decoded["usage-bootstrap-signing"]).toBeUndefined();
});

it("refuses parts that are no token", () => {
  expect(() => bootstrapTokenSecret({ ...input, tokenId: "ABCDEF" })).toThrow(TypeError);
  expect(() => bootstrapTokenSecret({ ...input, tokenSecret: "short" })).toThrow(TypeError);
});
