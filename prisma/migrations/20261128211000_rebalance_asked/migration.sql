-- A look that an operator asks for is taken also while a plan of the kube is under way, when others wait for their hour.

-- AlterTable
ALTER TABLE "rebalance" ADD COLUMN "asked_at" TIMESTAMPTZ(3);

-- By hand: who may ask.
GRANT UPDATE ("asked_at") ON "rebalance" TO berth_operator;
