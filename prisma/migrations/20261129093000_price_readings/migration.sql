-- Readings of AWS's prices, region by region: each makes price books of what changed.

-- CreateTable
CREATE TABLE "price_reading" (
    "id" TEXT NOT NULL,
    "region" TEXT NOT NULL,
    "except_types" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "books" JSONB NOT NULL DEFAULT '[]',
    "waiting_for" JSONB NOT NULL DEFAULT '[]',
    "asked_at" TIMESTAMPTZ(3),
    "read_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "next_check_at" TIMESTAMPTZ(3) DEFAULT CURRENT_TIMESTAMP,
    "wakes" INTEGER NOT NULL DEFAULT 0,
    "failures" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "price_reading_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "price_reading_region_key" ON "price_reading"("region");

-- CreateIndex
CREATE INDEX "price_reading_created_at_id_idx" ON "price_reading"("created_at", "id");

-- By hand: rows that become due. The millisecond: timestamptz(3) may round now() up.
CREATE INDEX "price_reading_due_idx" ON "price_reading"("next_check_at") WHERE "next_check_at" IS NOT NULL;
CREATE TRIGGER "price_reading_due" AFTER INSERT OR UPDATE OF "next_check_at" ON "price_reading"
  FOR EACH ROW WHEN (NEW."next_check_at" <= now() + interval '1 ms') EXECUTE FUNCTION "berth_notify_due"('prices');

-- By hand: the platform's, so no row-level security. Operators ask; a worker reads, and makes the books.
GRANT SELECT, INSERT ON "price_reading" TO berth_operator;
GRANT UPDATE ("except_types", "asked_at", "next_check_at", "wakes") ON "price_reading" TO berth_operator;
GRANT SELECT, INSERT, UPDATE ON "price_reading" TO berth_worker;
GRANT INSERT ON "price_book" TO berth_worker;
