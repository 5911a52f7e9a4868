-- A zone of a large fleet has thousands of nodes: a decision lists a part of its candidates, and counts all.

-- AlterTable
ALTER TABLE "placement_decision" ADD COLUMN "considered" INTEGER,
ADD COLUMN "refusals" JSONB NOT NULL DEFAULT '[]';
