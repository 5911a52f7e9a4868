-- How many projects an organization has, kept in its row as what its clusters take is: also a key that sees some of them alone
-- is told the truth.

-- AlterTable
ALTER TABLE "organization" ADD COLUMN "used_projects" INTEGER NOT NULL DEFAULT 0;

-- By hand: what is there already ---------------------------------------------------------------------------------------

UPDATE "organization" o SET "used_projects" =
  (SELECT count(*) FROM "project" p WHERE p."organization_id" = o."id" AND p."deleted_at" IS NULL);
ALTER TABLE "organization" ADD CONSTRAINT "organization_projects_check" CHECK ("used_projects" >= 0);

-- By hand: who counts --------------------------------------------------------------------------------------------------

CREATE FUNCTION "berth_count_project"() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP <> 'INSERT' AND OLD.deleted_at IS NULL THEN
    UPDATE public.organization SET used_projects = used_projects - 1 WHERE id = OLD.organization_id;
  END IF;
  IF TG_OP <> 'DELETE' AND NEW.deleted_at IS NULL THEN
    UPDATE public.organization SET used_projects = used_projects + 1 WHERE id = NEW.organization_id;
  END IF;
  RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION "berth_count_project"() FROM PUBLIC;
CREATE TRIGGER "project_counted" AFTER INSERT OR DELETE ON "project" FOR EACH ROW EXECUTE FUNCTION "berth_count_project"();
CREATE TRIGGER "project_recounted" AFTER UPDATE OF "deleted_at", "organization_id" ON "project" FOR EACH ROW
  WHEN ((OLD."deleted_at" IS NULL) <> (NEW."deleted_at" IS NULL) OR OLD."organization_id" <> NEW."organization_id")
  EXECUTE FUNCTION "berth_count_project"();
