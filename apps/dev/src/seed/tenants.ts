import type { NewApiKey } from "@berth/api";
import { CUSTOMER_PERMISSIONS, OPERATOR_PERMISSIONS, type Permission } from "@berth/contract";
import {
  createDatabase,
  type Database,
  findOrganizationByName,
  insertApiKey,
  insertOrganization,
  insertProject,
  sqlTransaction,
} from "@berth/db";
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
    const seed = (organization: string, permissions: readonly Permission[]) =>
      seedTenant(database, folder, makeKey, { organization, permissions });
    const operatorKey = await seed(OPERATORS, OPERATOR_PERMISSIONS);
    const [first, ...others] = CUSTOMERS;
    const customerKeys: [string, ...string[]] = [await seed(first, CUSTOMER_PERMISSIONS)];
    for (const customer of options.all ? others : []) customerKeys.push(await seed(customer, CUSTOMER_PERMISSIONS));
    return { operatorKey, customerKeys };
  } finally {
    await database.close();
  }
}

/** The tenant's key: the one that was made with it. */
async function seedTenant(
  database: Database,
  folder: DataFolder,
  makeKey: () => NewApiKey,
  tenant: { readonly organization: string; readonly permissions: readonly Permission[] },
): Promise<string> {
  const { organization, permissions } = tenant;
  if ((await findOrganizationByName(database, organization)) !== undefined) {
    const known = openInstallation(folder).apiKeys[organization];
    if (known !== undefined) return known;
    throw new DevFailure(
      `the key of ${organization} is not in ${folder.path} any more. Start anew with another --data FOLDER`,
    );
  }

  const key = makeKey();
  // Kept before its row is committed: a key that works and that nobody knows could never be had again.
  rememberApiKey(folder, organization, key.text);
  await sqlTransaction(database, async (tx) => {
    const organizationId = systemIds.next("organization");
    await insertOrganization(tx, { id: organizationId, name: organization });
    await insertProject(tx, { id: systemIds.next("project"), organizationId, name: "default" });
    await insertApiKey(tx, {
      id: systemIds.next("apiKey"),
      organizationId,
      publicId: key.publicId,
      secretHash: key.secretHash,
      name: "dev",
      scopes: permissions,
      createdBy: "system",
    });
  });
  return key.text;
}
