-- Long computations about a fleet, asked for by operators and every night, made by a worker.

-- CreateTable
CREATE TABLE "packing_study" (
    "id" TEXT NOT NULL,
    "kube_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'queued',
    "request" JSONB NOT NULL,
    "created_by" TEXT NOT NULL,
    "nightly_on" DATE,
    "progress_percent" INTEGER NOT NULL DEFAULT 0,
    "step" TEXT NOT NULL DEFAULT '',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "failure" JSONB,
    "result" JSONB,
    "types_text" TEXT,
    "instances_text" TEXT,
    "certificate_text" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "next_check_at" TIMESTAMPTZ(3) DEFAULT CURRENT_TIMESTAMP,
    "wakes" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "packing_study_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "packing_study_created_at_id_idx" ON "packing_study"("created_at", "id");

-- CreateIndex
CREATE INDEX "packing_study_kube_id_kind_finished_at_idx" ON "packing_study"("kube_id", "kind", "finished_at");

-- CreateIndex
CREATE UNIQUE INDEX "packing_study_kube_id_nightly_on_key" ON "packing_study"("kube_id", "nightly_on");

-- By hand: closed lists, the outbox, rights ------------------------------------------------------------------------------

ALTER TABLE "packing_study"
  ADD CONSTRAINT "packing_study_kind_check" CHECK ("kind" IN ('cold_plan', 'density_curve', 'simulation')),
  ADD CONSTRAINT "packing_study_state_check" CHECK ("state" IN ('queued', 'running', 'succeeded', 'failed')),
  ADD CONSTRAINT "packing_study_progress_check" CHECK ("progress_percent" BETWEEN 0 AND 100),
  ADD CONSTRAINT "packing_study_finished_check" CHECK (("finished_at" IS NOT NULL) = ("state" IN ('succeeded', 'failed'))),
  ADD CONSTRAINT "packing_study_result_check" CHECK (("result" IS NOT NULL) = ("state" = 'succeeded')),
  -- The files are whole or not there at all.
  ADD CONSTRAINT "packing_study_files_check" CHECK (num_nonnulls("types_text", "instances_text", "certificate_text") IN (0, 3));

CREATE INDEX "packing_study_due_idx" ON "packing_study"("next_check_at") WHERE "next_check_at" IS NOT NULL;
CREATE TRIGGER "packing_study_due" AFTER INSERT OR UPDATE OF "next_check_at" ON "packing_study"
  FOR EACH ROW WHEN (NEW."next_check_at" <= now() + interval '1 ms') EXECUTE FUNCTION "berth_notify_due"('studies');

-- Nobody's in particular, so no row-level security.
GRANT SELECT, INSERT ON "packing_study" TO berth_operator;
GRANT SELECT, INSERT, UPDATE, DELETE ON "packing_study" TO berth_worker;
