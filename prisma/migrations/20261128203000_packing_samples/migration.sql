-- How full each pool was, every ten minutes: what trends are drawn and forecast from.

-- CreateTable
CREATE TABLE "packing_sample" (
    "pool_id" TEXT NOT NULL,
    "kube_id" TEXT NOT NULL,
    "sampled_at" TIMESTAMPTZ(3) NOT NULL,
    "machines" INTEGER NOT NULL,
    "instances" INTEGER NOT NULL,
    "data_instances" INTEGER NOT NULL,
    "price_micro_usd_per_hour" BIGINT NOT NULL,
    "idle_micro_usd_per_day" BIGINT NOT NULL,
    "requested_cpu_milli" BIGINT NOT NULL,
    "requested_memory_mib" BIGINT NOT NULL,
    "requested_volumes" INTEGER NOT NULL,
    "allocatable_cpu_milli" BIGINT NOT NULL,
    "allocatable_memory_mib" BIGINT NOT NULL,
    "allocatable_volumes" INTEGER NOT NULL,
    "allocatable_instances" INTEGER NOT NULL,

    CONSTRAINT "packing_sample_pkey" PRIMARY KEY ("pool_id","sampled_at")
);

-- CreateIndex
CREATE INDEX "packing_sample_sampled_at_idx" ON "packing_sample"("sampled_at");

-- By hand: nobody's in particular, so no row-level security. A sample is never changed.
GRANT SELECT ON "packing_sample" TO berth_operator;
GRANT SELECT, INSERT, DELETE ON "packing_sample" TO berth_worker;
