-- Queues of durable jobs: their options, what they refuse, and what a session may ask for.
\set VERBOSITY default
\set SHOW_CONTEXT never
CREATE EXTENSION IF NOT EXISTS bgjob;
CREATE ROLE queue_user LOGIN;
CREATE ROLE queue_other LOGIN;
SELECT bgjob.grant_usage('queue_user'), bgjob.grant_usage('queue_other');

-- Without a row the queue "default" has the defaults.
SELECT name, paused, options, ready, scheduled, waiting, running, oldest_due FROM bgjob.queues;

-- Options that are not given stay as they were, null takes one back.
SELECT bgjob.set_queue('mail', '{"concurrency": 4, "priority": 7, "keep": "2 days"}');
SELECT bgjob.set_queue('mail', '{"concurrency": 2, "keep": null}');
SELECT bgjob.set_queue('mail');
SELECT name, options -> 'concurrency' AS concurrency, options -> 'priority' AS priority,
       options -> 'keep' AS keep, options -> 'group' AS "group"
  FROM bgjob.queues ORDER BY name;
SELECT bgjob.set_queue('default', '{"max_attempts": 2}');
SELECT name, options -> 'max_attempts' AS max_attempts FROM bgjob.queues ORDER BY name;

-- What cannot be.
SELECT bgjob.set_queue('mail', '{"concurrency": -1}');
SELECT bgjob.set_queue('mail', '{"colour": "red"}');
SELECT bgjob.set_queue('mail', '[1]');
SELECT bgjob.set_queue('mail', NULL);
SELECT bgjob.set_queue('', '{}');
SELECT bgjob.set_queue(' mail', '{}');
SELECT bgjob.set_queue(NULL, '{}');
SELECT bgjob.drop_queue('nowhere');
SELECT bgjob.drop_queue('default');
SELECT bgjob.pause_queue('nowhere');
SELECT bgjob.resume_queue('nowhere');
SELECT options -> 'concurrency' AS concurrency FROM bgjob.queues WHERE name = 'mail';

-- A change that is rolled back is none, for this session too.
BEGIN;
SELECT bgjob.set_queue('brief');
SELECT bgjob.enqueue('SELECT 1', queue => 'brief', run_at => 'tomorrow') IS NOT NULL AS added;
ROLLBACK;
SELECT bgjob.enqueue('SELECT 1', queue => 'brief');

-- Everything below waits in a paused queue.
SELECT bgjob.set_queue('held', '{"priority": 5, "max_payload": 20, "max_live_jobs": 6}'), bgjob.pause_queue('held');
SELECT bgjob.pause_queue('default');
SELECT name, paused FROM bgjob.queues ORDER BY name;
SET ROLE queue_user;
SELECT bgjob.set_queue('mail', '{}');
SELECT bgjob.drop_queue('mail');
SELECT bgjob.pause_queue('mail');
SELECT bgjob.resume_queue('mail');
SELECT bgjob.enqueue('SELECT 1', queue => 'held') AS first \gset
SELECT bgjob.enqueue('SELECT 1', queue => 'held', priority => -3) > :first AS added;
SELECT bgjob.enqueue('SELECT 1', queue => 'held', run_at => now() + '1 day') > :first AS added;
SELECT bgjob.enqueue('SELECT 1', queue => 'held', priority => 1001);
SELECT bgjob.enqueue('SELECT 1', queue => 'nowhere');
SELECT bgjob.enqueue('SELECT 1', queue => NULL);
SELECT bgjob.enqueue('SELECT 1', queue => 'held', run_at => 'infinity');
SELECT bgjob.enqueue('SELECT 1', queue => 'held', run_at => '-infinity');
SELECT bgjob.enqueue('SELECT $1', '["0123456789abcdefgh"]', queue => 'held');
SELECT bgjob.enqueue('SELECT 1', queue => 'held', key => '');
SELECT bgjob.enqueue('SELECT 1', queue => 'held', key => E'a\tb');

-- The same key is the same job, for its role.
SELECT bgjob.enqueue('SELECT 1', queue => 'held', key => 'once') AS keyed \gset
SELECT bgjob.enqueue('SELECT 2', queue => 'held', key => 'once') = :keyed AS same;
BEGIN;
SELECT bgjob.enqueue('SELECT 1', queue => 'held', key => 'never') AS undone \gset
ROLLBACK;
SELECT bgjob.enqueue('SELECT 1', queue => 'held', key => 'never') AS again \gset
SELECT :again > :undone AS another;
RESET ROLE;
SET ROLE queue_other;
SELECT bgjob.enqueue('SELECT 1', queue => 'held', key => 'once') AS others \gset
SELECT :others > :keyed AS another;
RESET ROLE;

-- A role has so many unfinished jobs and no more; a known key is no new job.
SET ROLE queue_user;
SELECT bgjob.enqueue('SELECT 1', queue => 'held') > 0 AS added;
SELECT bgjob.enqueue('SELECT 1', queue => 'held');
SELECT bgjob.enqueue('SELECT 1', queue => 'held', key => 'once') = :keyed AS same;
SELECT name, ready, scheduled, waiting, running, oldest_due IS NOT NULL AS has_due FROM bgjob.queues ORDER BY name;
RESET ROLE;
SELECT priority, count(*) FROM bgjob.job GROUP BY priority ORDER BY priority;
SELECT name, ready, scheduled FROM bgjob.queues WHERE name = 'held';
SELECT bgjob.drop_queue('held');
SELECT bgjob.drop_queue('mail');
SELECT name FROM bgjob.queues ORDER BY name;

-- Superusers' jobs are off unless somebody turns them on.
SET bgjob.allow_superuser_jobs = off;
SELECT bgjob.enqueue('SELECT 1', queue => 'held');
SET bgjob.allow_superuser_jobs = on;
SELECT bgjob.enqueue('SELECT 1', queue => 'held') > 0 AS added;
SET ROLE queue_user;
SET bgjob.allow_superuser_jobs = on;
RESET ROLE;

DELETE FROM bgjob.job;
SELECT bgjob.drop_queue('held');
SELECT bgjob.resume_queue('default');
SELECT bgjob.revoke_usage('queue_user'), bgjob.revoke_usage('queue_other');
DROP ROLE queue_user, queue_other;
