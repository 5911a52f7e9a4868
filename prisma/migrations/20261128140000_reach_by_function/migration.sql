-- By hand: what a limited key reaches, asked by a function.
--
-- A policy's subquery is part of the plan of every statement, with the policies of the table in it, whether the key is limited
-- or not: starting such a plan cost more than running it. A function is called for limited keys alone, a row at a time.
-- It is its caller's, so the policy of "cluster" holds in it.

CREATE FUNCTION "berth_reaches_cluster"(cluster text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT EXISTS (SELECT 1 FROM public.cluster c WHERE c.id = $1)
$$;
CREATE FUNCTION "berth_reaches_operation"(operation text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT EXISTS (SELECT 1 FROM public.operation o WHERE o.id = $1)
$$;
REVOKE ALL ON FUNCTION "berth_reaches_cluster"(text), "berth_reaches_operation"(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION "berth_reaches_cluster"(text), "berth_reaches_operation"(text) TO berth_api;

DO $policies$
DECLARE
  tenant_table text;
BEGIN
  FOREACH tenant_table IN ARRAY ARRAY['release', 'component', 'instance', 'credential'] LOOP
    EXECUTE format('ALTER POLICY tenant ON %I USING ("organization_id" = (SELECT berth_tenant())
      AND ((SELECT NOT berth_is_limited()) OR berth_reaches_cluster("cluster_id")))', tenant_table);
  END LOOP;
  ALTER POLICY tenant ON "operation" USING ("organization_id" = (SELECT berth_tenant())
    AND ((SELECT NOT berth_is_limited()) OR berth_reaches_cluster("target_id")));
  ALTER POLICY tenant ON "event" USING ("organization_id" = (SELECT berth_tenant())
    AND ((SELECT NOT berth_is_limited()) OR berth_reaches_cluster("target_id") OR berth_reaches_operation("operation_id")));
END
$policies$;
