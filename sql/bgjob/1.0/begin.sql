\echo Use "CREATE EXTENSION bgjob" to load this file. \quit

-- Whoever owns the schema could put functions and tables of their own into it.
DO $$ BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_namespace n
              JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner WHERE n.nspname = 'bgjob') THEN
        RAISE insufficient_privilege USING
            MESSAGE = 'schema "bgjob" belongs to a role that is no superuser',
            HINT = 'Drop it, or give it to a superuser.';
    END IF;
END $$;

