-- [walrus-05] Without shared_preload_libraries: no error in loading, no worker, nothing that crashes.
\set SHOW_CONTEXT never
SHOW shared_preload_libraries;
LOAD 'walrus';
SELECT count(*) FROM pg_settings WHERE name LIKE 'walrus.%';
SHOW walrus.max;
\c -
CREATE EXTENSION walrus;
SELECT s -> 'preloaded' AS preloaded, s -> 'worker_running' AS running, s -> 'standing' AS standing, s -> 'last_check_time' AS checked,
    s -> 'enabled' AS enabled, s -> 'configured_maximum_mb' AS maximum, s ->> 'current_max_wal_size_mb' = (SELECT setting FROM pg_settings WHERE name = 'max_wal_size') AS current
  FROM walrus.status() s;
SELECT count(*) FROM jsonb_object_keys(walrus.status());
SELECT walrus.recommendation() - 'current_size_mb' - 'recommended_size_mb' AS recommendation;
SELECT walrus.analyze();
SELECT count(*) FROM walrus.why;
SELECT count(*) FROM walrus.checkpoint_causes;
SELECT count(*) FROM walrus.events;
SELECT count(*) FROM walrus.metrics;
SELECT walrus.openmetrics();
SELECT * FROM walrus.simulate('4GB', '5 min');
SELECT count(*) FROM walrus.history();
SELECT walrus.cleanup_history();
-- what only the worker can do
SELECT walrus.reset();
SELECT walrus.restore();
SELECT walrus.analyze(true);
\set VERBOSITY sqlstate
SELECT walrus.reset();
SELECT walrus.restore();
SELECT walrus.analyze(true);
\set VERBOSITY default
SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE '%walrus%';
-- a fresh session that reads the history needs no module
\c -
SELECT count(*) FROM walrus.history();
SELECT count(*) FROM pg_settings WHERE name LIKE 'walrus.%';
DROP EXTENSION walrus;
