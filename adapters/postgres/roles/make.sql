-- The roles of the engine's processes, and the owner of its tables. For a superuser, in the engine's database and schema; safe to
-- repeat. Roles that are there already keep what they are. None has a password yet: `ALTER ROLE order_engine_api PASSWORD '...'`.
--
-- order_engine_migrator: `migrate`; owns all tables.     order_engine_api: `api`.     order_engine_worker: `worker`.
-- order_engine_operator: the operators' commands.        order_engine_readonly: people and tools that only look.

DO $$
DECLARE
    role TEXT;
    thing RECORD;
BEGIN
    FOREACH role IN ARRAY ARRAY[
        'order_engine_migrator', 'order_engine_api', 'order_engine_worker', 'order_engine_operator', 'order_engine_readonly']
    LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', role);
        END IF;
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), role);
    END LOOP;
    EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', current_schema());
    EXECUTE format('GRANT CREATE ON SCHEMA %I TO order_engine_migrator', current_schema());

    -- What an engine made here before becomes the migrator's: its tables, with their sequences, and its functions.
    FOR thing IN
        SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END AS kind, c.oid::regclass::text AS name
        FROM pg_class AS c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v')
        UNION ALL
        SELECT 'FUNCTION', p.oid::regprocedure::text FROM pg_proc AS p
        WHERE p.pronamespace = current_schema()::regnamespace
            AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = p.oid AND d.deptype = 'e')
    LOOP
        IF to_regclass('schema_migrations') IS NOT NULL THEN
            EXECUTE format('ALTER %s %s OWNER TO order_engine_migrator', thing.kind, thing.name);
        END IF;
    END LOOP;
END $$;
