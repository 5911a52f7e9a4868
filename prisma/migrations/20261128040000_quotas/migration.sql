-- What clusters take and cost an hour, stored with them, and what an organization has of it, kept beside its limits.

-- AlterTable
ALTER TABLE "component" ADD COLUMN "price_micro_usd_per_hour" INTEGER;
ALTER TABLE "cluster"
  ADD COLUMN "instance_count" INTEGER,
  ADD COLUMN "memory_mib" INTEGER,
  ADD COLUMN "storage_mib" INTEGER,
  ADD COLUMN "price_micro_usd_per_hour" INTEGER;
ALTER TABLE "organization"
  ADD COLUMN "used_clusters" INTEGER NOT NULL DEFAULT 0,
  ADD COLUMN "used_instances" INTEGER NOT NULL DEFAULT 0,
  ADD COLUMN "used_memory_mib" BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN "used_storage_mib" BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN "used_micro_usd_per_hour" BIGINT NOT NULL DEFAULT 0;

-- By hand: what is there already ---------------------------------------------------------------------------------------

-- The size catalogue of this day (packages/domain/src/sizes.ts): a GiB of memory, its price, and a GiB of storage beyond
-- what the size includes.
UPDATE "component" m SET "price_micro_usd_per_hour" = s.price
  + 150 * ceil(greatest(0, m."storage_mib" - s.gib * 30 * 1024) / 1024.0)::integer
  FROM (SELECT gib || 'g' AS name, gib, gib * 22000 AS price FROM unnest(ARRAY[1, 2, 4, 8, 16, 32, 64]) AS gib) s
 WHERE s.name = m."size";
ALTER TABLE "component" ALTER COLUMN "price_micro_usd_per_hour" SET NOT NULL;

UPDATE "cluster" c SET ("instance_count", "memory_mib", "storage_mib", "price_micro_usd_per_hour") =
  (SELECT coalesce(sum(m."instance_count"), 0), coalesce(sum(m."instance_count" * m."memory_mib"), 0),
          coalesce(sum(m."instance_count" * m."storage_mib"), 0), coalesce(sum(m."instance_count" * m."price_micro_usd_per_hour"), 0)
     FROM "component" m WHERE m."cluster_id" = c."id");
ALTER TABLE "cluster"
  ALTER COLUMN "instance_count" SET NOT NULL,
  ALTER COLUMN "memory_mib" SET NOT NULL,
  ALTER COLUMN "storage_mib" SET NOT NULL,
  ALTER COLUMN "price_micro_usd_per_hour" SET NOT NULL;

UPDATE "organization" o
   SET ("used_clusters", "used_instances", "used_memory_mib", "used_storage_mib", "used_micro_usd_per_hour") =
  (SELECT count(*), coalesce(sum(c."instance_count"), 0), coalesce(sum(c."memory_mib"), 0), coalesce(sum(c."storage_mib"), 0),
          coalesce(sum(c."price_micro_usd_per_hour"), 0)
     FROM "cluster" c WHERE c."organization_id" = o."id" AND c."state" <> 'deleted');

ALTER TABLE "component" ADD CONSTRAINT "component_price_check" CHECK ("price_micro_usd_per_hour" >= 0);
ALTER TABLE "cluster"
  ADD CONSTRAINT "cluster_totals_check" CHECK (least("instance_count", "memory_mib", "storage_mib", "price_micro_usd_per_hour") >= 0);
ALTER TABLE "organization"
  ADD CONSTRAINT "organization_usage_check" CHECK (least("used_clusters", "used_instances", "used_memory_mib", "used_storage_mib",
    "used_micro_usd_per_hour") >= 0);

-- By hand: who counts --------------------------------------------------------------------------------------------------

-- Counted here and nowhere else, so that no writer can forget it, whichever role it has: the roles may read these columns
-- and not write them. Kept, not summed up, so that ten thousand clusters cost no more than ten, and so that a key which
-- sees some of the clusters alone is told the truth. The row is the one that an accepted create has locked anyway. Whoever
-- changes a cluster's state locks its row first and this one second; a create locks this one, and no other cluster's.
CREATE FUNCTION "berth_count_cluster"() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP <> 'INSERT' AND OLD.state <> 'deleted' THEN
    UPDATE public.organization SET
      used_clusters = used_clusters - 1,
      used_instances = used_instances - OLD.instance_count,
      used_memory_mib = used_memory_mib - OLD.memory_mib,
      used_storage_mib = used_storage_mib - OLD.storage_mib,
      used_micro_usd_per_hour = used_micro_usd_per_hour - OLD.price_micro_usd_per_hour
    WHERE id = OLD.organization_id;
  END IF;
  IF TG_OP <> 'DELETE' AND NEW.state <> 'deleted' THEN
    UPDATE public.organization SET
      used_clusters = used_clusters + 1,
      used_instances = used_instances + NEW.instance_count,
      used_memory_mib = used_memory_mib + NEW.memory_mib,
      used_storage_mib = used_storage_mib + NEW.storage_mib,
      used_micro_usd_per_hour = used_micro_usd_per_hour + NEW.price_micro_usd_per_hour
    WHERE id = NEW.organization_id;
  END IF;
  RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION "berth_count_cluster"() FROM PUBLIC;
CREATE TRIGGER "cluster_counted" AFTER INSERT OR DELETE ON "cluster" FOR EACH ROW EXECUTE FUNCTION "berth_count_cluster"();
CREATE TRIGGER "cluster_recounted"
  AFTER UPDATE OF "state", "organization_id", "instance_count", "memory_mib", "storage_mib", "price_micro_usd_per_hour" ON "cluster"
  FOR EACH ROW WHEN ((OLD."state" = 'deleted') <> (NEW."state" = 'deleted') OR
    (OLD."organization_id", OLD."instance_count", OLD."memory_mib", OLD."storage_mib", OLD."price_micro_usd_per_hour") IS DISTINCT FROM
    (NEW."organization_id", NEW."instance_count", NEW."memory_mib", NEW."storage_mib", NEW."price_micro_usd_per_hour"))
  EXECUTE FUNCTION "berth_count_cluster"();

-- By hand: partial indexes ---------------------------------------------------------------------------------------------
-- What is live of these is counted too, by looking: some end by themselves when their time is over.
CREATE INDEX "api_key_organization_id_live_idx" ON "api_key"("organization_id") WHERE "revoked_at" IS NULL;
CREATE INDEX "member_organization_id_live_idx" ON "member"("organization_id") WHERE "removed_at" IS NULL;
CREATE INDEX "invitation_organization_id_open_idx" ON "invitation"("organization_id") WHERE "accepted_at" IS NULL AND "revoked_at" IS NULL;
