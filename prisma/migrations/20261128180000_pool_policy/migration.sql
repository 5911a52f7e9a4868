-- What a pool's policy says beside its types and numbers: a tenant's share, room that is kept, a cap on spend, zones on hold.

-- AlterTable
ALTER TABLE "pool" ADD COLUMN "tenant_share_percent" INTEGER NOT NULL DEFAULT 100,
ADD COLUMN "headroom_instances" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN "headroom_cpu_milli" INTEGER NOT NULL DEFAULT 750,
ADD COLUMN "headroom_memory_mib" INTEGER NOT NULL DEFAULT 4096,
ADD COLUMN "spend_cap_micro_usd_per_hour" BIGINT,
ADD COLUMN "held_zones" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[];

-- By hand: what no caller may get past -----------------------------------------------------------------------------------

ALTER TABLE "pool"
  ADD CONSTRAINT "pool_tenant_share_percent_check" CHECK ("tenant_share_percent" BETWEEN 1 AND 100),
  ADD CONSTRAINT "pool_headroom_check" CHECK ("headroom_instances" >= 0 AND "headroom_cpu_milli" > 0 AND "headroom_memory_mib" > 0),
  ADD CONSTRAINT "pool_spend_cap_check" CHECK ("spend_cap_micro_usd_per_hour" >= 0);

-- Gives the pools whose machines cost more than the cap, and holds their rows to the end of the transaction: whoever else
-- adds a machine to one, or changes its cap, comes after. A function of its owner's: a lock asks for the right to change.
-- To be called after the statement that adds: the sum is read once the lock is held, so it has all that was committed before.
CREATE FUNCTION "berth_hold_spend_caps"("wanted" text[])
RETURNS TABLE ("over_pool" text, "over_cap" bigint, "over_spend" bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM public.pool p WHERE p.id = ANY (wanted) ORDER BY p.id FOR NO KEY UPDATE;
  RETURN QUERY
    SELECT p.id, p.spend_cap_micro_usd_per_hour, sum(m.price_micro_usd_per_hour)::bigint
      FROM public.pool p JOIN public.machine m ON m.pool_id = p.id
     WHERE p.id = ANY (wanted) AND m.state NOT IN ('terminated', 'failed')
     GROUP BY p.id
    HAVING sum(m.price_micro_usd_per_hour) > p.spend_cap_micro_usd_per_hour
     ORDER BY p.id;
END
$$;
REVOKE ALL ON FUNCTION "berth_hold_spend_caps"(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION "berth_hold_spend_caps"(text[]) TO berth_worker;
