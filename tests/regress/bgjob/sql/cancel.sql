-- cancel: of queued, running and finished jobs, with and without grace.
CREATE EXTENSION bgjob;
\set SHOW_CONTEXT never
CREATE TABLE t (i int);
SET bgjob.max_workers_per_role = 1; -- the same worker for each job

-- a running job ends with 57014 and commits nothing
SELECT * FROM bgjob.launch('INSERT INTO t VALUES (1); SELECT pg_sleep(60)') \gset
DO $$ BEGIN WHILE NOT EXISTS (SELECT 1 FROM bgjob.launched WHERE state = 'running') LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;
SELECT bgjob.cancel(:id, :cookie, '30 s');
SELECT state, sqlstate, message FROM bgjob.outcome(:id, :cookie);
SELECT * FROM bgjob.result(:id, :cookie) AS (x text);
SELECT * FROM t;
SELECT bgjob.cancel(:id, :cookie) AS again;
SELECT cancel_requested FROM bgjob.launched WHERE id = :id;

-- without a grace it asks and returns
SELECT pg_advisory_lock(1);
SELECT * FROM bgjob.launch('SELECT pg_advisory_xact_lock(1)') \gset
DO $$ BEGIN WHILE NOT EXISTS (SELECT 1 FROM bgjob.launched WHERE state = 'running') LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;
SELECT bgjob.cancel(:id, :cookie) IS NOT NULL AS asked;
SELECT bgjob.wait(:id, :cookie);
SELECT state FROM bgjob.outcome(:id, :cookie);
SELECT pg_advisory_unlock(1);

-- [pgbg-18] a job that is cancelled before it starts never runs
SELECT pg_advisory_lock(1);
SELECT * FROM bgjob.launch('SELECT pg_advisory_xact_lock(1)') \gset first_
SELECT * FROM bgjob.launch('INSERT INTO t VALUES (2)') \gset
SELECT state FROM bgjob.outcome(:id, :cookie);
SELECT bgjob.cancel(:id, :cookie);
SELECT state, sqlstate, message, started_at IS NULL AS never_started FROM bgjob.outcome(:id, :cookie);
SELECT * FROM bgjob.result(:id, :cookie) AS (x text);
-- ... in the middle, at the end and at the head of a queue
SELECT count(*) FROM (SELECT bgjob.launch(format('INSERT INTO t VALUES (%s)', 10 + i), label => i::text)
    FROM generate_series(1, 6) i OFFSET 0) x;
SELECT label, bgjob.cancel(id, cookie) FROM bgjob.launched WHERE label IN ('1', '4', '6') ORDER BY label;
DO $$ BEGIN WHILE (SELECT running FROM bgjob.stats) = 0 LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;
SELECT queued, running FROM bgjob.stats;
SELECT pg_advisory_unlock(1);
SELECT bool_and(bgjob.wait(id, cookie)) FROM bgjob.launched;
SELECT * FROM t ORDER BY i;
SELECT label, state FROM bgjob.launched WHERE label IS NOT NULL ORDER BY label;
SELECT bgjob.detach_all() > 0 AS detached;

-- [pgbg-13] [pgbg-d08] cancelling a finished job signals nobody: the worker goes on to its next job unharmed
SELECT * FROM bgjob.launch('SELECT pg_backend_pid()') \gset
SELECT pid AS worker FROM bgjob.result(:id, :cookie) AS (pid int) \gset
SELECT cancels_too_late AS before FROM bgjob.stats \gset
SELECT * FROM bgjob.launch('SELECT pg_backend_pid() FROM pg_sleep(0.2)') \gset next_
SELECT count(*) FROM generate_series(1, 50), bgjob.cancel(:id, :cookie, '1 s');
SELECT pid = :worker AS same_worker FROM bgjob.result(:next_id, :next_cookie) AS (pid int);
SELECT state, sqlstate FROM bgjob.outcome(:id, :cookie);
-- [pgbg-33] and is counted
SELECT cancels_too_late - :before AS too_late FROM bgjob.stats;

-- [pgbg-24] the PID of a worker comes back with each job: an older handle reaches none of the later ones
SELECT bgjob.detach(:id, :cookie);
SELECT * FROM bgjob.launch('SELECT pg_backend_pid() FROM pg_sleep(0.2)') \gset next_
SELECT bgjob.cancel(:id, :cookie);
SELECT bgjob.cancel(:next_id, :cookie);
SELECT pid = :worker AS same_worker FROM bgjob.result(:next_id, :next_cookie) AS (pid int);

RESET bgjob.max_workers_per_role;

-- [pgbg-14] odd graces: negative is none, too long is an hour
CREATE TABLE graces (g interval);
INSERT INTO graces VALUES ('-1 s'), ('-178000000 years'), ('3600001 ms'), ('2147483647 ms'), ('178000000 years'), (NULL);
SELECT g, bgjob.cancel(h.id, h.cookie, g) OR bgjob.wait(h.id, h.cookie, '30 s') AS ended
    FROM graces, bgjob.launch('SELECT pg_sleep(60)', label => g::text) h;
SELECT count(*) FROM bgjob.launched WHERE state = 'cancelled';
SELECT bgjob.detach_all() > 0 AS detached;

-- a job that swallows the cancel goes on without a grace, and is ended by the grace
CREATE FUNCTION stubborn() RETURNS void LANGUAGE plpgsql AS $$
DECLARE swallowed bool := false;
BEGIN
    LOOP
        BEGIN
            PERFORM bgjob.report_progress(0, 'within the block') WHERE NOT swallowed;
            PERFORM pg_sleep(60);
        EXCEPTION WHEN query_canceled THEN
            swallowed := true;
            PERFORM bgjob.report_progress(1, 'swallowed');
        END;
    END LOOP;
END $$;
SELECT * FROM bgjob.launch('SELECT stubborn()') \gset
DO $$ BEGIN WHILE NOT EXISTS (SELECT 1 FROM bgjob.launched WHERE percent = 0) LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;
SELECT bgjob.cancel(:id, :cookie);
DO $$ BEGIN WHILE NOT EXISTS (SELECT 1 FROM bgjob.launched WHERE percent = 1) LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;
SELECT state, cancel_requested FROM bgjob.launched WHERE id = :id;
-- [pgbg-d05] however short the grace, no other session suffers
SELECT pg_postmaster_start_time() AS started, pg_backend_pid() AS me \gset
SELECT bgjob.cancel(:id, :cookie, '1 ms') IS NOT NULL AS asked;
SELECT bgjob.wait(:id, :cookie, '30 s');
SELECT state, sqlstate FROM bgjob.outcome(:id, :cookie);
SELECT pg_postmaster_start_time() = :'started' AND pg_backend_pid() = :me AS unharmed;
SELECT * FROM bgjob.launch('SELECT count(*) FROM generate_series(1, 1000000000)') \gset
SELECT bgjob.cancel(:id, :cookie, '1 ms') IS NOT NULL AS asked;
SELECT bgjob.wait(:id, :cookie, '30 s');
SELECT state IN ('cancelled', 'lost') AS ended, pg_postmaster_start_time() = :'started' AS unharmed FROM bgjob.outcome(:id, :cookie);
SELECT bgjob.detach(:id, :cookie); -- which of the two it was is not counted below

-- many cancels at once
SELECT * FROM bgjob.launch('SELECT pg_sleep(60)') \gset
SELECT count(*) FROM generate_series(1, 200), bgjob.cancel(:id, :cookie);
SELECT bgjob.wait(:id, :cookie, '30 s');
SELECT state FROM bgjob.outcome(:id, :cookie);
-- ... of which none reaches the next job
SELECT * FROM bgjob.launch('SELECT 1 FROM pg_sleep(0.1)') \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (x int);

-- cancel_all
SELECT count(*) FROM (SELECT bgjob.launch('SELECT pg_sleep(60)') FROM generate_series(1, 4) OFFSET 0) x;
SELECT bgjob.cancel_all();
SELECT bool_and(bgjob.wait(id, cookie, '30 s')) FROM bgjob.launched;
SELECT bgjob.cancel_all();
SELECT state, count(*) FROM bgjob.launched GROUP BY state ORDER BY state;
