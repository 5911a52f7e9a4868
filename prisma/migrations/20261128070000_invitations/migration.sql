-- Invitations that are accepted without a key and sent again; one that is open for an address at a time.

CREATE UNIQUE INDEX "invitation_organization_id_email_open_key" ON "invitation"("organization_id", "email")
  WHERE "accepted_at" IS NULL AND "revoked_at" IS NULL;

-- By hand: lookups before the tenant is known --------------------------------------------------------------------------

-- Whoever accepts has a token and no key: only its hash leads to the organization. Used and expired ones are found too, so
-- that a repeated request gets its answer again; everything else is read as that tenant.
CREATE FUNCTION "berth_find_invitation"(wanted bytea)
RETURNS TABLE ("id" text, "organization_id" text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT i.id, i.organization_id FROM public.invitation i WHERE i.token_hash = wanted
$$;
REVOKE ALL ON FUNCTION "berth_find_invitation"(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION "berth_find_invitation"(bytea) TO berth_api;

-- By hand: who may do what ---------------------------------------------------------------------------------------------

-- Hashes are written, and compared by the function above; nobody reads them.
REVOKE SELECT ON "invitation" FROM berth_api, berth_operator;
GRANT SELECT ("id", "organization_id", "email", "role", "created_by", "created_at", "expires_at", "accepted_at", "member_id",
  "revoked_at") ON "invitation" TO berth_api, berth_operator;
GRANT UPDATE ("token_hash", "expires_at") ON "invitation" TO berth_api;
