-- Members, invitations, kinds and quotas of organizations, limits of API keys; and the second wall between tenants:
-- row-level security for the API's role.

-- AlterTable
ALTER TABLE "organization"
  ADD COLUMN "kind" TEXT NOT NULL DEFAULT 'customer',
  ADD COLUMN "state" TEXT NOT NULL DEFAULT 'active',
  ADD COLUMN "generation" INTEGER NOT NULL DEFAULT 1,
  ADD COLUMN "max_memory_mib" INTEGER NOT NULL DEFAULT 2097152,
  ADD COLUMN "max_storage_mib" INTEGER NOT NULL DEFAULT 67108864,
  ADD COLUMN "max_projects" INTEGER NOT NULL DEFAULT 100,
  ADD COLUMN "max_members" INTEGER NOT NULL DEFAULT 200,
  ADD COLUMN "max_api_keys" INTEGER NOT NULL DEFAULT 200,
  ADD COLUMN "spend_cap_micro_usd_per_hour" BIGINT,
  ADD CONSTRAINT "organization_kind_check" CHECK ("kind" IN ('customer', 'platform')),
  ADD CONSTRAINT "organization_state_check" CHECK ("state" IN ('active', 'suspended')),
  ADD CONSTRAINT "organization_quota_check" CHECK (least("max_clusters", "max_instances", "max_memory_mib", "max_storage_mib",
    "max_projects", "max_members", "max_api_keys") >= 0 AND coalesce("spend_cap_micro_usd_per_hour", 0) >= 0);

-- AlterTable
ALTER TABLE "project"
  ADD COLUMN "generation" INTEGER NOT NULL DEFAULT 1,
  ADD COLUMN "deleted_at" TIMESTAMPTZ(3);
DROP INDEX "project_organization_id_name_key";
CREATE UNIQUE INDEX "project_organization_id_name_live_key" ON "project"("organization_id", "name") WHERE "deleted_at" IS NULL;
CREATE INDEX "project_organization_id_id_idx" ON "project"("organization_id", "id");

-- CreateTable
CREATE TABLE "member" (
    "id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "generation" INTEGER NOT NULL DEFAULT 1,
    "created_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "removed_at" TIMESTAMPTZ(3),

    CONSTRAINT "member_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "member_role_check" CHECK ("role" IN ('owner', 'admin', 'developer', 'billing', 'viewer', 'operator-read',
      'operator-act', 'security-audit', 'finance')),
    CONSTRAINT "member_email_check" CHECK ("email" = lower("email"))
);
CREATE INDEX "member_organization_id_id_idx" ON "member"("organization_id", "id");
-- Somebody who left may come back.
CREATE UNIQUE INDEX "member_organization_id_email_live_key" ON "member"("organization_id", "email") WHERE "removed_at" IS NULL;
ALTER TABLE "member" ADD CONSTRAINT "member_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organization"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- CreateTable
CREATE TABLE "invitation" (
    "id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "token_hash" BYTEA NOT NULL,
    "created_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "accepted_at" TIMESTAMPTZ(3),
    "member_id" TEXT,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "invitation_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "invitation_role_check" CHECK ("role" IN ('owner', 'admin', 'developer', 'billing', 'viewer', 'operator-read',
      'operator-act', 'security-audit', 'finance')),
    CONSTRAINT "invitation_email_check" CHECK ("email" = lower("email"))
);
CREATE UNIQUE INDEX "invitation_token_hash_key" ON "invitation"("token_hash");
CREATE INDEX "invitation_organization_id_id_idx" ON "invitation"("organization_id", "id");
ALTER TABLE "invitation" ADD CONSTRAINT "invitation_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organization"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AlterTable
ALTER TABLE "api_key"
  ADD COLUMN "member_id" TEXT,
  ADD COLUMN "project_ids" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
  ADD COLUMN "cluster_ids" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
  ADD COLUMN "cidrs" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
  ADD COLUMN "generation" INTEGER NOT NULL DEFAULT 1,
  ADD COLUMN "last_used_at" TIMESTAMPTZ(3),
  ADD COLUMN "last_used_from" TEXT,
  ADD COLUMN "rotated_from" TEXT;
CREATE INDEX "api_key_organization_id_id_idx" ON "api_key"("organization_id", "id");
CREATE INDEX "api_key_member_id_idx" ON "api_key"("member_id");
ALTER TABLE "api_key" ADD CONSTRAINT "api_key_member_id_fkey" FOREIGN KEY ("member_id") REFERENCES "member"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- By hand: lookups before the tenant is known --------------------------------------------------------------------------

DROP FUNCTION "berth_find_api_key"(text);
CREATE FUNCTION "berth_find_api_key"(wanted text)
RETURNS TABLE ("id" text, "organization_id" text, "organization_name" text, "organization_kind" text, "organization_state" text,
  "secret_hash" bytea, "name" text, "scopes" text[], "member_id" text, "role" text, "removed_at" timestamptz,
  "project_ids" text[], "cluster_ids" text[], "cidrs" text[], "expires_at" timestamptz, "revoked_at" timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT k.id, k.organization_id, o.name, o.kind, o.state, k.secret_hash, k.name, k.scopes, k.member_id, m.role, m.removed_at,
         k.project_ids, k.cluster_ids, k.cidrs, k.expires_at, k.revoked_at
  FROM public.api_key k
  JOIN public.organization o ON o.id = k.organization_id
  LEFT JOIN public.member m ON m.id = k.member_id
  WHERE k.public_id = wanted
$$;
REVOKE ALL ON FUNCTION "berth_find_api_key"(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION "berth_find_api_key"(text) TO berth_api;

-- Who may have the CA certificate is the tenant that is set, not one that the caller names.
DROP FUNCTION "berth_find_cluster_ca"(text, text);

-- By hand: the tenant of a transaction ---------------------------------------------------------------------------------
-- Set transaction-locally by the db package before the first statement of a tenant's; without it no row is visible.

CREATE FUNCTION "berth_tenant"() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT nullif(current_setting('berth.organization_id', true), '')
$$;
-- A key may reach some projects and clusters alone: lists of ids, parted by commas. Both empty: all of the organization.
CREATE FUNCTION "berth_is_limited"() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT coalesce(current_setting('berth.project_ids', true), '') <> '' OR coalesce(current_setting('berth.cluster_ids', true), '') <> ''
$$;
CREATE FUNCTION "berth_project_ids"() RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT string_to_array(coalesce(current_setting('berth.project_ids', true), ''), ',')
$$;
CREATE FUNCTION "berth_cluster_ids"() RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT string_to_array(coalesce(current_setting('berth.cluster_ids', true), ''), ',')
$$;
GRANT EXECUTE ON FUNCTION "berth_tenant"(), "berth_is_limited"(), "berth_project_ids"(), "berth_cluster_ids"()
  TO berth_api, berth_operator, berth_worker;

CREATE FUNCTION "berth_find_cluster_ca"(cluster text)
RETURNS TABLE ("key_id" text, "wrapped_key" bytea, "nonce" bytea, "ciphertext" bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT s.key_id, s.wrapped_key, s.nonce, s.ciphertext
  FROM public.secret_value s JOIN public.cluster c ON s.owner = 'cluster/' || c.id
  WHERE c.id = cluster AND c.organization_id = public.berth_tenant() AND s.name = 'ca_cert'
$$;
REVOKE ALL ON FUNCTION "berth_find_cluster_ca"(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION "berth_find_cluster_ca"(text) TO berth_api;

-- What a create and its preview must know of machines on which other tenants are: sizes and zones of what runs there, and
-- whether it is of one cluster, but nobody's ids.
CREATE FUNCTION "berth_kube_machines"(kube text, with_instances boolean)
RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_object('machineId', m.id, 'poolId', m.pool_id, 'zone', m.zone,
           'machineType', m.machine_type, 'priceMicroUsdPerHour', m.price_micro_usd_per_hour,
           'allocatable', m.allocatable, 'state', m.state, 'instances',
           (SELECT coalesce(jsonb_agg(jsonb_build_object('instanceId', md5(i.id), 'clusterId', md5(i.cluster_id),
               'organizationId', md5(i.organization_id), 'cpuMilli', t.cpu_milli, 'memoryMib', t.memory_mib,
               'zone', i.zone, 'roles', to_jsonb(t.roles)) ORDER BY i.id), '[]')
              FROM public.instance i
              JOIN public.component t ON t.id = i.component_id
              JOIN public.cluster c ON c.id = i.cluster_id AND c.kube_id = m.kube_id
             WHERE with_instances AND i.node_name = m.node_name AND i.state <> 'removed')) ORDER BY m.id), '[]')
    FROM public.machine m
    JOIN public.kube k ON k.id = m.kube_id
   WHERE m.kube_id = kube AND (with_instances OR k.is_static) AND m.state NOT IN ('terminated', 'failed')
$$;
CREATE FUNCTION "berth_kube_clusters"(kube text)
RETURNS integer LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT count(*)::integer FROM public.cluster c WHERE c.kube_id = kube AND c.state <> 'deleted'
$$;
REVOKE ALL ON FUNCTION "berth_kube_machines"(text, boolean), "berth_kube_clusters"(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION "berth_kube_machines"(text, boolean), "berth_kube_clusters"(text) TO berth_api, berth_operator;

-- By hand: row-level security ------------------------------------------------------------------------------------------
-- The subselects are evaluated once a statement, not once a row. The owner of the tables is not held to these (its
-- functions above are the exceptions, each with a reason); no role of ours has BYPASSRLS.

DO $policies$
DECLARE
  tenant_table text;
BEGIN
  FOREACH tenant_table IN ARRAY ARRAY['organization', 'project', 'member', 'invitation', 'api_key', 'cluster', 'release',
    'component', 'instance', 'credential', 'secret_value', 'operation', 'event', 'audit_event', 'idempotency_record',
    'placement_decision'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format('CREATE POLICY worker ON %I TO berth_worker USING (true) WITH CHECK (true)', tenant_table);
    EXECUTE format('CREATE POLICY operator ON %I TO berth_operator USING (true) WITH CHECK (true)', tenant_table);
  END LOOP;

  CREATE POLICY tenant ON "organization" TO berth_api USING ("id" = (SELECT berth_tenant()));
  FOREACH tenant_table IN ARRAY ARRAY['member', 'invitation', 'api_key', 'secret_value', 'audit_event', 'idempotency_record'] LOOP
    EXECUTE format('CREATE POLICY tenant ON %I TO berth_api USING ("organization_id" = (SELECT berth_tenant()))', tenant_table);
  END LOOP;

  CREATE POLICY tenant ON "project" TO berth_api USING ("organization_id" = (SELECT berth_tenant())
    AND ((SELECT NOT berth_is_limited()) OR "id" = ANY ((SELECT berth_project_ids())::text[])));
  CREATE POLICY tenant ON "cluster" TO berth_api USING ("organization_id" = (SELECT berth_tenant())
    AND ((SELECT NOT berth_is_limited()) OR "project_id" = ANY ((SELECT berth_project_ids())::text[])
         OR "id" = ANY ((SELECT berth_cluster_ids())::text[])));
  FOREACH tenant_table IN ARRAY ARRAY['release', 'component', 'instance', 'credential'] LOOP
    EXECUTE format('CREATE POLICY tenant ON %1$I TO berth_api USING ("organization_id" = (SELECT berth_tenant())
      AND ((SELECT NOT berth_is_limited()) OR EXISTS (SELECT 1 FROM "cluster" c WHERE c."id" = %1$I."cluster_id")))', tenant_table);
  END LOOP;
  CREATE POLICY tenant ON "operation" TO berth_api USING ("organization_id" = (SELECT berth_tenant())
    AND ((SELECT NOT berth_is_limited()) OR EXISTS (SELECT 1 FROM "cluster" c WHERE c."id" = "operation"."target_id")));
  -- A limited key still writes events of what it changes; it reads those of its clusters and of operations on them.
  CREATE POLICY tenant ON "event" FOR SELECT TO berth_api USING ("organization_id" = (SELECT berth_tenant())
    AND ((SELECT NOT berth_is_limited()) OR EXISTS (SELECT 1 FROM "cluster" c WHERE c."id" = "event"."target_id")
         OR EXISTS (SELECT 1 FROM "operation" o WHERE o."id" = "event"."operation_id")));
  CREATE POLICY tenant_write ON "event" FOR INSERT TO berth_api WITH CHECK ("organization_id" = (SELECT berth_tenant()));
END
$policies$;

-- By hand: who may do what ---------------------------------------------------------------------------------------------

GRANT SELECT, INSERT ON "member", "invitation" TO berth_api;
GRANT UPDATE ("name", "role", "generation", "removed_at") ON "member" TO berth_api;
GRANT UPDATE ("accepted_at", "member_id", "revoked_at") ON "invitation" TO berth_api;
GRANT UPDATE ("name", "generation", "deleted_at") ON "project" TO berth_api;
GRANT UPDATE ("generation", "spend_cap_micro_usd_per_hour") ON "organization" TO berth_api;
GRANT UPDATE ("name") ON "cluster" TO berth_api;
GRANT SELECT ("member_id", "project_ids", "cluster_ids", "cidrs", "generation", "last_used_at", "last_used_from", "rotated_from"),
  UPDATE ("project_ids", "cluster_ids", "cidrs", "generation") ON "api_key" TO berth_api;
GRANT SELECT ON "member" TO berth_worker;

-- What crosses tenants is the operator's from here on.
REVOKE ALL ON "machine", "launch", "placement_decision" FROM berth_api;
REVOKE INSERT ON "organization" FROM berth_api;
REVOKE INSERT, UPDATE ON "kube", "pool" FROM berth_api;
REVOKE UPDATE ("next_check_at", "wakes") ON "kube" FROM berth_api;
REVOKE SELECT ON "kube" FROM berth_api;
GRANT SELECT ("id", "region", "zones", "is_static", "health", "simulated", "observed_at") ON "kube" TO berth_api;

GRANT SELECT, INSERT, UPDATE ("name", "kind", "state", "generation", "max_clusters", "max_instances", "max_memory_mib",
  "max_storage_mib", "max_projects", "max_members", "max_api_keys") ON "organization" TO berth_operator;
GRANT SELECT, INSERT ON "project", "member", "invitation" TO berth_operator;
GRANT SELECT ("id", "organization_id", "public_id", "name", "scopes", "created_at", "expires_at", "revoked_at", "created_by",
  "member_id", "project_ids", "cluster_ids", "cidrs", "generation", "last_used_at", "last_used_from", "rotated_from"),
  INSERT, UPDATE ("revoked_at", "generation") ON "api_key" TO berth_operator;
GRANT SELECT ON "cluster", "release", "component", "instance", "operation", "offering", "machine", "placement_decision" TO berth_operator;
GRANT SELECT, INSERT, UPDATE ON "kube", "pool" TO berth_operator;
GRANT SELECT ("id", "machine_id", "attempt", "machine_type", "zone", "outcome", "message", "created_at") ON "launch" TO berth_operator;
GRANT INSERT ON "secret_value" TO berth_operator;
GRANT SELECT, INSERT, UPDATE, DELETE ON "idempotency_record" TO berth_operator;
GRANT SELECT, INSERT ON "event", "audit_event" TO berth_operator;
GRANT USAGE ON SEQUENCE "event_seq_seq", "audit_event_seq_seq" TO berth_operator;
