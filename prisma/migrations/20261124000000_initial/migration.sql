-- Tables, indexes and foreign keys as Prisma's diff of prisma/schema writes them (lists are NOT NULL besides); from
-- "By hand" on, what a Prisma schema cannot say. The roles come from prisma/roles.sql, which the runner runs first.

-- CreateTable
CREATE TABLE "cluster" (
    "id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "kube_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "region" TEXT NOT NULL,
    "engine" TEXT NOT NULL,
    "labels" JSONB NOT NULL DEFAULT '{}',
    "deletion_protection" BOOLEAN NOT NULL DEFAULT false,
    "generation" INTEGER NOT NULL DEFAULT 1,
    "observed_generation" INTEGER NOT NULL DEFAULT 0,
    "status_version" INTEGER NOT NULL DEFAULT 0,
    "desired_release" INTEGER NOT NULL DEFAULT 1,
    "current_release" INTEGER,
    "state" TEXT NOT NULL DEFAULT 'creating',
    "health" TEXT NOT NULL DEFAULT 'unknown',
    "waiting_for" JSONB NOT NULL DEFAULT '[]',
    "last_failure" JSONB,
    "observed_at" TIMESTAMPTZ(3),
    "engine_uuid" TEXT,
    "initial_masters" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
    "users_ready_at" TIMESTAMPTZ(3),
    "delete_requested_at" TIMESTAMPTZ(3),
    "purge_at" TIMESTAMPTZ(3),
    "deleted_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "next_check_at" TIMESTAMPTZ(3) DEFAULT CURRENT_TIMESTAMP,
    "wakes" INTEGER NOT NULL DEFAULT 0,
    "failures" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "cluster_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "release" (
    "id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "cluster_id" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "spec" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "release_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "component" (
    "id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "cluster_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "roles" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
    "size" TEXT NOT NULL,
    "instance_count" INTEGER NOT NULL,
    "memory_mib" INTEGER NOT NULL,
    "cpu_milli" INTEGER NOT NULL,
    "storage_mib" INTEGER NOT NULL,
    "zones" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],

    CONSTRAINT "component_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "instance" (
    "id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "cluster_id" TEXT NOT NULL,
    "component_id" TEXT NOT NULL,
    "ordinal" INTEGER NOT NULL,
    "zone" TEXT NOT NULL,
    "pod_name" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'pending',
    "release" INTEGER NOT NULL DEFAULT 1,
    "node_name" TEXT,
    "machine_id" TEXT,
    "pod_address" TEXT,
    "decision_id" TEXT,
    "restarts" INTEGER NOT NULL DEFAULT 0,
    "observed_at" TIMESTAMPTZ(3),

    CONSTRAINT "instance_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "credential" (
    "id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "cluster_id" TEXT NOT NULL,
    "username" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "hint" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'pending',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "credential_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "secret_value" (
    "owner" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "organization_id" TEXT,
    "key_id" TEXT NOT NULL,
    "wrapped_key" BYTEA NOT NULL,
    "nonce" BYTEA NOT NULL,
    "ciphertext" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "secret_value_pkey" PRIMARY KEY ("owner","name")
);

-- CreateTable
CREATE TABLE "kube" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "region" TEXT NOT NULL,
    "zones" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
    "is_static" BOOLEAN NOT NULL DEFAULT false,
    "api_server_url" TEXT NOT NULL,
    "storage_class" TEXT NOT NULL DEFAULT 'gp3',
    "version" TEXT,
    "health" TEXT NOT NULL DEFAULT 'unknown',
    "health_message" TEXT,
    "simulated" BOOLEAN NOT NULL DEFAULT false,
    "waiting_for" JSONB NOT NULL DEFAULT '[]',
    "observed_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "next_check_at" TIMESTAMPTZ(3) DEFAULT CURRENT_TIMESTAMP,
    "wakes" INTEGER NOT NULL DEFAULT 0,
    "failures" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "kube_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "pool" (
    "id" TEXT NOT NULL,
    "kube_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "zones" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
    "machine_types" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
    "instances_per_machine" INTEGER NOT NULL DEFAULT 16,
    "cpu_limit_percent" INTEGER NOT NULL DEFAULT 400,
    "empty_after_seconds" INTEGER NOT NULL DEFAULT 600,
    "max_machines" INTEGER NOT NULL DEFAULT 1000,
    "image_id" TEXT NOT NULL DEFAULT 'ami-00000000000000000',
    "subnet_ids" JSONB NOT NULL DEFAULT '{}',
    "security_group_ids" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
    "instance_profile" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "pool_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "offering" (
    "region" TEXT NOT NULL,
    "zone" TEXT NOT NULL,
    "machine_type" TEXT NOT NULL,
    "price_micro_usd_per_hour" INTEGER NOT NULL,
    "vcpu" INTEGER NOT NULL,
    "memory_mib" INTEGER NOT NULL,
    "ebs_volume_limit" INTEGER NOT NULL,
    "ebs_volume_limit_type" TEXT NOT NULL,
    "architecture" TEXT NOT NULL,
    "unavailable_until" TIMESTAMPTZ(3),

    CONSTRAINT "offering_pkey" PRIMARY KEY ("region","zone","machine_type")
);

-- CreateTable
CREATE TABLE "machine" (
    "id" TEXT NOT NULL,
    "kube_id" TEXT NOT NULL,
    "pool_id" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'planned',
    "node_name" TEXT NOT NULL,
    "zone" TEXT NOT NULL,
    "machine_type" TEXT NOT NULL,
    "price_micro_usd_per_hour" INTEGER NOT NULL,
    "allocatable" JSONB NOT NULL,
    "cloud_instance_id" TEXT,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "alternatives" JSONB NOT NULL DEFAULT '[]',
    "waiting_for" JSONB NOT NULL DEFAULT '[]',
    "last_failure" JSONB,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "launched_at" TIMESTAMPTZ(3),
    "ready_at" TIMESTAMPTZ(3),
    "empty_since" TIMESTAMPTZ(3),
    "terminating_at" TIMESTAMPTZ(3),
    "terminated_at" TIMESTAMPTZ(3),
    "next_check_at" TIMESTAMPTZ(3) DEFAULT CURRENT_TIMESTAMP,
    "wakes" INTEGER NOT NULL DEFAULT 0,
    "failures" INTEGER NOT NULL DEFAULT 0,
    "observed_at" TIMESTAMPTZ(3),

    CONSTRAINT "machine_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "launch" (
    "id" TEXT NOT NULL,
    "machine_id" TEXT NOT NULL,
    "attempt" INTEGER NOT NULL,
    "client_token" TEXT NOT NULL,
    "machine_type" TEXT NOT NULL,
    "zone" TEXT NOT NULL,
    "request" JSONB NOT NULL,
    "bootstrap_token_id" TEXT NOT NULL,
    "outcome" TEXT NOT NULL DEFAULT 'pending',
    "message" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "launch_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "placement_decision" (
    "id" TEXT NOT NULL,
    "kube_id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "cluster_id" TEXT NOT NULL,
    "instance_id" TEXT NOT NULL,
    "pod_uid" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "node_name" TEXT,
    "machine_id" TEXT,
    "candidates" JSONB NOT NULL,
    "reasons" JSONB NOT NULL DEFAULT '[]',
    "executed_at" TIMESTAMPTZ(3),
    "verdict" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "placement_decision_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "lease" (
    "name" TEXT NOT NULL,
    "holder" TEXT NOT NULL,
    "epoch" BIGINT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "lease_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "operation" (
    "id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'pending',
    "target_type" TEXT NOT NULL,
    "target_id" TEXT NOT NULL,
    "generation" INTEGER NOT NULL,
    "steps" JSONB NOT NULL,
    "error" JSONB,
    "requested_by" TEXT NOT NULL,
    "request_id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "operation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "event" (
    "seq" BIGSERIAL NOT NULL,
    "id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "target_type" TEXT NOT NULL,
    "target_id" TEXT NOT NULL,
    "operation_id" TEXT,
    "data" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "event_pkey" PRIMARY KEY ("seq")
);

-- CreateTable
CREATE TABLE "audit_event" (
    "seq" BIGSERIAL NOT NULL,
    "id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "target_type" TEXT NOT NULL,
    "target_id" TEXT NOT NULL,
    "request_id" TEXT NOT NULL,
    "data" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "audit_event_pkey" PRIMARY KEY ("seq")
);

-- CreateTable
CREATE TABLE "idempotency_record" (
    "organization_id" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "fingerprint" BYTEA NOT NULL,
    "status" INTEGER,
    "headers" JSONB,
    "key_id" TEXT,
    "wrapped_key" BYTEA,
    "nonce" BYTEA,
    "ciphertext" BYTEA,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "idempotency_record_pkey" PRIMARY KEY ("organization_id","key")
);

-- CreateTable
CREATE TABLE "organization" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "max_clusters" INTEGER NOT NULL DEFAULT 20,
    "max_instances" INTEGER NOT NULL DEFAULT 200,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "organization_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "project" (
    "id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "project_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_key" (
    "id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "public_id" TEXT NOT NULL,
    "secret_hash" BYTEA NOT NULL,
    "name" TEXT NOT NULL,
    "scopes" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),
    "created_by" TEXT NOT NULL,

    CONSTRAINT "api_key_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "cluster_organization_id_id_idx" ON "cluster"("organization_id", "id");

-- CreateIndex
CREATE INDEX "cluster_kube_id_idx" ON "cluster"("kube_id");

-- CreateIndex
CREATE UNIQUE INDEX "release_cluster_id_number_key" ON "release"("cluster_id", "number");

-- CreateIndex
CREATE UNIQUE INDEX "component_cluster_id_name_key" ON "component"("cluster_id", "name");

-- CreateIndex
CREATE INDEX "instance_cluster_id_idx" ON "instance"("cluster_id");

-- CreateIndex
CREATE INDEX "instance_machine_id_idx" ON "instance"("machine_id");

-- CreateIndex
CREATE INDEX "instance_organization_id_id_idx" ON "instance"("organization_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "instance_component_id_ordinal_key" ON "instance"("component_id", "ordinal");

-- CreateIndex
CREATE INDEX "credential_cluster_id_username_idx" ON "credential"("cluster_id", "username");

-- CreateIndex
CREATE UNIQUE INDEX "kube_name_key" ON "kube"("name");

-- CreateIndex
CREATE UNIQUE INDEX "pool_kube_id_name_key" ON "pool"("kube_id", "name");

-- CreateIndex
CREATE UNIQUE INDEX "machine_node_name_key" ON "machine"("node_name");

-- CreateIndex
CREATE UNIQUE INDEX "machine_cloud_instance_id_key" ON "machine"("cloud_instance_id");

-- CreateIndex
CREATE INDEX "machine_kube_id_state_idx" ON "machine"("kube_id", "state");

-- CreateIndex
CREATE INDEX "machine_pool_id_idx" ON "machine"("pool_id");

-- CreateIndex
CREATE UNIQUE INDEX "launch_client_token_key" ON "launch"("client_token");

-- CreateIndex
CREATE INDEX "launch_bootstrap_token_id_idx" ON "launch"("bootstrap_token_id");

-- CreateIndex
CREATE UNIQUE INDEX "launch_machine_id_attempt_key" ON "launch"("machine_id", "attempt");

-- CreateIndex
CREATE INDEX "placement_decision_instance_id_created_at_idx" ON "placement_decision"("instance_id", "created_at");

-- CreateIndex
CREATE INDEX "placement_decision_kube_id_created_at_idx" ON "placement_decision"("kube_id", "created_at");

-- CreateIndex
CREATE INDEX "placement_decision_cluster_id_created_at_idx" ON "placement_decision"("cluster_id", "created_at");

-- CreateIndex
CREATE INDEX "operation_organization_id_id_idx" ON "operation"("organization_id", "id");

-- CreateIndex
CREATE INDEX "operation_target_id_state_idx" ON "operation"("target_id", "state");

-- CreateIndex
CREATE UNIQUE INDEX "event_id_key" ON "event"("id");

-- CreateIndex
CREATE INDEX "event_organization_id_seq_idx" ON "event"("organization_id", "seq");

-- CreateIndex
CREATE INDEX "event_operation_id_seq_idx" ON "event"("operation_id", "seq");

-- CreateIndex
CREATE INDEX "event_target_id_seq_idx" ON "event"("target_id", "seq");

-- CreateIndex
CREATE UNIQUE INDEX "audit_event_id_key" ON "audit_event"("id");

-- CreateIndex
CREATE INDEX "audit_event_organization_id_seq_idx" ON "audit_event"("organization_id", "seq");

-- CreateIndex
CREATE INDEX "idempotency_record_created_at_idx" ON "idempotency_record"("created_at");

-- CreateIndex
CREATE UNIQUE INDEX "organization_name_key" ON "organization"("name");

-- CreateIndex
CREATE UNIQUE INDEX "project_organization_id_name_key" ON "project"("organization_id", "name");

-- CreateIndex
CREATE UNIQUE INDEX "api_key_public_id_key" ON "api_key"("public_id");

-- AddForeignKey
ALTER TABLE "cluster" ADD CONSTRAINT "cluster_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "project"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "cluster" ADD CONSTRAINT "cluster_kube_id_fkey" FOREIGN KEY ("kube_id") REFERENCES "kube"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "release" ADD CONSTRAINT "release_cluster_id_fkey" FOREIGN KEY ("cluster_id") REFERENCES "cluster"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "component" ADD CONSTRAINT "component_cluster_id_fkey" FOREIGN KEY ("cluster_id") REFERENCES "cluster"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "instance" ADD CONSTRAINT "instance_component_id_fkey" FOREIGN KEY ("component_id") REFERENCES "component"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "credential" ADD CONSTRAINT "credential_cluster_id_fkey" FOREIGN KEY ("cluster_id") REFERENCES "cluster"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "pool" ADD CONSTRAINT "pool_kube_id_fkey" FOREIGN KEY ("kube_id") REFERENCES "kube"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "machine" ADD CONSTRAINT "machine_kube_id_fkey" FOREIGN KEY ("kube_id") REFERENCES "kube"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "machine" ADD CONSTRAINT "machine_pool_id_fkey" FOREIGN KEY ("pool_id") REFERENCES "pool"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "launch" ADD CONSTRAINT "launch_machine_id_fkey" FOREIGN KEY ("machine_id") REFERENCES "machine"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "project" ADD CONSTRAINT "project_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organization"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "api_key" ADD CONSTRAINT "api_key_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organization"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- By hand: closed lists ------------------------------------------------------------------------------------------------
-- The words of packages/domain/src/states.ts; a test compares the two.

ALTER TABLE "cluster"
  ADD CONSTRAINT "cluster_state_check" CHECK ("state" IN ('creating', 'running', 'updating', 'deleting', 'deleted')),
  ADD CONSTRAINT "cluster_health_check" CHECK ("health" IN ('unknown', 'green', 'yellow', 'red')),
  ADD CONSTRAINT "cluster_engine_check" CHECK ("engine" IN ('elasticsearch', 'opensearch')),
  ADD CONSTRAINT "cluster_generation_check" CHECK ("generation" >= 1 AND "observed_generation" <= "generation");
ALTER TABLE "component"
  ADD CONSTRAINT "component_counts_check" CHECK ("instance_count" >= 1 AND "memory_mib" > 0 AND "cpu_milli" > 0 AND "storage_mib" > 0);
ALTER TABLE "instance"
  ADD CONSTRAINT "instance_state_check" CHECK ("state" IN ('pending', 'gated', 'placed', 'starting', 'running', 'stopping', 'removed')),
  ADD CONSTRAINT "instance_ordinal_check" CHECK ("ordinal" >= 0);
ALTER TABLE "credential"
  ADD CONSTRAINT "credential_state_check" CHECK ("state" IN ('pending', 'active', 'deleting', 'deleted')),
  ADD CONSTRAINT "credential_role_check" CHECK ("role" IN ('customer_admin', 'customer_read'));
ALTER TABLE "kube"
  ADD CONSTRAINT "kube_health_check" CHECK ("health" IN ('unknown', 'healthy', 'unreachable'));
ALTER TABLE "machine"
  ADD CONSTRAINT "machine_state_check" CHECK ("state" IN ('planned', 'launching', 'booting', 'ready', 'draining', 'terminating', 'terminated', 'failed')),
  ADD CONSTRAINT "machine_price_check" CHECK ("price_micro_usd_per_hour" >= 0);
ALTER TABLE "launch"
  ADD CONSTRAINT "launch_outcome_check" CHECK ("outcome" IN ('pending', 'launched', 'refused')),
  ADD CONSTRAINT "launch_client_token_check" CHECK (length("client_token") <= 64);
ALTER TABLE "placement_decision"
  ADD CONSTRAINT "placement_decision_outcome_check" CHECK ("outcome" IN ('placed', 'waiting_for_machine', 'refused'));
ALTER TABLE "operation"
  ADD CONSTRAINT "operation_state_check" CHECK ("state" IN ('pending', 'running', 'cancelling', 'succeeded', 'failed', 'cancelled')),
  ADD CONSTRAINT "operation_kind_check" CHECK ("kind" IN ('cluster.create', 'cluster.delete', 'credential.create', 'credential.delete')),
  ADD CONSTRAINT "operation_finished_check" CHECK (("finished_at" IS NOT NULL) = ("state" IN ('succeeded', 'failed', 'cancelled')));
ALTER TABLE "lease"
  ADD CONSTRAINT "lease_epoch_check" CHECK ("epoch" >= 1);
-- An outcome is whole or not there at all.
ALTER TABLE "idempotency_record"
  ADD CONSTRAINT "idempotency_record_outcome_check"
  CHECK (num_nonnulls("status", "headers", "key_id", "wrapped_key", "nonce", "ciphertext") IN (0, 6));

-- By hand: partial indexes ---------------------------------------------------------------------------------------------

-- A name is free again once its cluster is gone.
CREATE UNIQUE INDEX "cluster_project_id_name_live_key" ON "cluster"("project_id", "name") WHERE "deleted_at" IS NULL;
CREATE UNIQUE INDEX "credential_cluster_id_username_live_key" ON "credential"("cluster_id", "username") WHERE "state" <> 'deleted';
-- One mutating operation per target at a time.
CREATE UNIQUE INDEX "operation_target_id_open_key" ON "operation"("target_id") WHERE "state" IN ('pending', 'running', 'cancelling');
-- The sweep reads these in order; rows that need no look ever again are not in them.
CREATE INDEX "cluster_due_idx" ON "cluster"("next_check_at") WHERE "next_check_at" IS NOT NULL;
CREATE INDEX "kube_due_idx" ON "kube"("next_check_at") WHERE "next_check_at" IS NOT NULL;
CREATE INDEX "machine_due_idx" ON "machine"("next_check_at") WHERE "next_check_at" IS NOT NULL;

-- By hand: notifications -----------------------------------------------------------------------------------------------

-- A row that becomes due wakes its loop: payload `<loop>:<id>`. Sent at commit, once per row and transaction. A hint
-- only: the sweep of due rows finds what nobody heard.
CREATE FUNCTION "berth_notify_due"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('berth_due', TG_ARGV[0] || ':' || NEW.id);
  RETURN NULL;
END
$$;
-- The millisecond: timestamptz(3) may round now() up.
CREATE TRIGGER "cluster_due" AFTER INSERT OR UPDATE OF "next_check_at" ON "cluster"
  FOR EACH ROW WHEN (NEW."next_check_at" <= now() + interval '1 ms') EXECUTE FUNCTION "berth_notify_due"('clusters');
CREATE TRIGGER "kube_due" AFTER INSERT OR UPDATE OF "next_check_at" ON "kube"
  FOR EACH ROW WHEN (NEW."next_check_at" <= now() + interval '1 ms') EXECUTE FUNCTION "berth_notify_due"('placement');
CREATE TRIGGER "machine_due" AFTER INSERT OR UPDATE OF "next_check_at" ON "machine"
  FOR EACH ROW WHEN (NEW."next_check_at" <= now() + interval '1 ms') EXECUTE FUNCTION "berth_notify_due"('machines');

-- Within an organization, seq must grow in the order of commits: a reader that has seen 7 asks for what is after 7, and
-- would miss a 6 that commits later. So the number is drawn under a lock that is held until the commit. Events are
-- therefore written last in a transaction (the db package does so): the lock is short, and its holder waits for nobody.
CREATE FUNCTION "berth_order_event"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('event/' || NEW.organization_id, 0));
  NEW.seq := nextval('event_seq_seq');
  RETURN NEW;
END
$$;
CREATE TRIGGER "event_order" BEFORE INSERT ON "event" FOR EACH ROW EXECUTE FUNCTION "berth_order_event"();

CREATE FUNCTION "berth_notify_event"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('berth_event', NEW.organization_id || ':' || NEW.seq);
  RETURN NULL;
END
$$;
CREATE TRIGGER "event_notify" AFTER INSERT ON "event" FOR EACH ROW EXECUTE FUNCTION "berth_notify_event"();

-- By hand: the one lookup before the tenant is known -------------------------------------------------------------------

-- As its owner, so that the API can check a key that it holds without being able to read the others' hashes.
CREATE FUNCTION "berth_find_api_key"(wanted text)
RETURNS TABLE ("id" text, "organization_id" text, "organization_name" text, "public_id" text, "secret_hash" bytea,
  "name" text, "scopes" text[], "created_at" timestamptz, "expires_at" timestamptz, "revoked_at" timestamptz, "created_by" text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT k.id, k.organization_id, o.name, k.public_id, k.secret_hash, k.name, k.scopes, k.created_at, k.expires_at, k.revoked_at, k.created_by
  FROM public.api_key k JOIN public.organization o ON o.id = k.organization_id
  WHERE k.public_id = wanted
$$;
REVOKE ALL ON FUNCTION "berth_find_api_key"(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION "berth_find_api_key"(text) TO berth_api;

-- A cluster's CA certificate goes to its customers, but is kept among the secrets. The API stores secrets and cannot read
-- them back; this one row of its own tenant it may have.
CREATE FUNCTION "berth_find_cluster_ca"(tenant text, cluster text)
RETURNS TABLE ("key_id" text, "wrapped_key" bytea, "nonce" bytea, "ciphertext" bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT s.key_id, s.wrapped_key, s.nonce, s.ciphertext
  FROM public.secret_value s JOIN public.cluster c ON s.owner = 'cluster/' || c.id
  WHERE c.id = cluster AND c.organization_id = tenant AND s.name = 'ca_cert'
$$;
REVOKE ALL ON FUNCTION "berth_find_cluster_ca"(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION "berth_find_cluster_ca"(text, text) TO berth_api;

-- By hand: who may do what ---------------------------------------------------------------------------------------------
-- Nothing is for everybody. A new table is for nobody until its migration grants it.
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON SEQUENCES FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

GRANT SELECT, INSERT ON "organization", "project", "release", "component", "instance" TO berth_api;
-- FOR UPDATE, which counts quotas, wants the right to change some column.
GRANT UPDATE ("name") ON "organization" TO berth_api;
GRANT INSERT, UPDATE ("name", "scopes", "expires_at", "revoked_at") ON "api_key" TO berth_api;
GRANT SELECT ("id", "organization_id", "public_id", "name", "scopes", "created_at", "expires_at", "revoked_at", "created_by") ON "api_key" TO berth_api;
GRANT SELECT, INSERT ON "cluster" TO berth_api;
GRANT UPDATE ("labels", "deletion_protection", "generation", "state", "delete_requested_at", "purge_at", "next_check_at", "wakes") ON "cluster" TO berth_api;
GRANT SELECT, INSERT, UPDATE ("state") ON "credential" TO berth_api;
-- Stores secrets, and cannot read them back.
GRANT INSERT ON "secret_value" TO berth_api;
GRANT SELECT, INSERT, UPDATE ("next_check_at", "wakes") ON "kube" TO berth_api;
GRANT SELECT, INSERT, UPDATE ON "pool" TO berth_api;
GRANT SELECT ON "offering", "machine", "placement_decision" TO berth_api;
-- Not the request and not the bootstrap token's id.
GRANT SELECT ("id", "machine_id", "attempt", "machine_type", "zone", "outcome", "message", "created_at") ON "launch" TO berth_api;
GRANT SELECT, INSERT, UPDATE ("state", "error", "steps", "started_at", "finished_at") ON "operation" TO berth_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON "idempotency_record" TO berth_api;

GRANT SELECT ON "organization", "project", "release", "component", "pool" TO berth_worker;
GRANT SELECT, UPDATE ON "cluster", "instance", "credential", "kube" TO berth_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON "secret_value" TO berth_worker;
GRANT SELECT, INSERT, UPDATE ON "offering", "machine", "launch", "placement_decision", "lease" TO berth_worker;
GRANT SELECT, UPDATE ON "operation" TO berth_worker;
-- Expired outcomes go; what they were is not the worker's business.
GRANT SELECT ("organization_id", "key", "created_at"), DELETE ON "idempotency_record" TO berth_worker;

-- What happened stays as it was written: neither may change or remove it.
GRANT SELECT, INSERT ON "event", "audit_event" TO berth_api, berth_worker;
GRANT USAGE ON SEQUENCE "event_seq_seq", "audit_event_seq_seq" TO berth_api, berth_worker;
