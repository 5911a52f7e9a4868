-- Lists are ordered and bounded by the time that their rows show, and by id where that is the same: one range of one index.
CREATE INDEX "cluster_organization_id_created_at_id_idx" ON "cluster"("organization_id", "created_at", "id");
DROP INDEX "cluster_organization_id_id_idx";
CREATE INDEX "operation_organization_id_created_at_id_idx" ON "operation"("organization_id", "created_at", "id");
DROP INDEX "operation_organization_id_id_idx";
CREATE INDEX "project_organization_id_created_at_id_idx" ON "project"("organization_id", "created_at", "id");
DROP INDEX "project_organization_id_id_idx";
CREATE INDEX "member_organization_id_created_at_id_idx" ON "member"("organization_id", "created_at", "id");
DROP INDEX "member_organization_id_id_idx";
CREATE INDEX "invitation_organization_id_created_at_id_idx" ON "invitation"("organization_id", "created_at", "id");
DROP INDEX "invitation_organization_id_id_idx";
CREATE INDEX "api_key_organization_id_created_at_id_idx" ON "api_key"("organization_id", "created_at", "id");
DROP INDEX "api_key_organization_id_id_idx";
CREATE INDEX "organization_created_at_id_idx" ON "organization"("created_at", "id");
CREATE INDEX "kube_created_at_id_idx" ON "kube"("created_at", "id");
CREATE INDEX "pool_created_at_id_idx" ON "pool"("created_at", "id");
CREATE INDEX "machine_created_at_id_idx" ON "machine"("created_at", "id");
CREATE INDEX "placement_decision_created_at_id_idx" ON "placement_decision"("created_at", "id");
