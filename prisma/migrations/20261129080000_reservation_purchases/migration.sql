-- Purchases of approved reservation plans, behind a pool's setting.

-- AlterTable
ALTER TABLE "pool" ADD COLUMN "reservation_purchases" TEXT NOT NULL DEFAULT 'off';

-- CreateTable
CREATE TABLE "reservation_purchase" (
    "id" TEXT NOT NULL,
    "plan_id" TEXT NOT NULL,
    "purchase" INTEGER NOT NULL,
    "part" INTEGER NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'planned',
    "product" TEXT NOT NULL,
    "region" TEXT,
    "machine_type" TEXT,
    "count" INTEGER,
    "offering_class" TEXT,
    "term" TEXT NOT NULL,
    "payment_option" TEXT NOT NULL,
    "upfront_micro_usd" BIGINT,
    "hourly_micro_usd" BIGINT,
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "known_ids" TEXT[],
    "asked_at" TIMESTAMPTZ(3),
    "external_id" TEXT,
    "waiting_for" JSONB NOT NULL DEFAULT '[]',
    "generation" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "next_check_at" TIMESTAMPTZ(3),
    "wakes" INTEGER NOT NULL DEFAULT 0,
    "failures" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "reservation_purchase_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "reservation_purchase_external_id_key" ON "reservation_purchase"("external_id");

-- CreateIndex
CREATE INDEX "reservation_purchase_created_at_id_idx" ON "reservation_purchase"("created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "reservation_purchase_plan_id_purchase_part_key" ON "reservation_purchase"("plan_id", "purchase", "part");

-- By hand: closed lists, the words of packages/domain/src/reservation-plan.ts (a test compares the two), and what a row always is.
ALTER TABLE "pool"
  ADD CONSTRAINT "pool_reservation_purchases_check" CHECK ("reservation_purchases" IN ('off', 'on'));
ALTER TABLE "reservation_purchase"
  ADD CONSTRAINT "reservation_purchase_state_check" CHECK ("state" IN ('planned', 'buying', 'bought', 'by_hand', 'dropped')),
  ADD CONSTRAINT "reservation_purchase_asked_check" CHECK ("asked_at" IS NOT NULL OR "state" NOT IN ('buying', 'bought')),
  ADD CONSTRAINT "reservation_purchase_bought_check" CHECK (("external_id" IS NOT NULL) = ("state" = 'bought')),
  ADD CONSTRAINT "reservation_purchase_shape_check" CHECK (
    "state" IN ('by_hand', 'dropped')
    OR num_nonnulls("region", "machine_type", "count", "offering_class", "upfront_micro_usd", "hourly_micro_usd") = 6);

-- By hand: rows that become due. The millisecond: timestamptz(3) may round now() up.
CREATE INDEX "reservation_purchase_due_idx" ON "reservation_purchase"("next_check_at") WHERE "next_check_at" IS NOT NULL;
CREATE TRIGGER "reservation_purchase_due" AFTER INSERT OR UPDATE OF "next_check_at" ON "reservation_purchase"
  FOR EACH ROW WHEN (NEW."next_check_at" <= now() + interval '1 ms') EXECUTE FUNCTION "berth_notify_due"('purchases');

-- By hand: the platform's, so no row-level security. Operators decide; a worker buys.
GRANT SELECT, INSERT ON "reservation_purchase" TO berth_operator;
GRANT UPDATE ("state", "generation", "waiting_for", "next_check_at", "wakes") ON "reservation_purchase" TO berth_operator;
GRANT SELECT, UPDATE ON "reservation_purchase" TO berth_worker;
