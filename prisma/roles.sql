-- The roles that own or use the tables. They are of the whole server, not of one database, so they are made before
-- the migrations and not by one of them. Run by `berth-db migrate` each time; safe to repeat, and by several at once.
--
--   berth_migrator  owns tables and functions; migrations run as it
--   berth_api       what the API may do for a tenant: row-level security holds it to the one that is set
--   berth_operator  what the API may do for the platform's own people, across tenants
--   berth_worker    what the worker may do
--
-- None can log in. A login user is made a member (GRANT berth_api TO some_login) and takes the role when it connects
-- (`options=-c role=berth_api`, which createDatabase({ role }) sets).
DO $roles$
DECLARE
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['berth_migrator', 'berth_api', 'berth_operator', 'berth_worker'] LOOP
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = wanted) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
        -- Whoever makes a role without being superuser must still be allowed to become it (PostgreSQL >= 16).
        IF wanted = 'berth_migrator' AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
          EXECUTE format('GRANT berth_migrator TO %I', current_user);
        END IF;
      EXCEPTION
        WHEN duplicate_object OR unique_violation THEN NULL; -- Somebody else was quicker.
        WHEN insufficient_privilege THEN
          RAISE EXCEPTION 'role % is missing and % may not create roles', wanted, current_user
            USING HINT = 'Run prisma/roles.sql once as a superuser, or GRANT CREATEROLE.', ERRCODE = 'insufficient_privilege';
      END;
    END IF;
  END LOOP;

  IF NOT has_schema_privilege('berth_migrator', 'public', 'CREATE') THEN
    GRANT USAGE, CREATE ON SCHEMA public TO berth_migrator;
  END IF;
  -- BullMQ on Postgres keeps its tables in a schema of its own, which the worker makes and migrates. Not needed on Redis.
  IF NOT has_database_privilege('berth_worker', current_database(), 'CREATE') THEN
    BEGIN
      EXECUTE format('GRANT CREATE ON DATABASE %I TO berth_worker', current_database());
    EXCEPTION WHEN insufficient_privilege THEN
      RAISE NOTICE 'berth_worker may not create a schema here: run prisma/roles.sql as the owner of the database, or use Redis';
    END;
  END IF;
END
$roles$;
