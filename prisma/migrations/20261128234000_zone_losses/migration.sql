-- When machines in use were lost, as losses of a zone hold it; and the zones that are held, for previews.

-- AlterTable
ALTER TABLE "machine" ADD COLUMN     "lost_at" TIMESTAMPTZ(3);

-- The guards of a kube may name other tenants' instances: a preview gets the zones that pools lost alone.
CREATE FUNCTION "berth_kube_held_zones"(kube text)
RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_object('poolId', split_part(g ->> 'subject', '/', 1),
           'zone', split_part(g ->> 'subject', '/', 2)) ORDER BY g ->> 'subject'), '[]')
    FROM public.kube k, jsonb_array_elements(k.waiting_for) g
   WHERE k.id = kube AND g ->> 'name' = 'zone_held'
$$;
REVOKE ALL ON FUNCTION "berth_kube_held_zones"(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION "berth_kube_held_zones"(text) TO berth_api, berth_operator;
