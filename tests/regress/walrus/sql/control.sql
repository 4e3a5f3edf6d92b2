-- Functions that change something.
CREATE EXTENSION walrus;
\set SHOW_CONTEXT never
DO $$ BEGIN
    FOR i IN 1..600 LOOP
        EXIT WHEN walrus.status() ->> 'last_check_time' IS NOT NULL;
        PERFORM pg_sleep(0.1);
    END LOOP;
END $$;

-- [walrus-D13] what cannot be rolled back is not begun in a transaction block
BEGIN;
SELECT walrus.restore();
ROLLBACK;
BEGIN;
SELECT walrus.analyze(true);
ROLLBACK;
SELECT 1 \; SELECT walrus.restore();
BEGIN;
SELECT walrus.analyze(false) -> 'applied' AS applied;
SELECT walrus.reset();
COMMIT;

-- nothing was changed, so nothing is put back
SELECT walrus.restore();

-- reset is an event; it leaves max_wal_size and the history alone
INSERT INTO walrus.history (action, old_size_mb, new_size_mb, forced_checkpoints, checkpoint_timeout_sec) VALUES ('increase', 1, 2, 0, 1);
SELECT walrus.reset();
SELECT count(*) FROM walrus.history;
SELECT id, at BETWEEN pg_postmaster_start_time() AND clock_timestamp() AS at, action, old_size_mb, new_size_mb, sentence <> '' AS sentence, sqlstate
  FROM walrus.events WHERE action = 'reset';
SELECT walrus.status() -> 'total_adjustments' AS total, walrus.status() -> 'last_adjustment_time' AS last, walrus.status() -> 'quiet_intervals' AS quiet;

-- [walrus-47] [walrus-D13] apply changes nothing where walrus only advises
ALTER SYSTEM SET walrus.dry_run = on;
SELECT pg_reload_conf();
DO $$ BEGIN
    FOR i IN 1..600 LOOP
        EXIT WHEN walrus.status() ->> 'standing' = 'advising';
        PERFORM pg_sleep(0.1);
    END LOOP;
END $$;
SELECT walrus.analyze(true) - 'recommendation' - 'analyzed' AS report;
SELECT obstacle FROM walrus.why;
ALTER SYSTEM SET walrus.enable = off;
SELECT pg_reload_conf();
DO $$ BEGIN
    FOR i IN 1..600 LOOP
        EXIT WHEN walrus.status() ->> 'standing' = 'off';
        PERFORM pg_sleep(0.1);
    END LOOP;
END $$;
SELECT walrus.analyze(true) - 'recommendation' - 'analyzed' AS report;
SELECT obstacle, sentence FROM walrus.why;
SELECT count(*) FROM pg_file_settings WHERE name = 'max_wal_size' AND sourcefile LIKE '%auto.conf';
ALTER SYSTEM RESET walrus.enable;
ALTER SYSTEM RESET walrus.dry_run;
SELECT pg_reload_conf();

-- cleanup_history keeps what is young enough
TRUNCATE walrus.history;
INSERT INTO walrus.history ("timestamp", action, old_size_mb, new_size_mb, forced_checkpoints, checkpoint_timeout_sec, reason)
    SELECT now() - age, 'increase', 1, 2, 0, 1, age FROM unnest('{1 hour,6 days 20 hours,7 days,8 days,1 year}'::interval[]) age;
SELECT walrus.cleanup_history();
SELECT walrus.cleanup_history();
SELECT reason FROM walrus.history();
ALTER SYSTEM SET walrus.history_retention_days = 0;
SELECT pg_reload_conf();
\c -
SELECT walrus.cleanup_history();
SELECT count(*) FROM walrus.history;
ALTER SYSTEM RESET walrus.history_retention_days;
SELECT pg_reload_conf();

-- an operator in a schema of the caller is not taken for the server's
\c -
INSERT INTO walrus.history ("timestamp", action, old_size_mb, new_size_mb, forced_checkpoints, checkpoint_timeout_sec)
    VALUES (now(), 'increase', 1, 2, 0, 1);
CREATE SCHEMA planted;
CREATE FUNCTION planted.always(timestamptz, timestamptz) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR planted.<= (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = planted.always);
SET search_path = planted, pg_catalog;
SELECT walrus.cleanup_history();
RESET search_path;
DROP SCHEMA planted CASCADE;
DROP EXTENSION walrus;
