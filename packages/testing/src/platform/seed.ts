import { makeApiKey } from "@berth/api";
import {
  type Database,
  importOfferings,
  insertApiKey,
  insertOrganization,
  insertProject,
  sqlTransaction,
} from "@berth/db";
import { MAX_QUOTA_MIB, type OrganizationKind, permissionsOfKind } from "@berth/domain";
import { systemIds } from "@berth/runtime";
import { loadAwsCatalogue } from "@berth/simulator";

/** Makes an organization with one project and one key, and gives the key. As the owner: no part of the product may. */
export async function seedOrganization(
  owner: Database,
  pepper: Uint8Array,
  organization: { readonly name: string; readonly kind: OrganizationKind },
): Promise<string> {
  const key = makeApiKey(pepper);
  const organizationId = systemIds.next("organization");
  await sqlTransaction(owner, async (tx) => {
    const unlimited = {
      maxClusters: 10_000,
      maxInstances: 100_000,
      maxMemoryMib: MAX_QUOTA_MIB,
      maxStorageMib: MAX_QUOTA_MIB,
    };
    await insertOrganization(tx, { ...organization, id: organizationId, ...unlimited });
    await insertProject(tx, { id: systemIds.next("project"), organizationId, name: "default" });
    await insertApiKey(tx, {
      id: systemIds.next("apiKey"),
      organizationId,
      publicId: key.publicId,
      secretHash: key.secretHash,
      name: "test",
      scopes: permissionsOfKind(organization.kind),
      createdBy: "test",
    });
  });
  return key.text;
}

/** Puts machine types on sale in every zone, with AWS's own facts and prices. */
export async function seedOfferings(
  owner: Database,
  region: string,
  zones: readonly string[],
  machineTypes: readonly string[],
): Promise<void> {
  const catalogue = loadAwsCatalogue();
  const rows = machineTypes.flatMap((machineType) => {
    const facts = catalogue.types[machineType];
    const price = catalogue.prices[region]?.[machineType];
    if (facts === undefined || price === undefined) throw new Error(`${machineType} is not sold in ${region}`);
    return zones.map((zone) => ({
      region,
      zone,
      machineType,
      priceMicroUsdPerHour: Math.round(price * 1_000_000),
      vcpu: facts.vcpu,
      memoryMib: facts.memoryMiB,
      ebsVolumeLimit: facts.ebsVolumeLimit,
      ebsVolumeLimitType: facts.ebsVolumeLimitType,
      architecture: facts.arch,
    }));
  });
  await importOfferings(owner, rows);
}
