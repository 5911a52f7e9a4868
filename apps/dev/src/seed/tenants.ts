import { type NewApiKey, publicIdOf } from "@berth/api";
import {
  createDatabase,
  type Database,
  findApiKeysByPublicId,
  findOrganizationByName,
  insertApiKey,
  insertOrganization,
  insertProject,
  sqlTransaction,
} from "@berth/db";
import { type OrganizationKind, permissionsOfKind } from "@berth/domain";
import { systemIds } from "@berth/runtime";
import type { DataFolder } from "../data-folder.ts";
import { DevFailure } from "../dev-failure.ts";
import { openInstallation, rememberApiKey } from "../installation.ts";

export interface Tenants {
  readonly operatorKey: string;
  /** The first is the one that is printed. */
  readonly customerKeys: readonly [string, ...string[]];
}

const OPERATORS = "berth-operators";
/** The customer whose key is printed, and two more for the fleet. */
const CUSTOMERS = ["acme", "globex", "initech"] as const;

/**
 * Makes organizations, each with a project and a key, where they are not there yet. Not through the API: it makes keys
 * for whoever has one, and somebody has to have the first.
 */
export async function seedTenants(
  databaseUrl: string,
  folder: DataFolder,
  makeKey: () => NewApiKey,
  options: { readonly all: boolean },
): Promise<Tenants> {
  const database = createDatabase({ url: databaseUrl, role: "berth_migrator", poolSize: 1 });
  try {
    const seed = (organization: string, kind: OrganizationKind) =>
      seedTenant(database, folder, makeKey, { organization, kind });
    const operatorKey = await seed(OPERATORS, "platform");
    const [first, ...others] = CUSTOMERS;
    const customerKeys: [string, ...string[]] = [await seed(first, "customer")];
    for (const customer of options.all ? others : []) customerKeys.push(await seed(customer, "customer"));
    return { operatorKey, customerKeys };
  } finally {
    await database.close();
  }
}

/** The tenant's key: the one that was made with it, whatever the tenant is called by now. */
async function seedTenant(
  database: Database,
  folder: DataFolder,
  makeKey: () => NewApiKey,
  tenant: { readonly organization: string; readonly kind: OrganizationKind },
): Promise<string> {
  const { organization, kind } = tenant;
  const known = openInstallation(folder).apiKeys[organization];
  if (known !== undefined && (await isStored(database, known))) return known;
  if ((await findOrganizationByName(database, organization)) !== undefined) {
    throw new DevFailure(
      `the key of ${organization} is not in ${folder.path} any more. Start anew with another --data FOLDER`,
    );
  }

  const key = makeKey();
  // Kept before its row is committed: a key that works and that nobody knows could never be had again.
  rememberApiKey(folder, organization, key.text);
  await sqlTransaction(database, async (tx) => {
    const organizationId = systemIds.next("organization");
    await insertOrganization(tx, { id: organizationId, name: organization, kind });
    await insertProject(tx, { id: systemIds.next("project"), organizationId, name: "default" });
    await insertApiKey(tx, {
      id: systemIds.next("apiKey"),
      organizationId,
      publicId: key.publicId,
      secretHash: key.secretHash,
      name: "dev",
      scopes: permissionsOfKind(kind),
      createdBy: "system",
    });
  });
  return key.text;
}

/** Whether the key's row was committed. */
async function isStored(database: Database, key: string): Promise<boolean> {
  const publicId = publicIdOf(key);
  return publicId !== undefined && (await findApiKeysByPublicId(database, [publicId])).length > 0;
}
