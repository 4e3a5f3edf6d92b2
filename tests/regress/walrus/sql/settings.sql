-- The settings of walrus: names, types, units, ranges, texts, and who may change them.

-- [walrus-03] [walrus-04] [walrus-33] those of pg_walrus and ours
SELECT name, vartype, unit, min_val, max_val, boot_val, enumvals, context FROM pg_settings
 WHERE name LIKE 'walrus.%' ORDER BY name COLLATE "C";
-- [walrus-04] each has a short and a long text
SELECT count(*) FILTER (WHERE short_desc LIKE '%.') AS short, count(*) FILTER (WHERE extra_desc LIKE '%.') AS long, count(*) AS all
  FROM pg_settings WHERE name LIKE 'walrus.%';
SELECT name FROM pg_settings WHERE name LIKE 'walrus.%' AND (short_desc = '' OR extra_desc IS NULL);

-- [walrus-33] [walrus-38] SHOW
SHOW walrus.enable;
SHOW walrus.max;
SELECT setting FROM pg_settings WHERE name = 'walrus.max';
SHOW walrus.threshold;
SHOW walrus.mode;
SHOW walrus.algorithm;
SHOW walrus.shrink_enable;
SHOW walrus.shrink_factor;
SHOW walrus.shrink_intervals;
SHOW walrus.min_size;
SHOW walrus.history_retention_days;
SHOW walrus.dry_run;
SHOW walrus.cooldown_sec;
SHOW walrus.max_changes_per_hour;
SHOW walrus.disk_share;
SHOW walrus.recovery_budget;
SHOW walrus.database;
SHOW walrus.notify_channel;

-- [walrus-38] a session cannot change them
SET walrus.enable = off;
SET walrus.max = '8GB';
SET walrus.threshold = 3;
SET walrus.mode = 'off';
SET walrus.database = 'other';
SET LOCAL walrus.dry_run = on;
ALTER ROLE CURRENT_USER SET walrus.threshold = 3;
-- the prefix is reserved
SET walrus.nonsense = 1;

-- [walrus-38] ALTER SYSTEM at the bounds
SELECT format('ALTER SYSTEM SET %s = %L', name, min_val) FROM pg_settings
 WHERE name LIKE 'walrus.%' AND min_val IS NOT NULL ORDER BY name COLLATE "C" \gexec
SELECT name, setting, error FROM pg_file_settings WHERE name LIKE 'walrus.%' ORDER BY name COLLATE "C";
SELECT format('ALTER SYSTEM SET %s = %L', name, max_val) FROM pg_settings
 WHERE name LIKE 'walrus.%' AND max_val IS NOT NULL ORDER BY name COLLATE "C" \gexec
SELECT name, setting, error FROM pg_file_settings WHERE name LIKE 'walrus.%' ORDER BY name COLLATE "C";
SELECT format('ALTER SYSTEM RESET %s', name) FROM pg_settings WHERE name LIKE 'walrus.%' \gexec
SELECT count(*) FROM pg_file_settings WHERE name LIKE 'walrus.%';

-- [walrus-38] and beyond them
\set VERBOSITY sqlstate
ALTER SYSTEM SET walrus.threshold = 0;
ALTER SYSTEM SET walrus.threshold = 1001;
ALTER SYSTEM SET walrus.max = '1MB';
ALTER SYSTEM SET walrus.max = '2147483648MB';
ALTER SYSTEM SET walrus.min_size = 1;
ALTER SYSTEM SET walrus.shrink_factor = 0;
ALTER SYSTEM SET walrus.shrink_factor = 1;
ALTER SYSTEM SET walrus.shrink_intervals = 0;
ALTER SYSTEM SET walrus.shrink_intervals = 1001;
ALTER SYSTEM SET walrus.history_retention_days = -1;
ALTER SYSTEM SET walrus.history_retention_days = 3651;
ALTER SYSTEM SET walrus.cooldown_sec = -1;
ALTER SYSTEM SET walrus.cooldown_sec = 86401;
ALTER SYSTEM SET walrus.max_changes_per_hour = -1;
ALTER SYSTEM SET walrus.max_changes_per_hour = 1001;
ALTER SYSTEM SET walrus.disk_share = -0.1;
ALTER SYSTEM SET walrus.disk_share = 1.1;
ALTER SYSTEM SET walrus.recovery_budget = -1;
ALTER SYSTEM SET walrus.mode = 'manual';
ALTER SYSTEM SET walrus.algorithm = 'percentile';
ALTER SYSTEM SET walrus.enable = 'maybe';
\set VERBOSITY default
SELECT count(*) FROM pg_file_settings WHERE name LIKE 'walrus.%';

-- a change reaches the server at a reload
ALTER SYSTEM SET walrus.threshold = 7;
SELECT pg_reload_conf();
\c -
SHOW walrus.threshold;
ALTER SYSTEM RESET walrus.threshold;
SELECT pg_reload_conf();

-- the name of the database is for superusers' eyes
CREATE ROLE walrus_reader;
SET ROLE walrus_reader;
\set VERBOSITY sqlstate
SHOW walrus.database;
\set VERBOSITY default
SHOW walrus.max;
RESET ROLE;
DROP ROLE walrus_reader;
