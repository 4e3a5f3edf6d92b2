-- Who may do what.
CREATE EXTENSION walrus;
\set SHOW_CONTEXT never
CREATE ROLE alice;
CREATE ROLE monitor IN ROLE pg_monitor;
CREATE ROLE operator;

-- [walrus-50] PUBLIC has nothing, pg_monitor reads everything
SELECT has_schema_privilege('alice', 'walrus', 'USAGE') AS alice, has_schema_privilege('monitor', 'walrus', 'USAGE') AS monitor,
    has_schema_privilege('monitor', 'walrus', 'CREATE') AS creates;
SELECT p.oid::regprocedure AS function, has_function_privilege('alice', p.oid, 'EXECUTE') AS alice, has_function_privilege('monitor', p.oid, 'EXECUTE') AS monitor
  FROM pg_proc p WHERE p.pronamespace = 'walrus'::regnamespace ORDER BY p.proname COLLATE "C";
SELECT c.oid::regclass AS relation, has_table_privilege('alice', c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE') AS alice,
    has_table_privilege('monitor', c.oid, 'SELECT') AS monitor, has_table_privilege('monitor', c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') AS writes
  FROM pg_class c WHERE c.relnamespace = 'walrus'::regnamespace AND c.relkind IN ('r', 'v') ORDER BY c.relname COLLATE "C";
SELECT has_sequence_privilege('monitor', 'walrus.history_id_seq', 'USAGE, UPDATE') AS sequence;

SET ROLE alice;
SELECT walrus.status();
SELECT * FROM walrus.why;
RESET ROLE;

-- [walrus-50] [walrus-D14]
SET ROLE monitor;
SELECT walrus.status() ->> 'preloaded' AS preloaded, walrus.recommendation() ? 'action' AS recommendation, walrus.analyze() -> 'applied' AS applied;
SELECT count(*) >= 0 AS why FROM walrus.why;
SELECT count(*) AS causes FROM walrus.checkpoint_causes;
SELECT count(*) >= 0 AS events FROM walrus.events;
SELECT count(*) > 0 AS metrics FROM walrus.metrics;
SELECT walrus.openmetrics() LIKE '%# EOF%' AS openmetrics;
SELECT max_wal_size_mb FROM walrus.simulate('2GB');
SELECT count(*) AS rows FROM walrus.history;
SELECT count(*) AS rows FROM walrus.history();
-- nothing that writes
SELECT walrus.restore();
SELECT walrus.reset();
SELECT walrus.cleanup_history();
SELECT walrus.analyze(true);
SELECT walrus.analyze(apply => true);
DELETE FROM walrus.history;
INSERT INTO walrus.history (action, old_size_mb, new_size_mb, forced_checkpoints, checkpoint_timeout_sec) VALUES ('reset', 1, 1, 0, 1);
RESET ROLE;

-- [walrus-50] unless it is granted
GRANT USAGE ON SCHEMA walrus TO operator;
GRANT EXECUTE ON FUNCTION walrus.restore(), walrus.reset(), walrus.cleanup_history(), walrus.analyze(boolean) TO operator;
INSERT INTO walrus.history ("timestamp", action, old_size_mb, new_size_mb, forced_checkpoints, checkpoint_timeout_sec)
    VALUES (now() - interval '8 days', 'increase', 1024, 2048, 3, 300);
ALTER SYSTEM SET walrus.mode = 'advise';
SELECT pg_reload_conf();
DO $$ BEGIN
    FOR i IN 1..600 LOOP
        EXIT WHEN walrus.status() ->> 'standing' = 'advising';
        PERFORM pg_sleep(0.1);
    END LOOP;
END $$;
SET ROLE operator;
SELECT walrus.restore();
SELECT walrus.reset();
SELECT walrus.cleanup_history();
SELECT * FROM walrus.history;
SELECT walrus.analyze(true);
RESET ROLE;
GRANT ALTER SYSTEM ON PARAMETER max_wal_size TO operator;
SET ROLE operator;
SELECT walrus.analyze(true) -> 'applied' AS applied, walrus.analyze(true) -> 'reason' AS reason;
RESET ROLE;
ALTER SYSTEM RESET walrus.mode;
SELECT pg_reload_conf();
REVOKE ALL ON PARAMETER max_wal_size FROM operator;

DROP EXTENSION walrus;
DROP OWNED BY alice, monitor, operator;
DROP ROLE alice, monitor, operator;
