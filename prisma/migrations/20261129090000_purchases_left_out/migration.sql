-- Purchases that EC2 knows of and that are left out of the commitments, and those that came to nothing.

-- CreateTable
CREATE TABLE "left_out_purchase" (
    "external_id" TEXT NOT NULL,
    "region" TEXT NOT NULL,
    "because" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "left_out_purchase_pkey" PRIMARY KEY ("external_id")
);

-- By hand: a closed list, the words of packages/domain/src/commitment.ts (a test compares the two).
ALTER TABLE "left_out_purchase"
  ADD CONSTRAINT "left_out_purchase_because_check" CHECK ("because" IN ('not_ours_to_cover', 'maybe_registered'));

-- By hand: the platform's, so no row-level security. A worker reads EC2.
GRANT SELECT ON "left_out_purchase" TO berth_operator;
GRANT SELECT, INSERT, UPDATE, DELETE ON "left_out_purchase" TO berth_worker;
GRANT DELETE ON "commitment" TO berth_worker;
