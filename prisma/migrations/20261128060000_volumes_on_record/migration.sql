ALTER TABLE "instance" ADD COLUMN "volume_name" TEXT;
