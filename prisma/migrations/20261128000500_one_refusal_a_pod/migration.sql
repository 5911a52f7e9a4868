ALTER TABLE "placement_decision" ADD COLUMN "digest" TEXT,
  ADD COLUMN "last_seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;

UPDATE "placement_decision" SET "last_seen_at" = "created_at";
-- A pod's refusals from before become its last one.
DELETE FROM "placement_decision" d USING "placement_decision" later
 WHERE d."outcome" = 'refused' AND later."outcome" = 'refused' AND later."kube_id" = d."kube_id"
   AND later."pod_uid" = d."pod_uid" AND later."id" > d."id";

CREATE UNIQUE INDEX "placement_decision_refused_pod_key" ON "placement_decision"("kube_id", "pod_uid") WHERE "outcome" = 'refused';

GRANT DELETE ON "placement_decision" TO berth_worker;
