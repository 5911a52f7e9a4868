-- When and from where keys were last used, of keys of many tenants in one statement: as the owner, as no tenant is set then.
-- Rows are locked in the order of their ids, so that two processes that write at once do not wait for each other in a circle.
CREATE FUNCTION "berth_note_key_uses"(ids text[], ats timestamptz[], addresses text[])
RETURNS void LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  WITH used AS (
    SELECT k.id, u.at, u.address
      FROM unnest(ids, ats, addresses) u(id, at, address)
      JOIN public.api_key k ON k.id = u.id
     WHERE k.last_used_at IS NULL OR k.last_used_at < u.at
     ORDER BY k.id
       FOR NO KEY UPDATE OF k
  )
  UPDATE public.api_key k SET last_used_at = used.at, last_used_from = used.address FROM used WHERE k.id = used.id
$$;
REVOKE ALL ON FUNCTION "berth_note_key_uses"(text[], timestamptz[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION "berth_note_key_uses"(text[], timestamptz[], text[]) TO berth_api;
