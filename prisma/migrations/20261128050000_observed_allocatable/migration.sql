-- What machines of a type were seen to leave for instances, and when an operator last changed a pool.

-- AlterTable
ALTER TABLE "pool" ADD COLUMN "changed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- AlterTable
ALTER TABLE "launch" ADD COLUMN "max_pods" INTEGER;

-- CreateTable
CREATE TABLE "observed_allocatable" (
    "pool_id" TEXT NOT NULL,
    "machine_type" TEXT NOT NULL,
    "image_id" TEXT NOT NULL,
    "max_pods" INTEGER NOT NULL,
    "cpu_milli" INTEGER NOT NULL,
    "memory_mib" INTEGER NOT NULL,
    "seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "observed_allocatable_pkey" PRIMARY KEY ("pool_id","machine_type","image_id","max_pods")
);

-- AddForeignKey
ALTER TABLE "observed_allocatable" ADD CONSTRAINT "observed_allocatable_pool_id_fkey" FOREIGN KEY ("pool_id") REFERENCES "pool"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- By hand: nobody's in particular, so no row-level security. Previews go by it as placement does.
GRANT SELECT, INSERT, UPDATE ON "observed_allocatable" TO berth_worker;
GRANT SELECT ON "observed_allocatable" TO berth_api, berth_operator;
