-- Who may do what.
CREATE EXTENSION bgjob;
\set SHOW_CONTEXT never
CREATE ROLE alice LOGIN;
CREATE ROLE bob LOGIN;
CREATE ROLE "Odd ""Name" LOGIN;

-- [pgbg-23] PUBLIC has nothing
SELECT count(*) FILTER (WHERE has_function_privilege('alice', p.oid, 'EXECUTE')) AS functions_of_public, count(*) > 10 AS of_many
  FROM pg_proc p WHERE p.pronamespace = 'bgjob'::regnamespace;
SELECT count(*) FILTER (WHERE has_table_privilege('alice', c.oid, 'SELECT')) AS views_of_public FROM pg_class c
 WHERE c.relnamespace = 'bgjob'::regnamespace AND c.relkind IN ('r', 'v');
SELECT has_schema_privilege('alice', 'bgjob', 'USAGE'), has_schema_privilege('alice', 'bgjob', 'CREATE');
SET ROLE alice;
SELECT bgjob.launch('SELECT 1');
SELECT * FROM bgjob.launched;
SELECT bgjob.grant_usage('alice');
RESET ROLE;

-- grant_usage gives all that is of use, and no more
SELECT bgjob.grant_usage('alice');
SELECT bgjob.grant_usage('"Odd ""Name"');
SELECT bgjob.grant_usage('nobody');
SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'bgjob'::regnamespace
   AND NOT has_function_privilege('alice', p.oid, 'EXECUTE') ORDER BY proname;
SELECT has_schema_privilege('alice', 'bgjob', 'USAGE'), has_schema_privilege('alice', 'bgjob', 'CREATE'),
    bool_and(has_table_privilege('alice', c.oid, 'SELECT')) FROM pg_class c WHERE c.relnamespace = 'bgjob'::regnamespace AND c.relkind = 'v';
SET ROLE alice;
SELECT r.* FROM bgjob.launch('SELECT current_user, session_user, current_setting(''is_superuser'')') h,
    bgjob.result(h.id, h.cookie) AS r(me name, login name, super text);
SELECT bgjob.grant_usage('bob');
SELECT bgjob.usage_privileges('bob', 'GRANT', 'TO');
RESET ROLE;

-- the worker is logged in as the role: there is nothing to go back to
SET SESSION AUTHORIZATION alice;
SELECT * FROM bgjob.run('RESET ROLE; RESET SESSION AUTHORIZATION; SELECT current_user, session_user');
SELECT * FROM bgjob.run('SET SESSION AUTHORIZATION postgres');
SELECT * FROM bgjob.run('SET ROLE postgres');
RESET SESSION AUTHORIZATION;
-- ... from SET ROLE too
SET ROLE alice;
SELECT * FROM bgjob.run('RESET ROLE; RESET SESSION AUTHORIZATION; SELECT current_user, session_user');
RESET ROLE;

-- a job of another role is closed, whatever one knows of it
SELECT bgjob.grant_usage('bob');
SET ROLE alice;
SELECT * FROM bgjob.launch('SELECT 1') \gset
SELECT bgjob.wait(:id, :cookie);
SET ROLE bob;
SELECT * FROM bgjob.result(:id, :cookie) AS (x int);
SELECT * FROM bgjob.result_json(:id, :cookie);
SELECT bgjob.wait(:id, :cookie);
SELECT bgjob.wait_any(ARRAY[(:id, :cookie)]::bgjob.handle[]);
SELECT bgjob.cancel(:id, :cookie);
SELECT bgjob.detach(:id, :cookie);
SELECT bgjob.outcome(:id, :cookie);
SELECT bgjob.command(:id, :cookie);
SELECT bgjob.progress(:id, :cookie);
SELECT count(*) FROM bgjob.launched;
SELECT count(*) FROM bgjob.activity;
SELECT bgjob.purge();
RESET ROLE;
-- ... a member of the role may, and so may a superuser
GRANT alice TO bob;
SET ROLE bob;
SELECT * FROM bgjob.result(:id, :cookie) AS (x int);
RESET ROLE;
REVOKE alice FROM bob;
SELECT * FROM bgjob.result(:id, :cookie) AS (x int);
SELECT bgjob.purge();

-- [pgbg-31] limits of a role are the administrator's to set
SET ROLE alice;
SET bgjob.max_jobs_per_role = 5;
SET bgjob.max_workers_per_role = 0;
SET bgjob.log_jobs = on;
SET bgjob.max_workers = 1;
SET bgjob.queue_size = '1MB';
RESET ROLE;
RESET bgjob.queue_size;
SELECT name, context, setting, unit, min_val, max_val FROM pg_settings WHERE name LIKE 'bgjob.%' AND name <> 'bgjob.fault' ORDER BY name COLLATE "C";
SET bgjob.unknown = 1;

SELECT bgjob.revoke_usage('alice');
SET ROLE alice;
SELECT bgjob.launch('SELECT 1');
RESET ROLE;
SELECT count(*) FILTER (WHERE has_function_privilege('alice', p.oid, 'EXECUTE')) AS functions_left
  FROM pg_proc p WHERE p.pronamespace = 'bgjob'::regnamespace;

-- search_path and temporary objects of the caller do not reach into our functions
CREATE FUNCTION public.format(text, text, text, regrole) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'hijacked'; END $$;
CREATE TEMP TABLE pg_proc (oid oid, pronamespace oid, proname name);
CREATE TEMP TABLE pg_class (oid oid, relnamespace oid, relkind "char");
CREATE TEMP TABLE pg_database (oid oid, datname name);
SET search_path = pg_temp, public, pg_catalog;
SELECT bgjob.grant_usage('alice');
SELECT has_function_privilege('alice', 'bgjob.launch(text, integer, text, interval, boolean)', 'EXECUTE');
SELECT count(*) FROM bgjob.launched;
SELECT count(*) FROM bgjob.activity;
RESET search_path;

-- roles that may not log in: 15 and 16 need LOGIN
CREATE ROLE nologin NOLOGIN;
SELECT bgjob.grant_usage('nologin');
SET ROLE nologin;
DO $$
DECLARE said text;
BEGIN
    BEGIN
        said := (SELECT j ->> 'current_user' FROM bgjob.run('SELECT current_user') j);
    EXCEPTION WHEN invalid_authorization_specification THEN
        said := SQLERRM;
    END;
    IF said <> (CASE WHEN current_setting('server_version_num')::int >= 170000 THEN 'nologin'
               ELSE 'role "nologin" is not permitted to log in' END) THEN
        RAISE EXCEPTION '%', said;
    END IF;
END $$;
RESET ROLE;
