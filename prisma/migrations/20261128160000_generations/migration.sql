-- What can be changed has a generation, which If-Match is held against: pools, invitations and credentials had none.

-- AlterTable
ALTER TABLE "pool" ADD COLUMN "generation" INTEGER NOT NULL DEFAULT 1;

-- AlterTable
ALTER TABLE "invitation" ADD COLUMN "generation" INTEGER NOT NULL DEFAULT 1;

-- AlterTable
ALTER TABLE "credential" ADD COLUMN "generation" INTEGER NOT NULL DEFAULT 1;

-- By hand: who may do what ---------------------------------------------------------------------------------------------

GRANT SELECT ("generation") ON "invitation" TO berth_api, berth_operator;
GRANT UPDATE ("generation") ON "invitation", "credential" TO berth_api;
