import { X509Certificate } from "node:crypto";
import { idFromUuid } from "@berth/domain";
import { describe, expect, it } from "vitest";
import { createClusterCa, issueLeaf, serverNameOf } from "./tls.ts";

const clusterId = idFromUuid("cluster", "01890000-0000-7000-8000-000000000001");
const now = new Date("2026-11-24T00:00:00Z");

describe("certificates of a cluster", () => {
  it("has a leaf that its own CA signed, for the services' names and never for localhost", async () => {
    const ca = await createClusterCa(clusterId, now);
    const other = await createClusterCa(clusterId, now);
    const issued = await issueLeaf(ca, clusterId, now, { addresses: ["127.20.0.5"] });
    const leaf = new X509Certificate(issued.certPem);
    expect(leaf.verify(new X509Certificate(ca.certPem).publicKey)).toBe(true);
    expect(leaf.verify(new X509Certificate(other.certPem).publicKey)).toBe(false);
    expect(leaf.checkHost(serverNameOf(clusterId))).toBe(serverNameOf(clusterId));
    expect(leaf.checkHost(`data-0.nodes.${serverNameOf(clusterId).split(".").slice(1).join(".")}`)).toBeDefined();
    expect(leaf.checkHost("localhost")).toBeUndefined();
    expect(leaf.checkIP("127.20.0.5")).toBe("127.20.0.5");
    expect(leaf.subject).toBe("O=berth\nCN=nodes");
  });

  it("lives 90 days and is renewed after 60; the CA lives five years", async () => {
    const ca = await createClusterCa(clusterId, now);
    const leaf = await issueLeaf(ca, clusterId, now);
    expect(leaf.notAfter).toEqual(new Date("2027-02-22T00:00:00Z"));
    expect(leaf.renewAt).toEqual(new Date("2027-01-23T00:00:00Z"));
    expect(new X509Certificate(ca.certPem).validTo).toBe("Nov 23 00:00:00 2031 GMT");
  });

  it("never outlives its CA", async () => {
    const ca = await createClusterCa(clusterId, now);
    const late = new Date(now.getTime() + (5 * 365 - 10) * 86_400_000);
    expect((await issueLeaf(ca, clusterId, late)).notAfter).toEqual(new Date("2031-11-23T00:00:00Z"));
  });
});
