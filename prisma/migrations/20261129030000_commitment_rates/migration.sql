-- Price books of what one can commit to, beside those of prices on demand.

-- AlterTable
ALTER TABLE "price_book" ADD COLUMN "kind" TEXT NOT NULL DEFAULT 'on_demand';

-- By hand: closed lists. The words of packages/domain/src/rate-list.ts; a test compares the two.
ALTER TABLE "price_book"
  ADD CONSTRAINT "price_book_kind_check" CHECK ("kind" IN ('on_demand', 'reserved_instances', 'ec2_instance_savings_plan', 'compute_savings_plan'));
