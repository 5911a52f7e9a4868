import type { OrganizationId } from "@berth/domain";
import { type Database, sqlOn } from "./database.ts";
import type { Envelope, Sealed } from "./envelope.ts";
import { fenced } from "./loops/fenced.ts";
import type { SecretStore } from "./loops/types.ts";
import type { Sql } from "./sql.ts";

/** A value ready to be stored: no key service is asked for it any more, so it may be stored within a transaction. */
export interface SealedSecret extends Sealed {
  /** `credential/crd_…`, `cluster/cl_…`, `kube/kub_…`, `launch/lch_…`. */
  readonly owner: string;
  readonly name: string;
  readonly organizationId: OrganizationId | undefined;
}

/** Where a secret is kept, as it is authenticated. Owners and names hold no further slash than the owner's own. */
export function placeOfSecret(owner: string, name: string): string {
  return `secret_value/${owner}/${name}`;
}

/** Seals a value for `storeSecret`; before a transaction, as the key service may take its time. */
export async function sealSecret(
  envelope: Envelope,
  owner: string,
  name: string,
  value: string,
  organizationId?: OrganizationId,
): Promise<SealedSecret> {
  const sealed = await envelope.seal(placeOfSecret(owner, name), Buffer.from(value, "utf8"));
  return { owner, name, organizationId, ...sealed };
}

/** Stores a new value; a unique violation when there is one already. All that the API may do with secrets. */
export async function storeSecret(sql: Sql, secret: SealedSecret): Promise<void> {
  await sql.query(INSERT, valuesOf(secret));
}

const INSERT = `insert into secret_value (owner, name, organization_id, key_id, wrapped_key, nonce, ciphertext)
  values ($1, $2, $3, $4, $5, $6, $7)`;

function valuesOf(secret: SealedSecret): unknown[] {
  const { owner, name, organizationId, keyId, wrappedKey, nonce, ciphertext } = secret;
  return [owner, name, organizationId ?? null, keyId, wrappedKey, nonce, ciphertext];
}

export interface SecretKeeper extends SecretStore {
  /** Seals a value for a transaction that stores it beside other rows. */
  seal(owner: string, name: string, value: string): Promise<SealedSecret>;
  /** Stores a value in place of the one before. */
  put(owner: string, name: string, value: string, organizationId?: OrganizationId): Promise<void>;
  /** Forgets all values of an owner. */
  forget(owner: string): Promise<void>;
}

/** The worker's secrets: read, kept once, replaced, forgotten. */
export function secretKeeper(sql: Pick<Database, "query" | "pool">, envelope: Envelope): SecretKeeper {
  const get = async (owner: string, name: string): Promise<string | undefined> => {
    const [row] = await sql.query<Sealed>(
      `select key_id as "keyId", wrapped_key as "wrappedKey", nonce, ciphertext from secret_value where owner = $1 and name = $2`,
      [owner, name],
    );
    if (row === undefined) return undefined;
    return Buffer.from(await envelope.open(placeOfSecret(owner, name), row)).toString("utf8");
  };

  return {
    get,
    seal: (owner, name, value) => sealSecret(envelope, owner, name, value),
    putOnce: async (lease, owner, name, value, organizationId) => {
      const secret = await sealSecret(envelope, owner, name, value, organizationId);
      const stored = await fenced(sql.pool, lease, (client) =>
        sqlOn(client).query(`${INSERT} on conflict do nothing returning owner`, valuesOf(secret)),
      );
      if (stored.length === 1) return value;
      const first = await get(owner, name);
      if (first === undefined) throw new Error(`secret ${owner}/${name} was forgotten while it was stored`);
      return first;
    },
    put: async (owner, name, value, organizationId) => {
      const secret = await sealSecret(envelope, owner, name, value, organizationId);
      await sql.query(
        `${INSERT} on conflict (owner, name) do update set organization_id = excluded.organization_id,
           key_id = excluded.key_id, wrapped_key = excluded.wrapped_key, nonce = excluded.nonce,
           ciphertext = excluded.ciphertext, created_at = now()`,
        valuesOf(secret),
      );
    },
    forget: async (owner) => {
      await sql.query("delete from secret_value where owner = $1", [owner]);
    },
  };
}

/**
 * A cluster's CA certificate as PEM; undefined until the worker has made it, or when the cluster is not of the tenant that
 * the transaction is held to. It is kept among the secrets with its key; this is the one of them that the API can read.
 */
export async function findClusterCa(sql: Sql, envelope: Envelope, clusterId: string): Promise<string | undefined> {
  const [row] = await sql.query<Sealed>(
    `select key_id as "keyId", wrapped_key as "wrappedKey", nonce, ciphertext from berth_find_cluster_ca($1)`,
    [clusterId],
  );
  if (row === undefined) return undefined;
  const pem = await envelope.open(placeOfSecret(`cluster/${clusterId}`, "ca_cert"), row);
  return Buffer.from(pem).toString("utf8");
}
