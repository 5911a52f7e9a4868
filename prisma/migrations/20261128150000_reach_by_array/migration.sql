-- By hand: what a limited key reaches is asked once a statement, not once a row.
--
-- A function a row is an executor a row: a page of a key that reaches one of ten thousand clusters would have walked through all
-- rows of the others so. The list is made when the first row asks for it, and for limited keys alone; it is its caller's, so the
-- policy of "cluster" holds in it. Events keep their subqueries, which are hashed: what they ask of operations is a longer list.

CREATE FUNCTION "berth_reached_clusters"() RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT array(SELECT c.id FROM public.cluster c)
$$;
REVOKE ALL ON FUNCTION "berth_reached_clusters"() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION "berth_reached_clusters"() TO berth_api;

DO $policies$
DECLARE
  tenant_table text;
BEGIN
  FOREACH tenant_table IN ARRAY ARRAY['release', 'component', 'instance', 'credential'] LOOP
    EXECUTE format('ALTER POLICY tenant ON %I USING ("organization_id" = (SELECT berth_tenant())
      AND ((SELECT NOT berth_is_limited()) OR "cluster_id" = ANY ((SELECT berth_reached_clusters())::text[])))', tenant_table);
  END LOOP;
  ALTER POLICY tenant ON "operation" USING ("organization_id" = (SELECT berth_tenant())
    AND ((SELECT NOT berth_is_limited()) OR "target_id" = ANY ((SELECT berth_reached_clusters())::text[])));
  ALTER POLICY tenant ON "event" USING ("organization_id" = (SELECT berth_tenant())
    AND ((SELECT NOT berth_is_limited()) OR "target_id" = ANY ((SELECT berth_reached_clusters())::text[])
         OR "operation_id" IN (SELECT o."id" FROM "operation" o)));
END
$policies$;

DROP FUNCTION "berth_reaches_cluster"(text), "berth_reaches_operation"(text);
