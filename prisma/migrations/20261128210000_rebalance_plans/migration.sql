-- Rebalance plans: moves that make a pool cheaper than they cost, what becomes of each, and when a kube is looked at next.

-- AlterTable
ALTER TABLE "pool" ADD COLUMN "rebalance_mode" TEXT NOT NULL DEFAULT 'propose',
ADD COLUMN "rebalance_min_saving_micro_usd_per_month" BIGINT NOT NULL DEFAULT 10000000,
ADD COLUMN "rebalance_max_automatic_moves" INTEGER NOT NULL DEFAULT 10;

-- CreateTable
CREATE TABLE "rebalance" (
    "id" TEXT NOT NULL,
    "pools" JSONB NOT NULL DEFAULT '[]',
    "waiting_for" JSONB NOT NULL DEFAULT '[]',
    "observed_at" TIMESTAMPTZ(3),
    "next_check_at" TIMESTAMPTZ(3) DEFAULT CURRENT_TIMESTAMP,
    "wakes" INTEGER NOT NULL DEFAULT 0,
    "failures" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "rebalance_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "rebalance_plan" (
    "id" TEXT NOT NULL,
    "kube_id" TEXT NOT NULL,
    "pool_id" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'proposed',
    "automatic" BOOLEAN NOT NULL DEFAULT false,
    "saving_micro_usd_per_hour" BIGINT NOT NULL,
    "cost_micro_usd" BIGINT NOT NULL,
    "disrupted_minutes" INTEGER NOT NULL,
    "instances" INTEGER NOT NULL,
    "clusters" INTEGER NOT NULL,
    "launches" INTEGER NOT NULL,
    "removals" INTEGER NOT NULL,
    "hours" INTEGER NOT NULL,
    "plan" JSONB NOT NULL,
    "digest" TEXT NOT NULL,
    "machines" JSONB NOT NULL DEFAULT '{}',
    "waiting_for" JSONB NOT NULL DEFAULT '[]',
    "reason" TEXT,
    "generation" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "approved_at" TIMESTAMPTZ(3),
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "rebalance_plan_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "rebalance_move" (
    "plan_id" TEXT NOT NULL,
    "step" INTEGER NOT NULL,
    "instance_id" TEXT NOT NULL,
    "cluster_id" TEXT NOT NULL,
    "from_node" TEXT NOT NULL,
    "to_node" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'planned',
    "pod_uid" TEXT,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "rebalance_move_pkey" PRIMARY KEY ("plan_id","step")
);

-- CreateIndex
CREATE INDEX "rebalance_plan_created_at_id_idx" ON "rebalance_plan"("created_at", "id");

-- CreateIndex
CREATE INDEX "rebalance_plan_kube_id_state_idx" ON "rebalance_plan"("kube_id", "state");

-- CreateIndex
CREATE INDEX "rebalance_move_instance_id_idx" ON "rebalance_move"("instance_id");

-- By hand: closed lists ------------------------------------------------------------------------------------------------
-- The words of packages/domain/src/rebalance.ts; a test compares the two.

ALTER TABLE "pool"
  ADD CONSTRAINT "pool_rebalance_mode_check" CHECK ("rebalance_mode" IN ('off', 'propose', 'automatic')),
  ADD CONSTRAINT "pool_rebalance_check" CHECK ("rebalance_min_saving_micro_usd_per_month" >= 0 AND "rebalance_max_automatic_moves" >= 0);
ALTER TABLE "rebalance_plan"
  ADD CONSTRAINT "rebalance_plan_state_check" CHECK ("state" IN ('proposed', 'approved', 'running', 'paused', 'succeeded', 'cancelled', 'failed', 'superseded')),
  ADD CONSTRAINT "rebalance_plan_finished_check" CHECK (("finished_at" IS NOT NULL) = ("state" IN ('succeeded', 'cancelled', 'failed', 'superseded'))),
  ADD CONSTRAINT "rebalance_plan_approved_check" CHECK ("approved_at" IS NOT NULL OR "state" NOT IN ('approved', 'running', 'paused', 'succeeded', 'failed'));
ALTER TABLE "rebalance_move"
  ADD CONSTRAINT "rebalance_move_state_check" CHECK ("state" IN ('planned', 'moving', 'moved', 'skipped', 'missed'));

-- By hand: indexes, and rows that become due ------------------------------------------------------------------------------

-- One open plan a pool: two would count on the same room.
CREATE UNIQUE INDEX "rebalance_plan_pool_id_open_key" ON "rebalance_plan"("pool_id") WHERE "state" IN ('proposed', 'approved', 'running', 'paused');
-- An instance is on its way to one place.
CREATE UNIQUE INDEX "rebalance_move_moving_key" ON "rebalance_move"("instance_id") WHERE "state" = 'moving';
CREATE INDEX "rebalance_due_idx" ON "rebalance"("next_check_at") WHERE "next_check_at" IS NOT NULL;
-- The millisecond: timestamptz(3) may round now() up.
CREATE TRIGGER "rebalance_due" AFTER INSERT OR UPDATE OF "next_check_at" ON "rebalance"
  FOR EACH ROW WHEN (NEW."next_check_at" <= now() + interval '1 ms') EXECUTE FUNCTION "berth_notify_due"('rebalance');

-- Whoever makes a kube: it is looked at too.
CREATE FUNCTION "berth_follow_kube"() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  INSERT INTO public.rebalance (id) VALUES (NEW.id) ON CONFLICT DO NOTHING;
  RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION "berth_follow_kube"() FROM PUBLIC;
CREATE TRIGGER "kube_followed" AFTER INSERT ON "kube" FOR EACH ROW EXECUTE FUNCTION "berth_follow_kube"();
INSERT INTO "rebalance" ("id") SELECT "id" FROM "kube";

-- By hand: who may what. Nobody changes what a plan says.
GRANT SELECT ON "rebalance", "rebalance_plan", "rebalance_move" TO berth_operator;
GRANT UPDATE ("next_check_at", "wakes") ON "rebalance" TO berth_operator;
GRANT UPDATE ("state", "generation", "approved_at", "finished_at", "reason", "waiting_for") ON "rebalance_plan" TO berth_operator;
GRANT SELECT, UPDATE ON "rebalance" TO berth_worker;
GRANT SELECT, INSERT, DELETE, UPDATE ("state", "automatic", "approved_at", "started_at", "finished_at", "reason", "waiting_for", "machines", "last_seen_at")
  ON "rebalance_plan" TO berth_worker;
GRANT SELECT, INSERT, DELETE, UPDATE ("state", "to_node", "pod_uid", "started_at", "finished_at") ON "rebalance_move" TO berth_worker;
