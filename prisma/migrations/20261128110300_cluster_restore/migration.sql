-- A deleted cluster comes back with its data for as long as no volume of it has gone.

-- AlterTable
ALTER TABLE "cluster" ADD COLUMN "purge_started_at" TIMESTAMPTZ(3);

-- By hand --------------------------------------------------------------------------------------------------------------

-- A purge has no way back: whatever clears the end of the grace period after it began is refused here.
ALTER TABLE "cluster" ADD CONSTRAINT "cluster_purge_check" CHECK ("purge_started_at" IS NULL OR "purge_at" IS NOT NULL);

ALTER TABLE "operation" DROP CONSTRAINT "operation_kind_check";
ALTER TABLE "operation" ADD CONSTRAINT "operation_kind_check"
  CHECK ("kind" IN ('cluster.create', 'cluster.delete', 'cluster.restore', 'credential.create', 'credential.delete'));

-- Where an instance ran says nothing once it is gone, and an instance that comes back would seem to have a place.
UPDATE "instance" SET "node_name" = NULL, "machine_id" = NULL WHERE "state" = 'removed';
