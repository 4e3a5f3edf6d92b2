-- Time limits, quotas, and settings that bound things.
CREATE EXTENSION bgjob;
\set SHOW_CONTEXT never

-- a job that runs out of time fails with 57014
SELECT * FROM bgjob.launch('SELECT pg_sleep(60)', timeout => '50 ms') \gset
SELECT bgjob.wait(:id, :cookie, '30 s');
SELECT state, sqlstate, message FROM bgjob.outcome(:id, :cookie);
SELECT timeout FROM bgjob.launched WHERE id = :id;
SELECT timed_out, failed, cancelled FROM bgjob.stats;
-- by the setting
SET bgjob.timeout = '50 ms';
SELECT * FROM bgjob.launch('SELECT pg_sleep(60)') \gset
RESET bgjob.timeout;
SELECT bgjob.wait(:id, :cookie, '30 s');
SELECT state, sqlstate FROM bgjob.outcome(:id, :cookie);
-- by the launcher's statement_timeout, for the job as a whole
SET statement_timeout = '1 s';
SELECT * FROM bgjob.launch('SELECT pg_sleep(0.6); SELECT pg_sleep(0.6); SELECT pg_sleep(60)') \gset
RESET statement_timeout;
SELECT bgjob.wait(:id, :cookie, '30 s');
SELECT state, sqlstate, finished_at - started_at < '10 s' AS in_time FROM bgjob.outcome(:id, :cookie);
-- the shorter one counts
SET statement_timeout = '1 h';
SELECT * FROM bgjob.launch('SELECT pg_sleep(60)', timeout => '50 ms') \gset
RESET statement_timeout;
SELECT bgjob.wait(:id, :cookie, '30 s');
SELECT state FROM bgjob.outcome(:id, :cookie);
-- time in the queue does not count
SET bgjob.max_workers_per_role = 1;
SELECT count(*) FROM (SELECT bgjob.launch('SELECT pg_sleep(0.2)', timeout => '3 s') FROM generate_series(1, 20) OFFSET 0) x;
SELECT bool_and(bgjob.wait(id, cookie)) FROM bgjob.launched;
SELECT state, count(*) FROM bgjob.launched WHERE timeout = '3 s' GROUP BY state;
RESET bgjob.max_workers_per_role;
-- a job that takes its limit away: SET does not reach it
SELECT * FROM bgjob.launch('SET statement_timeout = 0; SELECT pg_sleep(60)', timeout => '100 ms') \gset
SELECT bgjob.wait(:id, :cookie, '30 s');
SELECT state, sqlstate FROM bgjob.outcome(:id, :cookie);
-- the limit of one job is not that of the next
SELECT * FROM bgjob.launch('SELECT 1 FROM pg_sleep(0.2)') \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (x int);
SELECT timed_out, failed, cancelled, lost FROM bgjob.stats;
SELECT bgjob.detach_all() > 0 AS detached;

-- [pgbg-31] jobs of a role: a quota that only an administrator sets
CREATE ROLE alice LOGIN;
ALTER ROLE alice SET bgjob.max_jobs_per_role = 2;
CREATE ROLE bob LOGIN;
SELECT bgjob.grant_usage('alice'), bgjob.grant_usage('bob');
\c - alice
SELECT id > 0 AS launched FROM bgjob.launch('SELECT pg_sleep(60)');
SELECT id > 0 AS launched FROM bgjob.launch('SELECT pg_sleep(60)');
SELECT bgjob.launch('SELECT 1');
SELECT bgjob.submit('SELECT 1');
SELECT * FROM bgjob.run('SELECT 1');
SET bgjob.max_jobs_per_role = 3;
-- other roles are not concerned
\c - bob
SELECT * FROM bgjob.run('SELECT 1 AS x');
-- finished ones do not count
\c - alice
SELECT bool_and(bgjob.cancel(id, cookie, '30 s')) FROM bgjob.launched;
SELECT count(bgjob.wait(h.id, h.cookie)) FROM generate_series(1, 10) i, bgjob.launch('SELECT 1 /* ' || i || ' */') h;
\c - postgres
SELECT retained, lost FROM bgjob.stats;
SELECT bgjob.purge();

-- [pgbg-d13] finished jobs do not use up the workers: fifty in a row with two
SET bgjob.max_workers_per_role = 2;
SELECT count(*) FROM (SELECT bgjob.submit('SELECT 1') FROM generate_series(1, 50) OFFSET 0) x;
SELECT bool_and(bgjob.wait(id, cookie)) FROM bgjob.launched;
SELECT state, count(*) FROM bgjob.launched GROUP BY state;
SELECT count(*) <= 2 AS two_workers FROM bgjob.activity WHERE role = 'postgres';
RESET bgjob.max_workers_per_role;

-- [pgbg-08] [pgbg-28] each limit is a setting with a unit and a range, or a constant of the documentation
SELECT name, boot_val, unit, min_val FROM pg_settings
 WHERE name IN ('bgjob.queue_size', 'bgjob.preview_length', 'bgjob.error_length', 'bgjob.timeout', 'bgjob.result_retention',
       'bgjob.worker_idle_timeout', 'bgjob.max_retained', 'bgjob.max_jobs_per_role') ORDER BY name COLLATE "C";
\set VERBOSITY sqlstate
SET bgjob.queue_size = 63;
SET bgjob.queue_size = '257MB';
SET bgjob.error_length = 15;
\set VERBOSITY default
SET bgjob.queue_size = '2MB';
SELECT * FROM bgjob.launch('SELECT 1') \gset
SELECT queue_size FROM bgjob.launched WHERE id = :id;
SHOW bgjob.queue_size;

-- the queue is what it says: memory up to its size, a file after that
SELECT * FROM bgjob.launch('SELECT repeat(''x'', 100) FROM generate_series(1, 10000)', 100000) \gset
SELECT bgjob.wait(:id, :cookie);
SELECT memory_bytes BETWEEN 1 AND 100000 AS memory, file_bytes > 800000 AS file FROM bgjob.launched WHERE id = :id;
SELECT * FROM bgjob.launch('SELECT repeat(''x'', 100) FROM generate_series(1, 10000)', 4000000) \gset
SELECT bgjob.wait(:id, :cookie);
SELECT memory_bytes > 1000000 AS memory, file_bytes FROM bgjob.launched WHERE id = :id;
SELECT count(x) FROM bgjob.result(:id, :cookie) AS (x text);
