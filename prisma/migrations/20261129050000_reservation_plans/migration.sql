-- Reservation plans: what to commit to, planned by a worker, decided by an operator.

-- CreateTable
CREATE TABLE "reservation_plan" (
    "id" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'queued',
    "created_by" TEXT NOT NULL,
    "nightly_on" DATE,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "case_text" TEXT,
    "case_sha256" TEXT,
    "price_books" JSONB NOT NULL DEFAULT '[]',
    "result" JSONB,
    "failure" JSONB,
    "decided_by" TEXT,
    "reason" TEXT,
    "generation" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),
    "decided_at" TIMESTAMPTZ(3),
    "next_check_at" TIMESTAMPTZ(3) DEFAULT CURRENT_TIMESTAMP,
    "wakes" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "reservation_plan_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "reservation_plan_nightly_on_key" ON "reservation_plan"("nightly_on");

-- CreateIndex
CREATE INDEX "reservation_plan_created_at_id_idx" ON "reservation_plan"("created_at", "id");

-- By hand: closed lists (the words of packages/domain/src/reservation-plan.ts; a test compares the two), and what a row always is.
ALTER TABLE "reservation_plan"
  ADD CONSTRAINT "reservation_plan_state_check" CHECK ("state" IN ('queued', 'planning', 'proposed', 'approved', 'rejected', 'superseded', 'failed')),
  ADD CONSTRAINT "reservation_plan_result_check" CHECK (
    num_nonnulls("result", "case_text", "case_sha256") = CASE WHEN "state" IN ('proposed', 'approved', 'rejected', 'superseded') THEN 3 ELSE 0 END),
  ADD CONSTRAINT "reservation_plan_failure_check" CHECK (("failure" IS NOT NULL) = ("state" = 'failed')),
  ADD CONSTRAINT "reservation_plan_finished_check" CHECK (("finished_at" IS NULL) = ("state" IN ('queued', 'planning'))),
  ADD CONSTRAINT "reservation_plan_decided_check" CHECK ((num_nonnulls("decided_by", "decided_at") = 2) = ("state" IN ('approved', 'rejected'))),
  ADD CONSTRAINT "reservation_plan_reason_check" CHECK (("reason" IS NOT NULL) = ("state" = 'rejected'));

-- By hand: rows that become due. The millisecond: timestamptz(3) may round now() up.
CREATE INDEX "reservation_plan_due_idx" ON "reservation_plan"("next_check_at") WHERE "next_check_at" IS NOT NULL;
CREATE TRIGGER "reservation_plan_due" AFTER INSERT OR UPDATE OF "next_check_at" ON "reservation_plan"
  FOR EACH ROW WHEN (NEW."next_check_at" <= now() + interval '1 ms') EXECUTE FUNCTION "berth_notify_due"('reservations');

-- By hand: the platform's, so no row-level security. Nobody changes what a plan says.
GRANT SELECT, INSERT ON "reservation_plan" TO berth_operator;
GRANT UPDATE ("state", "generation", "decided_by", "decided_at", "reason") ON "reservation_plan" TO berth_operator;
GRANT SELECT, INSERT, UPDATE ON "reservation_plan" TO berth_worker;
