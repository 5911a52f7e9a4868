-- The one request for a node's certificate that a launch approves. The worker's rights on the table cover it.

-- AlterTable
ALTER TABLE "launch" ADD COLUMN "approved_request" JSONB;
