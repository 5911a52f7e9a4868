import { BlockList } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PERMISSIONS } from "./access.ts";
import { findExcess, type Grant } from "./api-key.ts";
import type { ClusterId, MemberId, ProjectId } from "./ids.ts";

/** A world that is small enough to count: what a grant is, by what it opens there, not by how it is written. */
const CLUSTERS = new Map(
  ["a", "b", "c", "d", "e", "f"].map((name, index) => [`cl_${name}` as ClusterId, `prj_${index % 3}` as ProjectId]),
);
const PROJECTS = [...new Set(CLUSTERS.values())];
const ADDRESSES = ["10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "192.0.2.1", "::1", "2001:db8::1"];
const CIDRS = [
  "10.0.0.0/30",
  "10.0.0.0/31",
  "10.0.0.4/32",
  "0.0.0.0/0",
  "::/0",
  "2001:db8::/32",
  "::ffff:10.0.0.0/126",
];
const FIELDS = ["permissions", "memberId", "projectIds", "clusterIds", "cidrs", "expiresAt"] as const;
const MEMBERS = ["mem_a", "mem_b"] as MemberId[];

const grant: fc.Arbitrary<Grant> = fc.record({
  permissions: fc.subarray([...PERMISSIONS]),
  memberId: fc.constantFrom(undefined, ...MEMBERS),
  projectIds: fc.subarray(PROJECTS, { maxLength: 2 }),
  clusterIds: fc.subarray([...CLUSTERS.keys()], { maxLength: 3 }),
  cidrs: fc.subarray(CIDRS, { maxLength: 3 }),
  expiresAt: fc.option(fc.constantFrom(1000, 2000, 3000).map((at) => new Date(at))),
});
const projectOf = (id: ClusterId) => CLUSTERS.get(id);

function opens(one: Grant) {
  const isWhole = one.projectIds.length === 0 && one.clusterIds.length === 0;
  const reached = [...CLUSTERS].filter(
    ([id, projectId]) => isWhole || one.clusterIds.includes(id) || one.projectIds.includes(projectId),
  );
  const list = new BlockList();
  for (const cidr of one.cidrs) {
    const [network = "", prefix] = cidr.split("/");
    list.addSubnet(network, Number(prefix), network.includes(":") ? "ipv6" : "ipv4");
  }
  const isIn = (address: string) =>
    one.cidrs.length === 0 || list.check(address, address.includes(":") ? "ipv6" : "ipv4");
  return new Set<string>([
    ...one.permissions,
    ...(one.memberId === undefined ? [] : [one.memberId]),
    // A cluster that is made tomorrow, in each project and in one that is made tomorrow.
    ...(isWhole ? [...PROJECTS, "prj_tomorrow"] : one.projectIds).map((id) => `new cluster in ${id}`),
    ...reached.map(([id]) => id),
    ...ADDRESSES.filter(isIn),
    ...[500, 1500, 2500, 3500].filter((at) => one.expiresAt === null || at < one.expiresAt.getTime()).map(String),
  ]);
}

describe("nobody grants more than they have", () => {
  it("however often a key makes a key: none opens what its maker's maker did not", () => {
    // Much is taken over from the maker: what nearly fits finds more than what is far off.
    const request = fc.record({ maker: fc.nat(), fresh: grant, kept: fc.subarray([...FIELDS], { minLength: 2 }) });
    let accepted = 0;
    fc.assert(
      fc.property(grant, fc.array(request, { maxLength: 30 }), (first, requests) => {
        const keys: { readonly grant: Grant; readonly maker: Grant }[] = [{ grant: first, maker: first }];
        for (const { maker: index, fresh, kept } of requests) {
          const maker = keys[index % keys.length]?.grant ?? first;
          const wanted: Grant = { ...fresh, ...Object.fromEntries(kept.map((field) => [field, maker[field]])) };
          if (findExcess(wanted, maker, projectOf).length === 0) keys.push({ grant: wanted, maker });
        }
        accepted += keys.length - 1;
        for (const { grant: made, maker } of keys) {
          for (const origin of [maker, first]) {
            const held = opens(origin);
            expect([...opens(made)].filter((one) => !held.has(one))).toEqual([]);
          }
        }
      }),
      { numRuns: 300 },
    );
    expect(accepted).toBeGreaterThan(100); // Else this proves nothing.
  });

  it("whoever asks for what they have, or for less, is never refused", () => {
    fc.assert(
      fc.property(grant, grant, (held, other) => {
        expect(findExcess(held, held, projectOf)).toEqual([]);
        const less = { ...held, permissions: held.permissions.filter((one) => other.permissions.includes(one)) };
        expect(findExcess({ ...less, memberId: undefined }, held, projectOf)).toEqual([]);
      }),
    );
  });

  it("each thing that is beyond is named", () => {
    const held: Grant = {
      permissions: ["clusters:read"],
      memberId: undefined,
      projectIds: ["prj_0" as ProjectId],
      clusterIds: [],
      cidrs: ["10.0.0.0/30"],
      expiresAt: new Date(1000),
    };
    const wanted: Grant = {
      permissions: ["clusters:read", "clusters:write"],
      memberId: "mem_a" as MemberId,
      projectIds: ["prj_0", "prj_1"] as ProjectId[],
      clusterIds: ["cl_a", "cl_b", "cl_unknown"] as ClusterId[],
      cidrs: ["10.0.0.1/32", "10.0.0.4/32", "nonsense"],
      expiresAt: null,
    };
    expect(findExcess(wanted, held, projectOf)).toEqual([
      { kind: "permission", permission: "clusters:write" },
      { kind: "member" },
      { kind: "project", id: "prj_1" },
      { kind: "cluster", id: "cl_b" },
      { kind: "cluster", id: "cl_unknown" },
      { kind: "network", cidr: "10.0.0.4/32" },
      { kind: "network", cidr: "nonsense" },
      { kind: "expiry" },
    ]);
    const whole = { ...held, projectIds: [], cidrs: [] };
    expect(findExcess(whole, held, projectOf)).toEqual([{ kind: "whole_organization" }, { kind: "any_network" }]);
  });
});
