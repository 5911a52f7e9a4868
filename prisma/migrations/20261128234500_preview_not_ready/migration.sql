-- A preview is to put nothing on a machine whose node is silent or away, as placement does not.

CREATE OR REPLACE FUNCTION "berth_kube_machines"(kube text, with_instances boolean)
RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_object('machineId', m.id, 'poolId', m.pool_id, 'zone', m.zone,
           'machineType', m.machine_type, 'priceMicroUsdPerHour', m.price_micro_usd_per_hour,
           'allocatable', m.allocatable, 'state', m.state,
           'notReady', m.waiting_for @> '[{"name": "node_not_ready"}]', 'instances',
           (SELECT coalesce(jsonb_agg(jsonb_build_object('instanceId', md5(i.id), 'clusterId', md5(i.cluster_id),
               'organizationId', md5(i.organization_id), 'cpuMilli', t.cpu_milli, 'memoryMib', t.memory_mib,
               'zone', i.zone, 'roles', to_jsonb(t.roles)) ORDER BY i.id), '[]')
              FROM public.instance i
              JOIN public.component t ON t.id = i.component_id
              JOIN public.cluster c ON c.id = i.cluster_id AND c.kube_id = m.kube_id
             WHERE with_instances AND i.node_name = m.node_name AND i.state <> 'removed')) ORDER BY m.id), '[]')
    FROM public.machine m
    JOIN public.kube k ON k.id = m.kube_id
   WHERE m.kube_id = kube AND (with_instances OR k.is_static) AND m.state NOT IN ('terminated', 'failed')
$$;
