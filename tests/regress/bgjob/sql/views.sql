-- The views: what they show, and to whom.
CREATE EXTENSION bgjob;
\set SHOW_CONTEXT never

SELECT pg_advisory_lock(1);
SELECT * FROM bgjob.launch('SELECT i, pg_advisory_xact_lock(i / 3000) FROM generate_series(3000, 5000) i', 64, 'my label', '1 hour') \gset
SELECT bgjob.wait(:id, :cookie, '0');
DO $$ BEGIN WHILE NOT EXISTS (SELECT 1 FROM bgjob.activity WHERE wait_event = 'advisory') LOOP PERFORM pg_sleep(0.01), pg_stat_clear_snapshot(); END LOOP; END $$;
SELECT l.id = :id AS id, l.cookie = :cookie AS cookie, label, l.state, keeps_rows, l.database, owner, launcher,
       launcher_pid = pg_backend_pid() AS launched_here, l.worker_pid = a.pid AS worker, l.queued_at <= l.started_at AS ordered, l.finished_at,
       l.command_tag, l.sqlstate, l.last_error, queue_size, timeout, cancel_requested, sql_preview,
       a.state AS worker_state, a.database AS worker_database, a.role AS worker_role, a.since IS NOT NULL AS since, a.jobs_done,
       a.wait_event_type, a.wait_event, a.xact_start IS NOT NULL AS in_transaction, a.query
  FROM bgjob.launched l JOIN bgjob.activity a ON a.job_id = l.id \gx
SELECT launched, succeeded, failed, cancelled, timed_out, lost, queued, running, retained, workers, workers_started,
       worker_start_failures, cancels_too_late, rows_kept, shared_memory_bytes > 0 AS memory, avg_execution_ms,
       since BETWEEN pg_postmaster_start_time() AND now() AS since FROM bgjob.stats \gx
SELECT pg_advisory_unlock(1);
SELECT bgjob.wait(:id, :cookie);
SELECT state, row_count, command_tag, worker_pid, started_at <= finished_at AS ordered, percent FROM bgjob.launched;
SELECT memory_bytes <= 64 AS within_queue, file_bytes > 0 AS spilled FROM bgjob.launched;
DO $$ BEGIN WHILE (SELECT state FROM bgjob.activity) <> 'idle' LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;
SELECT state, job_id, jobs_done FROM bgjob.activity;

-- [pgbg-30] counters of the whole server
SELECT launched, succeeded, running, retained, rows_kept, bytes_spilled > 0 AS spilled, execution_ms > 0 AND queue_ms >= 0 AS times,
       avg_execution_ms = execution_ms AS average FROM bgjob.stats;
SELECT bgjob.detach(:id, :cookie);
SELECT retained, shared_memory_bytes FROM bgjob.stats;

-- how each end is counted
SELECT count(*) FROM (VALUES ('SELECT 1', NULL), ('SELECT 1/0', NULL), ('SELECT pg_sleep(60)', '50 ms'::interval)) v(sql, t),
    bgjob.launch(v.sql, timeout => v.t) h, bgjob.wait(h.id, h.cookie);
SELECT * FROM bgjob.launch('SELECT pg_sleep(60)') \gset
DO $$ BEGIN WHILE NOT EXISTS (SELECT 1 FROM bgjob.launched WHERE state = 'running') LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;
SELECT bgjob.cancel(:id, :cookie, '30 s');
SELECT launched, succeeded, failed, cancelled, timed_out, lost, retained FROM bgjob.stats;
SELECT sql_preview, state, sqlstate, last_error FROM bgjob.launched ORDER BY id;
SELECT bgjob.detach_all();

-- who sees what
CREATE ROLE alice LOGIN;
CREATE ROLE bob LOGIN;
CREATE ROLE watcher LOGIN;
GRANT pg_read_all_stats TO watcher;
SELECT bgjob.grant_usage(r) FROM unnest('{alice,bob,watcher}'::regrole[]) r;
SET ROLE alice;
SELECT bgjob.wait(h.id, h.cookie) FROM bgjob.launch('SELECT ''of alice''') h;
SET ROLE bob;
SELECT bgjob.wait(h.id, h.cookie) FROM bgjob.launch('SELECT ''of bob''') h;
SELECT owner, cookie IS NOT NULL AS cookie, sql_preview FROM bgjob.launched ORDER BY owner;
SELECT DISTINCT role FROM bgjob.activity;
SET ROLE watcher;
SELECT owner, cookie IS NOT NULL AS cookie, sql_preview FROM bgjob.launched ORDER BY owner;
SELECT DISTINCT role FROM bgjob.activity ORDER BY role;
SELECT launched > 0 AS counted FROM bgjob.stats;
RESET ROLE;
SELECT owner, launcher, cookie IS NOT NULL AS cookie, sql_preview FROM bgjob.launched ORDER BY owner;
GRANT alice TO bob;
SET ROLE bob;
SELECT owner, cookie IS NOT NULL AS cookie FROM bgjob.launched ORDER BY owner;
RESET ROLE;

-- a SECURITY DEFINER function launches: the job is its owner's, and the caller may use it
CREATE FUNCTION as_alice(sql text) RETURNS bgjob.handle SECURITY DEFINER LANGUAGE sql SET search_path = pg_catalog
    AS 'SELECT bgjob.launch(sql)';
ALTER FUNCTION as_alice(text) OWNER TO alice;
REVOKE alice FROM bob;
SET SESSION AUTHORIZATION bob;
-- [pgbg-d16] the caller reads what it got a handle for
SELECT r.* FROM as_alice('SELECT current_user, session_user') h, bgjob.result(h.id, h.cookie) AS r(me name, login name);
SELECT owner, launcher FROM bgjob.launched ORDER BY owner, launcher;
RESET SESSION AUTHORIZATION;

-- previews are cut between characters, their length is a setting
SELECT bgjob.detach(id, cookie) FROM bgjob.launched;
SELECT bgjob.wait(h.id, h.cookie) FROM bgjob.launch('SELECT ''' || repeat('ä', 200) || '''') h;
SELECT octet_length(sql_preview), right(sql_preview, 4) FROM bgjob.launched;
SET bgjob.preview_length = 0;
SELECT sql_preview = '' AS empty FROM bgjob.launched;
SET bgjob.preview_length = 8192;
SELECT length(sql_preview) FROM bgjob.launched;
RESET bgjob.preview_length;
SELECT length(bgjob.command(id, cookie)) FROM bgjob.launched;

-- objects of the extension, and that each has a comment
SELECT count(*) AS without_comment FROM pg_depend d
 WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
   AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'bgjob')
   AND d.classid IN ('pg_proc'::regclass, 'pg_class'::regclass, 'pg_type'::regclass)
   AND NOT EXISTS (SELECT 1 FROM pg_type t WHERE d.classid = 'pg_type'::regclass AND t.oid = d.objid
                     AND (t.typelem <> 0 OR t.typrelid IN (SELECT oid FROM pg_class WHERE relkind IN ('v', 'r', 'p'))))
   AND obj_description(d.objid, (SELECT relname FROM pg_class c WHERE c.oid = d.classid)) IS NULL
   AND NOT EXISTS (SELECT 1 FROM pg_class c WHERE d.classid = 'pg_class'::regclass AND c.oid = d.objid AND c.relkind = 'c');
