-- An approved plan is superseded by the next that is approved, and old ones are forgotten; what a commitment's row always has.

-- By hand: a CHECK passes what is null.
ALTER TABLE "commitment" DROP CONSTRAINT "commitment_shape_check";
ALTER TABLE "commitment"
  ADD CONSTRAINT "commitment_shape_check" CHECK (
    CASE WHEN "kind" = 'reserved_instances'
      THEN num_nonnulls("region", "machine_type", "offering_class", "count", "upfront_micro_usd", "hourly_micro_usd") = 6
       AND "count" > 0 AND "upfront_micro_usd" >= 0 AND "hourly_micro_usd" >= 0 AND "commitment_micro_usd_per_hour" IS NULL
      ELSE "commitment_micro_usd_per_hour" IS NOT NULL AND "commitment_micro_usd_per_hour" > 0 AND "count" IS NULL
       AND ("kind" = 'ec2_instance_savings_plan') = ("region" IS NOT NULL AND "family" IS NOT NULL) END);

ALTER TABLE "reservation_plan" DROP CONSTRAINT "reservation_plan_decided_check";
ALTER TABLE "reservation_plan"
  ADD CONSTRAINT "reservation_plan_decided_check" CHECK (
    CASE WHEN "state" IN ('approved', 'rejected') THEN num_nonnulls("decided_by", "decided_at") = 2
         WHEN "state" = 'superseded' THEN num_nonnulls("decided_by", "decided_at") IN (0, 2)
         ELSE num_nonnulls("decided_by", "decided_at") = 0 END);

-- By hand: who may what.
GRANT DELETE ON "reservation_plan" TO berth_worker;
