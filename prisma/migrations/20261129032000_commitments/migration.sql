-- Commitments: reserved instances and savings plans that were bought.

-- CreateTable
CREATE TABLE "commitment" (
    "id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "region" TEXT,
    "zone" TEXT,
    "machine_type" TEXT,
    "family" TEXT,
    "offering_class" TEXT,
    "term" TEXT NOT NULL,
    "payment_option" TEXT NOT NULL,
    "count" INTEGER,
    "upfront_micro_usd" BIGINT,
    "hourly_micro_usd" BIGINT,
    "commitment_micro_usd_per_hour" BIGINT,
    "account" TEXT,
    "external_id" TEXT,
    "source" TEXT NOT NULL,
    "starts_at" TIMESTAMPTZ(3) NOT NULL,
    "ends_at" TIMESTAMPTZ(3) NOT NULL,
    "alarmed_days" INTEGER,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "commitment_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "commitment_external_id_key" ON "commitment"("external_id");

-- CreateIndex
CREATE INDEX "commitment_created_at_id_idx" ON "commitment"("created_at", "id");

-- CreateIndex
CREATE INDEX "commitment_ends_at_idx" ON "commitment"("ends_at");

-- By hand: closed lists, the words of packages/domain/src/commitment*.ts (a test compares the two), and what a row always is.
ALTER TABLE "commitment"
  ADD CONSTRAINT "commitment_kind_check" CHECK ("kind" IN ('reserved_instances', 'ec2_instance_savings_plan', 'compute_savings_plan')),
  ADD CONSTRAINT "commitment_term_check" CHECK ("term" IN ('1y', '3y')),
  ADD CONSTRAINT "commitment_payment_option_check" CHECK ("payment_option" IN ('no_upfront', 'partial_upfront', 'all_upfront')),
  ADD CONSTRAINT "commitment_offering_class_check" CHECK ("offering_class" IN ('standard', 'convertible')),
  ADD CONSTRAINT "commitment_source_check" CHECK ("source" IN ('operator', 'file', 'ec2')),
  ADD CONSTRAINT "commitment_period_check" CHECK ("starts_at" < "ends_at"),
  ADD CONSTRAINT "commitment_shape_check" CHECK (
    CASE WHEN "kind" = 'reserved_instances'
      THEN "region" IS NOT NULL AND "machine_type" IS NOT NULL AND "offering_class" IS NOT NULL AND "count" > 0
       AND "upfront_micro_usd" >= 0 AND "hourly_micro_usd" >= 0 AND "commitment_micro_usd_per_hour" IS NULL
      ELSE "commitment_micro_usd_per_hour" > 0 AND "count" IS NULL
       AND ("kind" = 'ec2_instance_savings_plan') = ("region" IS NOT NULL AND "family" IS NOT NULL) END);

-- By hand: the platform's, so no row-level security. Nobody changes what was bought.
GRANT SELECT, INSERT, DELETE ON "commitment" TO berth_operator;
GRANT SELECT, INSERT, UPDATE ("alarmed_days") ON "commitment" TO berth_worker;
