-- How many rows this session has changed and not reported to the statistics yet. Asked at the beginning and the end of a
-- transaction, the difference is what the transaction has changed, triggers included. Keys of idempotent requests do not
-- count: they are about the request, not about what it asks for.
CREATE FUNCTION "berth_changed_rows"() RETURNS integer LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT sum(pg_stat_get_xact_tuples_inserted(c.oid) + pg_stat_get_xact_tuples_updated(c.oid)
                     + pg_stat_get_xact_tuples_deleted(c.oid))::integer
    FROM pg_catalog.pg_class c
   WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'idempotency_record');
END
$$;
GRANT EXECUTE ON FUNCTION "berth_changed_rows"() TO berth_api, berth_operator;
