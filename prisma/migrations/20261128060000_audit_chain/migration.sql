-- The audit log as a chain per organization: numbered without gaps, each row's hash over its whole content, which holds the
-- hash of the row before. The content is one text, canonical JSON; every column is made from it by the database, so none can
-- say anything else, and what readers get is what was hashed.

ALTER TABLE "audit_event" RENAME TO "audit_event_unchained";
ALTER TABLE "audit_event_unchained" RENAME CONSTRAINT "audit_event_pkey" TO "audit_event_unchained_pkey";
DROP INDEX "audit_event_id_key", "audit_event_organization_id_seq_idx";

-- Generated columns take only what PostgreSQL knows to be immutable. Both are: the encoding is named, and the text is an
-- instant in UTC as the API writes it. In plpgsql, whose plans are kept: as SQL functions they took half of an insert's time.
CREATE FUNCTION "berth_sha256"(content text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  RETURN encode(sha256(convert_to(content, 'UTF8')), 'hex');
END
$$;
CREATE FUNCTION "berth_instant"(content text) RETURNS timestamptz LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  RETURN content::timestamptz;
END
$$;
GRANT EXECUTE ON FUNCTION "berth_sha256"(text), "berth_instant"(text) TO berth_api, berth_operator, berth_worker;

-- CreateTable
CREATE TABLE "audit_event" (
    "content" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL GENERATED ALWAYS AS ("content"::json ->> 'organization_id') STORED,
    "number" BIGINT NOT NULL GENERATED ALWAYS AS (("content"::json ->> 'number')::bigint) STORED,
    "id" TEXT NOT NULL GENERATED ALWAYS AS ("content"::json ->> 'id') STORED,
    "actor_id" TEXT NOT NULL GENERATED ALWAYS AS ("content"::json -> 'actor' ->> 'id') STORED,
    "action" TEXT NOT NULL GENERATED ALWAYS AS ("content"::json ->> 'action') STORED,
    "target_type" TEXT NOT NULL GENERATED ALWAYS AS ("content"::json -> 'target' ->> 'type') STORED,
    "target_id" TEXT NOT NULL GENERATED ALWAYS AS ("content"::json -> 'target' ->> 'id') STORED,
    "created_at" TIMESTAMPTZ(3) NOT NULL GENERATED ALWAYS AS (berth_instant("content"::json ->> 'created_at')) STORED,
    "previous_hash" TEXT NOT NULL GENERATED ALWAYS AS ("content"::json ->> 'previous_hash') STORED,
    "hash" TEXT NOT NULL GENERATED ALWAYS AS (berth_sha256("content")) STORED,

    CONSTRAINT "audit_event_pkey" PRIMARY KEY ("organization_id", "number")
);
CREATE UNIQUE INDEX "audit_event_id_key" ON "audit_event"("id");
CREATE INDEX "audit_event_organization_id_created_at_number_idx" ON "audit_event"("organization_id", "created_at", "number");
CREATE INDEX "audit_event_actor_id_organization_id_number_idx" ON "audit_event"("actor_id", "organization_id", "number");
CREATE INDEX "audit_event_organization_id_action_number_idx" ON "audit_event"("organization_id", "action", "number");
CREATE INDEX "audit_event_organization_id_target_id_number_idx" ON "audit_event"("organization_id", "target_id", "number");

-- Where each chain ends. Written by the triggers below alone: no role has the right to.
CREATE TABLE "audit_head" (
    "organization_id" TEXT NOT NULL,
    "number" BIGINT NOT NULL DEFAULT 0,
    "hash" TEXT NOT NULL DEFAULT repeat('0', 64),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "audit_head_pkey" PRIMARY KEY ("organization_id")
) WITH (fillfactor = 50);

-- By hand: the chain ---------------------------------------------------------------------------------------------------

-- A chain begins with its organization.
CREATE FUNCTION "berth_begin_audit_chain"() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  INSERT INTO public.audit_head (organization_id) VALUES (NEW.id) ON CONFLICT DO NOTHING;
  RETURN NULL;
END
$$;
CREATE TRIGGER "organization_audit_chain" AFTER INSERT ON "organization" FOR EACH ROW EXECUTE FUNCTION "berth_begin_audit_chain"();
INSERT INTO "audit_head" ("organization_id") SELECT "id" FROM "organization";

-- The end of a chain, locked until the transaction ends. A tenant can have its own alone.
CREATE FUNCTION "berth_lock_audit_head"(wanted text) RETURNS "audit_head"
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  head public.audit_head;
BEGIN
  SELECT * INTO head FROM public.audit_head h
   WHERE h.organization_id = wanted AND coalesce(public.berth_tenant(), wanted) = wanted FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no audit chain of % to write to', wanted USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN head;
END
$$;
REVOKE ALL ON FUNCTION "berth_lock_audit_head"(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION "berth_lock_audit_head"(text) TO berth_api, berth_operator, berth_worker;

-- A row that does not continue its chain is refused, whoever writes it; one that does is the chain's end from now on.
CREATE FUNCTION "berth_continue_audit_chain"() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE public.audit_head h SET number = NEW.number, hash = NEW.hash, created_at = NEW.created_at
   WHERE h.organization_id = NEW.organization_id AND h.number = NEW.number - 1 AND h.hash = NEW.previous_hash;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'audit row % of % does not continue its chain', NEW.number, NEW.organization_id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER "audit_event_chain" AFTER INSERT ON "audit_event" FOR EACH ROW EXECUTE FUNCTION "berth_continue_audit_chain"();

-- Roles have no right to change or remove; these stop the owner too, who would have to disable them first.
CREATE FUNCTION "berth_refuse_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rows of % stay as they were written', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER "audit_event_stays" BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit_event" FOR EACH STATEMENT EXECUTE FUNCTION "berth_refuse_change"();
CREATE TRIGGER "audit_head_stays" BEFORE DELETE OR TRUNCATE ON "audit_head" FOR EACH STATEMENT EXECUTE FUNCTION "berth_refuse_change"();
CREATE FUNCTION "berth_refuse_step_back"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.number <> OLD.number + 1 OR NEW.organization_id <> OLD.organization_id THEN
    RAISE EXCEPTION 'the end of the audit chain of % moves by one row, forward', OLD.organization_id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER "audit_head_forward" BEFORE UPDATE ON "audit_head" FOR EACH ROW EXECUTE FUNCTION "berth_refuse_step_back"();

-- By hand: rows that were there already --------------------------------------------------------------------------------
-- Canonical JSON (RFC 8785) of what those can hold: our own names, whole numbers and short decimals. Every row from here on
-- is written by the db package, so this is not kept.

CREATE FUNCTION "berth_canonical_json"(value jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  CASE jsonb_typeof(value)
    WHEN 'object' THEN
      RETURN '{' || coalesce((SELECT string_agg(to_json(m.key)::text || ':' || berth_canonical_json(m.value), ',' ORDER BY m.key COLLATE "C")
        FROM jsonb_each(value) m), '') || '}';
    WHEN 'array' THEN
      RETURN '[' || coalesce((SELECT string_agg(berth_canonical_json(m.value), ',' ORDER BY m.ordinality)
        FROM jsonb_array_elements(value) WITH ORDINALITY m), '') || ']';
    WHEN 'number' THEN
      RETURN trim_scale(value::text::numeric)::text;
    ELSE
      RETURN value::text;
  END CASE;
END
$$;

DO $rechain$
DECLARE
  old record;
  head audit_head;
BEGIN
  INSERT INTO audit_head (organization_id) SELECT DISTINCT u.organization_id FROM audit_event_unchained u ON CONFLICT DO NOTHING;
  FOR old IN SELECT * FROM audit_event_unchained ORDER BY organization_id, seq LOOP
    SELECT * INTO head FROM audit_head h WHERE h.organization_id = old.organization_id;
    INSERT INTO audit_event (content) VALUES (berth_canonical_json(jsonb_build_object(
      'id', old.id, 'organization_id', old.organization_id, 'number', head.number + 1,
      'created_at', to_char(greatest(old.created_at, CASE WHEN head.number > 0 THEN head.created_at END) AT TIME ZONE 'UTC',
        'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      'actor', jsonb_build_object('type', CASE WHEN old.actor LIKE 'key\_%' THEN 'api_key' ELSE 'system' END,
        'id', old.actor, 'name', NULL),
      'on_behalf_of', NULL, 'action', old.action,
      'target', jsonb_build_object('type', old.target_type, 'id', old.target_id),
      'request_id', old.request_id, 'ip', NULL, 'user_agent', NULL, 'outcome', 'succeeded',
      'changes', jsonb_build_object('before', NULL, 'after', CASE WHEN old.data = '{}' THEN NULL ELSE old.data END),
      'previous_hash', head.hash)));
  END LOOP;
END
$rechain$;
DROP FUNCTION "berth_canonical_json"(jsonb);
DROP TABLE "audit_event_unchained";

-- By hand: who may do what ---------------------------------------------------------------------------------------------

ALTER TABLE "audit_event" ENABLE ROW LEVEL SECURITY;
CREATE POLICY worker ON "audit_event" TO berth_worker USING (true) WITH CHECK (true);
CREATE POLICY operator ON "audit_event" TO berth_operator USING (true) WITH CHECK (true);
CREATE POLICY tenant ON "audit_event" TO berth_api USING ("organization_id" = (SELECT berth_tenant()));
ALTER TABLE "audit_head" ENABLE ROW LEVEL SECURITY;
CREATE POLICY worker ON "audit_head" FOR SELECT TO berth_worker USING (true);
CREATE POLICY operator ON "audit_head" FOR SELECT TO berth_operator USING (true);
CREATE POLICY tenant ON "audit_head" FOR SELECT TO berth_api USING ("organization_id" = (SELECT berth_tenant()));

-- The content and nothing else can be given: all other columns are made from it.
GRANT SELECT, INSERT ("content") ON "audit_event" TO berth_api, berth_operator, berth_worker;
GRANT SELECT ON "audit_head" TO berth_api, berth_operator, berth_worker;
