import { describe, expect, it } from "vitest";
import { sightsOf } from "./operator-reads.ts";

const OF_CLUSTERS = { within: "data", organization: "organization_id", cluster: "cluster_id" };
const of = (organization_id: string, cluster_id?: string | null) => ({ organization_id, cluster_id });
const told = (data: object[], tenantData = OF_CLUSTERS) =>
  sightsOf(tenantData, { data }).map(({ organizationId, targetType, targetId }) => [
    organizationId,
    targetType,
    targetId,
  ]);

describe("what an answer shows of tenants", () => {
  it("is each tenant once: its cluster when all is of one, else the organization", () => {
    expect(told([of("org_a", "cl_1"), of("org_b", "cl_2"), of("org_a", "cl_1"), of("org_b", "cl_3")])).toEqual([
      ["org_a", "cluster", "cl_1"],
      ["org_b", "organization", "org_b"],
    ]);
    expect(told([of("org_a", "cl_1"), of("org_a", null)])).toEqual([["org_a", "organization", "org_a"]]);
    expect(told([])).toEqual([]);
  });

  it("is of the organization where no cluster is named, and found in the answer itself where it lists nothing", () => {
    expect(told([of("org_a", "cl_1")], { within: "data", organization: "organization_id" } as never)).toEqual([
      ["org_a", "organization", "org_a"],
    ]);
    expect(sightsOf({ organization: "id" }, { id: "org_a" })).toEqual([
      { organizationId: "org_a", targetType: "organization", targetId: "org_a" },
    ]);
  });

  it("cannot be told of an answer without the member: it is not given", () => {
    expect(() => told([{}])).toThrow("has no organization_id");
  });
});
