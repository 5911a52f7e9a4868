-- What machine types cost, as it was imported: each import is a book of its own, and none is ever changed.

-- CreateTable
CREATE TABLE "price_book" (
    "id" TEXT NOT NULL,
    "region" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "source" TEXT NOT NULL,
    "prices" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "price_book_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "price_book_created_at_id_idx" ON "price_book"("created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "price_book_region_version_key" ON "price_book"("region", "version");

-- By hand: nobody's in particular, so no row-level security. Nobody may change or remove a book.
GRANT SELECT, INSERT ON "price_book" TO berth_operator;
GRANT SELECT ON "price_book" TO berth_worker;
GRANT UPDATE ("price_micro_usd_per_hour") ON "offering" TO berth_operator;
