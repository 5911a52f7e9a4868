import { ENGINE_VERSIONS, parseMebibytesUp, ROLES } from "@berth/domain";
import type { KubernetesObject } from "@berth/ports";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import {
  anchorManifest,
  type ClusterManifestInput,
  customerLabels,
  namespaceManifest,
  ownedManifests,
  statefulSetManifest,
  templateHashOf,
} from "./index.ts";
import { type Fields, fields, list, restrictedViolations } from "./restricted.test-input.ts";
import { sampleInput } from "./sample.test-input.ts";

const anchor = { uid: "6c9bd0ce-0000-4000-8000-000000000000" };
const dnsLabel = fc.stringMatching(/^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$/);
const labelKey = fc.stringMatching(/^([a-z]{1,8}\.[a-z]{1,8}\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,20}[A-Za-z0-9])?$/);

const component = fc.record({
  name: dnsLabel,
  roles: fc.uniqueArray(fc.constantFrom(...ROLES), { minLength: 1 }),
  instances: fc.integer({ min: 1, max: 20 }),
  size: fc.constantFrom("1g", "8g"),
  memoryMib: fc.integer({ min: 512, max: 262_144 }),
  cpuMilli: fc.integer({ min: 50, max: 64_000 }),
  cpuLimitMilli: fc.integer({ min: 50, max: 64_000 }),
  storageMib: fc.integer({ min: 1024, max: 10_000_000 }),
});

const input: fc.Arbitrary<ClusterManifestInput> = fc
  .record({
    engine: fc.constantFrom(...ENGINE_VERSIONS),
    components: fc.uniqueArray(component, { minLength: 1, maxLength: 4, selector: ({ name }) => name }),
    labels: fc.dictionary(labelKey, fc.stringMatching(/^[a-z]{0,10}$/), { maxKeys: 5 }),
    initialMasters: fc.array(dnsLabel, { maxLength: 3 }),
    seedAddresses: fc.array(fc.ipV4(), { maxLength: 5 }),
    generation: fc.integer({ min: 1 }),
  })
  .map((over) => sampleInput("elasticsearch", over));

function podTemplates(cluster: ClusterManifestInput): { spec: Fields; labels: Fields }[] {
  return cluster.components.map((each) => {
    const template = fields(statefulSetManifest(cluster, anchor, each).spec.template);
    return { spec: fields(template.spec), labels: fields(fields(template.metadata).labels) };
  });
}

describe("every cluster that can be asked for", () => {
  it("has pods that the restricted profile lets in", () => {
    fc.assert(
      fc.property(input, (cluster) => {
        for (const { spec } of podTemplates(cluster)) expect(restrictedViolations(spec)).toEqual([]);
      }),
    );
  });

  it("never lets a pod ask for less memory than it may use, and never limits CPU below the request", () => {
    fc.assert(
      fc.property(input, (cluster) => {
        for (const { spec } of podTemplates(cluster)) {
          for (const container of [...list(spec.initContainers), ...list(spec.containers)]) {
            const requests = fields(fields(container.resources).requests);
            const limits = fields(fields(container.resources).limits);
            expect(requests.memory).toBe(limits.memory);
            expect(parseMebibytesUp(String(requests.memory)).ok).toBe(true);
            expect(milli(limits.cpu)).toBeGreaterThanOrEqual(milli(requests.cpu));
          }
        }
      }),
    );
  });

  it("mounts no token, writes to no root file system, and waits for its placement", () => {
    fc.assert(
      fc.property(input, (cluster) => {
        for (const { spec } of podTemplates(cluster)) {
          expect(spec.automountServiceAccountToken).toBe(false);
          expect(spec.enableServiceLinks).toBe(false);
          expect(spec.schedulingGates).toEqual([{ name: "berth.dev/placement" }]);
          expect(fields(spec.affinity).podAntiAffinity).toBeDefined();
          const containers = [...list(spec.initContainers), ...list(spec.containers)];
          expect(containers.every((each) => fields(each.securityContext).readOnlyRootFilesystem === true)).toBe(true);
        }
      }),
    );
  });

  it("is owned by its anchor in all its objects, and has no two of one name", () => {
    fc.assert(
      fc.property(input, (cluster) => {
        const objects = ownedManifests(cluster, anchor, "green");
        for (const { metadata } of objects) {
          expect(metadata.ownerReferences?.map(({ uid }) => uid)).toEqual([anchor.uid]);
          for (const value of Object.values(metadata.labels ?? {})) expect(value.length).toBeLessThanOrEqual(63);
        }
        expect(new Set(objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).size).toBe(objects.length);
      }),
    );
  });

  it("is built the same twice, whatever the order of its addresses and labels", () => {
    fc.assert(
      fc.property(input, (cluster) => {
        const turned = {
          ...cluster,
          seedAddresses: [...cluster.seedAddresses].reverse(),
          initialMasters: [...cluster.initialMasters].reverse(),
          labels: Object.fromEntries(Object.entries(cluster.labels).reverse()),
        };
        const text = (of: ClusterManifestInput): string => JSON.stringify(ownedManifests(of, anchor, "green"));
        expect(text(turned)).toBe(text(cluster));
      }),
    );
  });

  it("keeps every instance's room in the quota, and one more", () => {
    fc.assert(
      fc.property(input, (cluster) => {
        const quota = ownedManifests(cluster, anchor, "green").find(({ kind }) => kind === "ResourceQuota");
        const hard = fields(fields(quota && "spec" in quota ? quota.spec : {}).hard);
        const used = cluster.components.reduce((sum, each) => sum + each.instances * each.memoryMib, 0);
        const largest = Math.max(...cluster.components.map(({ memoryMib }) => memoryMib));
        expect(parseMebibytesUp(String(hard["limits.memory"]))).toEqual({ ok: true, value: used + largest });
      }),
    );
  });
});

describe("the hash of a pod template", () => {
  const cluster = sampleInput("elasticsearch");
  const [data] = cluster.components;
  if (data === undefined) throw new Error("the sample has a component");
  const base = templateHashOf(cluster, data);

  it("stays when what changes needs no restart", () => {
    const kept: Partial<ClusterManifestInput>[] = [
      { initialMasters: [] },
      { seedAddresses: ["10.9.9.9"] },
      { labels: { other: "x" } },
      { generation: 7 },
      { tls: { caCertPem: "x", certPem: "y", keyPem: "z" } },
      { userFiles: {} },
    ];
    for (const over of kept) expect(templateHashOf({ ...cluster, ...over }, data)).toBe(base);
    const template = (over: Partial<ClusterManifestInput>) =>
      statefulSetManifest({ ...cluster, ...over }, anchor, data).spec.template;
    for (const over of kept) expect(template(over)).toEqual(template({}));
    expect(templateHashOf(cluster, { ...data, instances: 5, roles: ["ingest", "data", "master"] })).toBe(base);
  });

  it("changes with the image, the resources and the roles", () => {
    const image = { ...cluster, engine: { ...cluster.engine, image: "other" } };
    expect(templateHashOf(image, data)).not.toBe(base);
    for (const over of [
      { memoryMib: 8192 },
      { cpuMilli: 800 },
      { cpuLimitMilli: 4000 },
      { roles: ["data"] as const },
    ]) {
      expect(templateHashOf(cluster, { ...data, ...over })).not.toBe(base);
    }
  });
});

describe("what a StatefulSet may never change", () => {
  it("stays through a change of size, roles, count and labels", () => {
    const cluster = sampleInput("elasticsearch");
    const [data] = cluster.components;
    if (data === undefined) throw new Error("the sample has a component");
    const fixed = (of: ClusterManifestInput, component: typeof data): unknown[] => {
      const { spec } = statefulSetManifest(of, anchor, component);
      return [spec.selector, spec.serviceName, spec.podManagementPolicy, spec.volumeClaimTemplates];
    };
    const changed = { ...data, size: "8g", memoryMib: 8192, roles: ["data"] as const, instances: 5 };
    expect(fixed({ ...cluster, labels: {}, generation: 2 }, changed)).toEqual(fixed(cluster, data));
  });
});

describe("first masters", () => {
  const yml = (over: Partial<ClusterManifestInput>): Fields => {
    const objects = ownedManifests(sampleInput("elasticsearch", over), anchor, "unknown");
    const config = objects.find(({ metadata }) => metadata.name === "data-config");
    return parse(String(fields(config && "data" in config ? config.data : {})["elasticsearch.yml"]));
  };

  it("are named until the cluster has formed, and never after", () => {
    expect(yml({})["cluster.initial_master_nodes"]).toEqual(["data-0", "data-1", "data-2"]);
    expect(Object.keys(yml({ initialMasters: [] })).filter((key) => key.includes("initial"))).toEqual([]);
  });
});

describe("disruption budgets", () => {
  const allowed = (health: "unknown" | "green" | "yellow" | "red", over: Partial<ClusterManifestInput> = {}) => {
    const objects = ownedManifests(sampleInput("elasticsearch", over), anchor, health);
    const budgets = objects.filter(({ kind }) => kind === "PodDisruptionBudget");
    return budgets.map((each) => fields("spec" in each ? each.spec : {}).maxUnavailable);
  };
  const masters = { ...sampleInput("elasticsearch").components[0], name: "master", roles: ["master"] } as const;
  const both = { components: [...sampleInput("elasticsearch").components, masters] } as Partial<ClusterManifestInput>;

  it("bear one data instance while green, others while yellow, none while red or unknown", () => {
    expect(allowed("green", both)).toEqual([1, 1]);
    expect(allowed("yellow", both)).toEqual([0, 1]);
    expect(allowed("red", both)).toEqual([0, 0]);
    expect(allowed("unknown", both)).toEqual([0, 0]);
  });
});

describe("network policies", () => {
  const policies = (over: Partial<ClusterManifestInput> = {}): KubernetesObject[] =>
    ownedManifests(sampleInput("elasticsearch", over), anchor, "green").filter(({ kind }) => kind === "NetworkPolicy");

  it("deny all, then name each exception", () => {
    expect(policies().map(({ metadata }) => metadata.name)).toEqual([
      "default-deny",
      "allow-transport-within-cluster",
      "allow-dns",
      "allow-http-from-gateway",
      "allow-http-from-worker",
    ]);
  });

  it("make no rule with an empty list of peers, which would let everybody in", () => {
    for (const policy of policies({ gatewayAccess: [], workerAccess: [], snapshotAccess: [] })) {
      const spec = fields("spec" in policy ? policy.spec : {});
      for (const rule of list(spec.ingress)) expect(list(rule.from).length).toBeGreaterThan(0);
      for (const rule of list(spec.egress)) expect(list(rule.to).length).toBeGreaterThan(0);
    }
  });

  it("cut the metadata address out of wide ranges", () => {
    const text = JSON.stringify(policies({ snapshotAccess: [{ cidr: "0.0.0.0/0" }, { cidr: "10.0.0.0/8" }] }));
    expect(text).toContain('{"cidr":"0.0.0.0/0","except":["169.254.0.0/16"]}');
    expect(text).toContain('{"cidr":"10.0.0.0/8"}');
  });
});

describe("customers' labels", () => {
  it("can be taken for nobody else's and never meet", () => {
    fc.assert(
      fc.property(fc.dictionary(labelKey, fc.constant("x"), { maxKeys: 20 }), (labels) => {
        const mapped = customerLabels(labels);
        expect(Object.keys(mapped)).toHaveLength(Object.keys(labels).length);
        expect(Object.keys(mapped).every((key) => /(^|\.)labels\.berth\.dev\//.test(key))).toBe(true);
      }),
    );
  });
});

describe("a cluster of three instances", () => {
  it.each(["elasticsearch", "opensearch"] as const)("of %s looks as in its golden file", async (engine) => {
    const cluster = sampleInput(engine);
    const objects = [namespaceManifest(cluster), anchorManifest(cluster), ...ownedManifests(cluster, anchor, "green")];
    const text = objects
      .map((object) => `---\n${stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })}`)
      .join("");
    await expect(text).toMatchFileSnapshot(`./golden/three-instances-${engine}.yaml`);
  });
});

function milli(cpu: unknown): number {
  const text = String(cpu);
  return text.endsWith("m") ? Number(text.slice(0, -1)) : Number(text) * 1000;
}
