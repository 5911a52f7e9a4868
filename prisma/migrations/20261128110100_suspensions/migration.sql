-- Why an organization is suspended, and since when.

-- AlterTable
ALTER TABLE "organization"
  ADD COLUMN "suspended_at" TIMESTAMPTZ(3),
  ADD COLUMN "suspension_reason" TEXT;

-- By hand: what is there already ---------------------------------------------------------------------------------------

UPDATE "organization" SET "suspended_at" = now(), "suspension_reason" = 'not on record' WHERE "state" = 'suspended';

-- By hand: who may do what ---------------------------------------------------------------------------------------------

GRANT UPDATE ("suspended_at", "suspension_reason") ON "organization" TO berth_operator;
