-- A job has the settings of the session that launched it, and leaves nothing to the next.
CREATE EXTENSION bgjob;
\set SHOW_CONTEXT never

-- inherited
SET work_mem = '7MB';
SET search_path = pg_catalog, public;
SET application_name = 'the launcher';
SET DateStyle = 'German';
SET app.mine = 'custom';
SELECT * FROM bgjob.launch($$ SELECT current_setting('work_mem'), current_setting('search_path'), current_setting('application_name'),
    current_date::text ~ '^\d\d\.\d\d\.\d{4}$', current_setting('app.mine') $$) \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (work_mem text, search_path text, application_name text, german bool, mine text);
RESET ALL;
BEGIN;
SET LOCAL work_mem = '8MB';
SELECT j ->> 'work_mem' AS within_transaction FROM bgjob.run('SHOW work_mem') j;
COMMIT;
SELECT j ->> 'work_mem' = current_setting('work_mem') AS reset FROM bgjob.run('SHOW work_mem') j;
CREATE FUNCTION with_setting() RETURNS text LANGUAGE sql SET work_mem = '9MB' AS $$ SELECT j ->> 'work_mem' FROM bgjob.run('SHOW work_mem') j $$;
SELECT with_setting();

-- not inherited: what belongs to the transaction and to the identity
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE;
SELECT * FROM bgjob.run($$ SELECT current_setting('transaction_isolation') AS i, current_setting('transaction_read_only') AS r,
    current_setting('transaction_deferrable') AS d $$);
COMMIT;
-- the session's default is
SET default_transaction_isolation = 'repeatable read';
SET default_transaction_read_only = on;
SELECT * FROM bgjob.run('SELECT current_setting(''transaction_isolation'') AS i, current_setting(''transaction_read_only'') AS r');
SELECT * FROM bgjob.run('CREATE TABLE not_allowed ()');
RESET ALL;
SELECT setseed(0.5);
SELECT count(DISTINCT j) FROM generate_series(1, 3) i, LATERAL bgjob.run('SELECT random() /* ' || i || ' */') j;

-- Nothing of a job is left for the next one on the same worker.
CREATE SEQUENCE s;
SELECT nextval('s');
CREATE TABLE t (i int);
SELECT * FROM bgjob.launch($$
    SET work_mem = '77MB';
    SET search_path = pg_catalog;
    SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY;
    SET app.leak = 'leaked';
    SELECT set_config('TimeZone', 'Asia/Tokyo', false);
    SELECT pg_advisory_lock(42);
    CREATE TEMP TABLE leak AS SELECT 1 AS x;
    SELECT nextval('public.s');
    SELECT pg_backend_pid() $$) \gset
SELECT pid AS worker FROM bgjob.result(:id, :cookie) AS (pid int) \gset
SELECT * FROM bgjob.launch('PREPARE leak AS SELECT 1; DECLARE leak CURSOR WITH HOLD FOR SELECT 1; SET ROLE pg_monitor; SET app.more = 1') \gset
SELECT bgjob.wait(:id, :cookie);
SELECT * FROM bgjob.launch($$ SELECT pg_backend_pid(), current_setting('work_mem'), current_setting('search_path'), current_setting('transaction_read_only'),
    current_setting('app.leak', true), current_setting('app.more', true), current_setting('TimeZone') = 'Asia/Tokyo', current_user, to_regclass('leak'),
    (SELECT count(*)::int FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'), (SELECT count(*)::int FROM pg_prepared_statements),
    (SELECT count(*)::int FROM pg_cursors WHERE name = 'leak') $$) \gset
SELECT pid = :worker AS same_worker, work_mem = current_setting('work_mem') AS work_mem, search_path, read_only, coalesce(leak, '') AS leak, coalesce(more, '') AS more,
    tokyo, me, temp_table, locks, prepared, cursors
    FROM bgjob.result(:id, :cookie) AS (pid int, work_mem text, search_path text, read_only text, leak text, more text, tokyo bool, me name, temp_table regclass,
    locks int, prepared int, cursors int) \gx
SELECT * FROM bgjob.run('SELECT currval(''s'')');
SELECT * FROM bgjob.run('SELECT lastval()');
SELECT * FROM bgjob.run('EXECUTE leak');
SELECT * FROM bgjob.run('FETCH leak');

-- ... of a job that failed or was cancelled neither
SELECT * FROM bgjob.launch('SET work_mem = ''66MB''; SELECT pg_advisory_lock(43); CREATE TEMP TABLE leak (); SELECT 1/0') \gset
SELECT bgjob.wait(:id, :cookie);
SELECT * FROM bgjob.launch('SELECT set_config(''work_mem'', ''55MB'', false), pg_advisory_lock(44), pg_sleep(60)') \gset
DO $$ BEGIN WHILE NOT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 44) LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;
SELECT bgjob.cancel(:id, :cookie, '30 s');
SELECT j ->> 'pid' = :'worker' AS same_worker, j ->> 'w' = current_setting('work_mem') AS work_mem, j -> 'locks' AS locks, j -> 'leak' AS leak
  FROM bgjob.run($$ SELECT pg_backend_pid() AS pid, current_setting('work_mem') AS w, to_regclass('leak') AS leak,
    (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory') AS locks $$) j;
-- a temp table that a lone CALL committed
CREATE PROCEDURE commits() LANGUAGE plpgsql AS
    $$ BEGIN CREATE TEMP TABLE leak (i int); SET work_mem = '44MB'; PERFORM pg_advisory_lock(45); COMMIT; RAISE EXCEPTION 'after commit'; END $$;
SELECT * FROM bgjob.run('CALL commits()');
SELECT j ->> 'w' = current_setting('work_mem') AS work_mem, j -> 'locks' AS locks, j -> 'leak' AS leak
  FROM bgjob.run($$ SELECT current_setting('work_mem') AS w, to_regclass('leak') AS leak,
    (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory') AS locks $$) j;

-- a setting the launcher changes between jobs reaches the same worker
SET work_mem = '3MB';
SELECT j ->> 'work_mem' AS work_mem FROM bgjob.run('SHOW work_mem') j;
SET work_mem = '2MB';
SELECT j ->> 'work_mem' AS work_mem FROM bgjob.run('SHOW work_mem') j;
RESET work_mem;
SELECT j ->> 'work_mem' = current_setting('work_mem') AS work_mem FROM bgjob.run('SHOW work_mem') j;
SET app.gone = 'x';
SELECT * FROM bgjob.run('SELECT current_setting(''app.gone'', true) AS gone');
\c
SELECT j ->> 'gone' AS gone FROM bgjob.run('SELECT nullif(current_setting(''app.gone'', true), '''') AS gone') j;
SELECT workers_started, lost FROM bgjob.stats;

-- plans of a worker follow the tables they are of
CREATE FUNCTION first_of_t() RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT t::text FROM t LIMIT 1); END';
INSERT INTO t VALUES (1);
SELECT j FROM bgjob.run('SELECT first_of_t()') j;
ALTER TABLE t ADD j text DEFAULT 'new';
SELECT j FROM bgjob.run('SELECT first_of_t()') j;
