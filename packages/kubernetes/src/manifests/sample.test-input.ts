import { ENGINE_VERSIONS, type EngineName, type EngineVersion, idFromUuid } from "@berth/domain";
import type { ClusterManifestInput } from "./input.ts";

/** A cluster for tests: three instances that do everything. */
export function sampleInput(engine: EngineName, over: Partial<ClusterManifestInput> = {}): ClusterManifestInput {
  return {
    environment: "test",
    clusterId: idFromUuid("cluster", "01890000-0000-7000-8000-000000000001"),
    organizationId: idFromUuid("organization", "01890000-0000-7000-8000-000000000002"),
    projectId: idFromUuid("project", "01890000-0000-7000-8000-000000000003"),
    generation: 1,
    engine: versionOf(engine),
    components: [
      {
        name: "data",
        roles: ["master", "data", "ingest"],
        instances: 3,
        size: "4g",
        memoryMib: 4096,
        cpuMilli: 750,
        cpuLimitMilli: 3000,
        storageMib: 122_880,
      },
    ],
    labels: { team: "search", "example.com/cost-centre": "42" },
    storageClass: "berth-gp3",
    initialMasters: ["data-0", "data-1", "data-2"],
    seedAddresses: ["10.0.1.7", "10.0.0.5"],
    tls: { caCertPem: "CA\n", certPem: "CERTIFICATE\n", keyPem: "KEY\n" },
    userFiles: { users: "berth:$2b$10$hash\n" },
    workerAccess: [{ namespaceLabels: { "kubernetes.io/metadata.name": "berth" }, podLabels: { app: "worker" } }],
    gatewayAccess: [{ namespaceLabels: { "kubernetes.io/metadata.name": "berth-gateway" } }],
    snapshotAccess: [],
    ...over,
  };
}

function versionOf(engine: EngineName): EngineVersion {
  const found = ENGINE_VERSIONS.find((version) => version.engine === engine);
  if (found === undefined) throw new Error(`no version of ${engine}`);
  return found;
}
