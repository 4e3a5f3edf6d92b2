-- Functions and views that only read. What they say of a load is tested elsewhere: here it is their shape.
CREATE EXTENSION walrus;
\set SHOW_CONTEXT never
DO $$ BEGIN
    FOR i IN 1..600 LOOP
        EXIT WHEN walrus.status() ->> 'last_check_time' IS NOT NULL;
        PERFORM pg_sleep(0.1);
    END LOOP;
END $$;

-- the keys of pg_walrus, and their types
SELECT k.key, jsonb_typeof(walrus.status() -> k.key) AS type
  FROM unnest('{enabled,current_max_wal_size_mb,configured_maximum_mb,threshold,checkpoint_timeout_sec,shrink_enabled,shrink_factor,
    shrink_intervals,min_size_mb,worker_running,last_check_time,last_adjustment_time,total_adjustments,quiet_intervals,at_ceiling,cooldown_sec,
    max_changes_per_hour,cooldown_active,cooldown_remaining_sec,changes_this_hour,hourly_window_start,hourly_limit_reached}'::text[]) AS k(key);
-- and ours
SELECT s.key, CASE WHEN s.key = 'worker_pid' THEN to_jsonb(jsonb_typeof(s.value)) ELSE s.value END AS value FROM jsonb_each(walrus.status()) s
 WHERE s.key IN ('preloaded', 'mode', 'algorithm', 'dry_run', 'standing', 'original_max_wal_size_mb', 'exact_causes', 'failure_sqlstate', 'retry_at', 'worker_pid')
 ORDER BY 1;
SELECT count(*) FROM jsonb_object_keys(walrus.status());
-- [walrus-08] [walrus-09] sizes and times are those of the server
SELECT s ->> 'current_max_wal_size_mb' = (SELECT setting FROM pg_settings WHERE name = 'max_wal_size') AS size,
    s ->> 'checkpoint_timeout_sec' = (SELECT setting FROM pg_settings WHERE name = 'checkpoint_timeout') AS timeout,
    (s ->> 'last_check_time')::timestamptz BETWEEN pg_postmaster_start_time() AND clock_timestamp() AS checked
  FROM walrus.status() s;
ALTER SYSTEM SET checkpoint_timeout = '7min';
SELECT pg_reload_conf();
\c -
SELECT walrus.status() -> 'checkpoint_timeout_sec';
ALTER SYSTEM RESET checkpoint_timeout;
SELECT pg_reload_conf();
\c -

-- recommendation and analyze
SELECT key, jsonb_typeof(value) AS type FROM jsonb_each(walrus.recommendation()) ORDER BY 1;
SELECT (r -> 'confidence')::int BETWEEN 0 AND 100 AS confidence, r ->> 'action' AS action, r -> 'current_size_mb' = r -> 'recommended_size_mb' AS same,
    r ->> 'reason' <> '' AS reason FROM walrus.recommendation() r;
SELECT key, jsonb_typeof(value) AS type FROM jsonb_each(walrus.analyze()) ORDER BY 1;
SELECT walrus.analyze(NULL);

-- why: one row
SELECT count(*) FROM walrus.why;
SELECT current_mb, floor_mb, cap_mb >= floor_mb AS bounded, standing, obstacle, statement, trigger_mb, checkpoint_timeout > '0' AS timeout,
    sentence <> '' AS sentence, failure, retry_at, utilisation >= 0 AS used FROM walrus.why;
SELECT w.source, w.source_line = s.sourceline AS line, w.source_file = s.sourcefile AS file
  FROM walrus.why w, pg_settings s WHERE s.name = 'max_wal_size';

-- causes are counted exactly, and at once
SELECT kind, cause FROM walrus.checkpoint_causes;
SELECT count AS other FROM walrus.checkpoint_causes WHERE kind = 'checkpoint' AND cause = 'other' \gset
SELECT count AS wal FROM walrus.checkpoint_causes WHERE kind = 'checkpoint' AND cause = 'wal' \gset
CHECKPOINT;
SELECT cause, count - CASE cause WHEN 'wal' THEN :wal ELSE :other END AS more, inferred, last_at <= now() AS last_at FROM walrus.checkpoint_causes
 WHERE kind = 'checkpoint' AND cause IN ('wal', 'other');

-- simulate reads sizes as the server does
SELECT max_wal_size_mb, timeout FROM walrus.simulate('4GB');
SELECT max_wal_size_mb, timeout FROM walrus.simulate('4096', '30 seconds');
SELECT max_wal_size_mb, timeout FROM walrus.simulate(' 2097152 kB ', '1 day');
SELECT max_wal_size_mb, timeout FROM walrus.simulate('32', NULL);
SELECT max_wal_size_mb FROM walrus.simulate('2147483647MB');
SELECT max_wal_size_mb FROM walrus.simulate(max_wal_size => '0.5TB', checkpoint_timeout => '15 min');
SELECT num_nulls(forced_per_day, timed_per_day, most_between_bytes, needed_mb) IN (0, 4) AS whole,
    (recorded_minutes > 0) = (needed_mb IS NOT NULL) AS known, recorded_bytes >= 0 AS bytes FROM walrus.simulate('1GB');
SELECT walrus.simulate(NULL);
SELECT walrus.simulate('');
SELECT walrus.simulate('many');
SELECT walrus.simulate('4 XB');
SELECT walrus.simulate('4GB extra');
SELECT walrus.simulate('99999999999TB');
SELECT walrus.simulate('31MB');
SELECT walrus.simulate('-1');
SELECT walrus.simulate('4GB', '29 seconds');
SELECT walrus.simulate('4GB', '1 day 1 second');
SELECT walrus.simulate('4GB', '-5 min');
\set VERBOSITY sqlstate
SELECT walrus.simulate(NULL);
SELECT walrus.simulate('4 XB');
SELECT walrus.simulate('31MB');
SELECT walrus.simulate('4GB', '2 days');
\set VERBOSITY default

-- metrics; those that need a disk's figures, a recovery or a change are not always there
SELECT name, labels, type FROM walrus.metrics
 WHERE name NOT IN ('walrus_disk_free_bytes', 'walrus_replay_bytes_per_second', 'walrus_last_adjustment_timestamp_seconds');
SELECT name, value FROM walrus.metrics WHERE name IN ('walrus_enabled', 'walrus_worker_running', 'walrus_max_wal_size_bytes', 'walrus_trigger_bytes');
SELECT labels FROM walrus.metrics WHERE name = 'walrus_standing' AND value = 1;
SELECT name FROM walrus.metrics WHERE help NOT LIKE '_%.' OR type IS NULL OR (type = 'counter') <> (name LIKE '%\_total');
SELECT count(*) FROM (SELECT name, labels FROM walrus.metrics GROUP BY 1, 2 HAVING count(*) > 1) twice;
-- OpenMetrics: a head for each family, before its samples, which stand together; the end
SELECT line FROM regexp_split_to_table(walrus.openmetrics(), '\n') line WHERE line LIKE '%walrus_checkpoints%' AND line LIKE '# %'
    OR line LIKE '# EOF' OR line LIKE 'walrus_max_wal_size_bytes %' OR line = '';
SELECT line FROM regexp_split_to_table(walrus.openmetrics(), '\n') line
 WHERE line !~ '^# (TYPE [a-z_]+ (gauge|counter)|HELP [a-z_]+ .*|EOF)$' AND line !~ '^[a-z_]+(\{[a-z]+="[a-z_.]+"\})? -?[0-9.e+-]+$' AND line <> '';
SELECT count(*) FILTER (WHERE line !~ '^(#|$)') = (SELECT count(*) FROM walrus.metrics) AS samples,
    count(DISTINCT line) FILTER (WHERE line LIKE '# TYPE%') = count(*) FILTER (WHERE line LIKE '# TYPE%') AS once
  FROM regexp_split_to_table(walrus.openmetrics(), '\n') line;

-- the history, oldest first
INSERT INTO walrus.history ("timestamp", action, old_size_mb, new_size_mb, forced_checkpoints, checkpoint_timeout_sec, reason) VALUES
    (now() - interval '1 hour', 'decrease', 2048, 1536, 0, 300, 'second'),
    (now() - interval '2 hours', 'increase', 1024, 2048, 3, 300, 'first');
SELECT action, old_size_mb, new_size_mb, forced_checkpoints, reason FROM walrus.history() WHERE reason IN ('first', 'second');
DROP EXTENSION walrus;
