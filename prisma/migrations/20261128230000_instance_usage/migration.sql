-- What each instance really used when it was last measured, and what pools' instances used when they were sampled.

-- AlterTable
ALTER TABLE "instance" ADD COLUMN     "used_at" TIMESTAMPTZ(3),
ADD COLUMN     "used_cpu_milli" INTEGER,
ADD COLUMN     "used_memory_mib" INTEGER;

-- AlterTable
ALTER TABLE "packing_sample" ADD COLUMN     "measured_cpu_milli" BIGINT NOT NULL DEFAULT 0,
ADD COLUMN     "measured_instances" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "measured_memory_mib" BIGINT NOT NULL DEFAULT 0,
ADD COLUMN     "used_cpu_milli" BIGINT NOT NULL DEFAULT 0,
ADD COLUMN     "used_memory_mib" BIGINT NOT NULL DEFAULT 0;
