-- What the sweep of namespaces tells operators of a kube, apart from what the placement loop does: each writes its own. The
-- rights on the table cover it.

-- AlterTable
ALTER TABLE "kube" ADD COLUMN "orphan_guards" JSONB NOT NULL DEFAULT '[]';
