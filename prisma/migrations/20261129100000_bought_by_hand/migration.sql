-- A savings plan that a person bought for a plan is bought too, as the commitment that it was registered as.

-- By hand: what a row always is.
ALTER TABLE "reservation_purchase"
  DROP CONSTRAINT "reservation_purchase_shape_check",
  ADD CONSTRAINT "reservation_purchase_shape_check" CHECK (
    CASE WHEN "region" IS NULL THEN "state" IN ('by_hand', 'bought', 'dropped')
         ELSE num_nonnulls("machine_type", "count", "offering_class", "upfront_micro_usd", "hourly_micro_usd") = 5 END);

-- By hand: who may what.
GRANT UPDATE ("asked_at", "external_id") ON "reservation_purchase" TO berth_operator;
