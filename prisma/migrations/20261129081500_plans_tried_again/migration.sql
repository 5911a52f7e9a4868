-- A plan that failed by what may pass is tried again: until then its row says what failed.

-- By hand: what a row always is.
ALTER TABLE "reservation_plan" DROP CONSTRAINT "reservation_plan_failure_check";
ALTER TABLE "reservation_plan"
  ADD CONSTRAINT "reservation_plan_failure_check" CHECK (
    CASE "state" WHEN 'failed' THEN "failure" IS NOT NULL WHEN 'planning' THEN TRUE ELSE "failure" IS NULL END);
