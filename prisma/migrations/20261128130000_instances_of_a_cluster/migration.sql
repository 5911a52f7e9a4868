-- Row-level security asks for the organization too: one index for both, instead of two that are read and compared.
CREATE INDEX "instance_cluster_id_organization_id_idx" ON "instance"("cluster_id", "organization_id");
DROP INDEX "instance_cluster_id_idx";
