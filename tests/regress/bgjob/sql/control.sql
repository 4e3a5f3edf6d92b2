-- Control of durable jobs, as far as one session sees it: cancel, pause, resume, retry, await.
CREATE EXTENSION bgjob;
\set SHOW_CONTEXT never
CREATE TABLE t (what text);

-- a job that nobody runs ends with the transaction that cancels it
SELECT bgjob.enqueue('INSERT INTO t VALUES (1)', run_at => now() + '1 hour') AS job \gset
SELECT bgjob.cancel(:job, 'not needed');
SELECT count(*) FROM bgjob.job WHERE id = :job;
SELECT bgjob.cancel(:job) AS "it has ended already";
SELECT bgjob.cancel(999999999);
SELECT bgjob.cancel(0);
SELECT bgjob.cancel(NULL::bigint);

-- a cancel that is rolled back does nothing, nor does one in a savepoint
SELECT bgjob.enqueue('INSERT INTO t VALUES (1)', run_at => now() + '1 hour') AS job \gset
BEGIN;
SELECT bgjob.cancel(:job);
ROLLBACK;
BEGIN;
SAVEPOINT s;
SELECT bgjob.cancel(:job);
ROLLBACK TO s;
COMMIT;
SELECT count(*) FROM bgjob.job WHERE id = :job;

-- a job that was made in the same transaction
BEGIN;
SELECT bgjob.enqueue('INSERT INTO t VALUES (2)') AS own \gset
SELECT bgjob.cancel(:own);
COMMIT;
SELECT count(*) FROM bgjob.job WHERE id = :own;

-- a paused job rests; resumed it is due when it was
SELECT due_at AS due FROM bgjob.job WHERE id = :job \gset
SELECT bgjob.pause(:job);
SELECT bgjob.pause(:job) AS "twice is no error";
SELECT state, due_at FROM bgjob.job WHERE id = :job;
SELECT bgjob.resume(:job);
SELECT state, due_at = :'due' AS as_before FROM bgjob.job WHERE id = :job;
SELECT count(*) FROM bgjob.paused;
\set VERBOSITY terse
DO $$ BEGIN PERFORM bgjob.resume(id) FROM bgjob.job; EXCEPTION WHEN OTHERS THEN RAISE NOTICE '% %', SQLSTATE, SQLERRM; END $$;
DO $$ BEGIN PERFORM bgjob.retry(id) FROM bgjob.job; EXCEPTION WHEN OTHERS THEN RAISE NOTICE '% %', SQLSTATE, SQLERRM; END $$;
SELECT bgjob.pause(:job);
SELECT bgjob.cancel(:job) AS "a paused job can be cancelled";
SELECT count(*) FROM bgjob.paused;
SELECT bgjob.pause(999999999);
SELECT bgjob.resume(999999999);
SELECT bgjob.retry(999999999);

-- await: the end, as far as it is known; the state when the time ran out
CALL bgjob.await(:job);
SELECT bgjob.enqueue('INSERT INTO t VALUES (3)', run_at => now() + '1 hour') AS job \gset
CALL bgjob.await(:job, timeout => '10 ms');
SELECT bgjob.pause(:job);
CALL bgjob.await(:job, timeout => '10 ms');
SELECT bgjob.cancel(:job);
CALL bgjob.await(:job);
CALL bgjob.await(999999999);
CALL bgjob.await(0);
-- ... of one that was not to be remembered nobody knows how
SELECT bgjob.set_queue('forgetful', '{"keep": "none"}');
SELECT bgjob.enqueue('SELECT 1', run_at => now() + '1 hour', queue => 'forgetful') AS forgotten \gset
SELECT bgjob.cancel(:forgotten);
CALL bgjob.await(:forgotten);
-- ... in a block it commits, or the job could never run
DO $$
DECLARE job bigint; how text;
BEGIN
    job := bgjob.enqueue('INSERT INTO t VALUES (4)');
    CALL bgjob.await(job, how);
    RAISE NOTICE '%', how;
    CALL bgjob.await(job, how);
    RAISE NOTICE 'and later %', how;
    job := bgjob.enqueue('SELECT 1 / 0', options => '{"retry": {"attempts": 1}}');
    CALL bgjob.await(job, how);
    RAISE NOTICE '%', how;
    CALL bgjob.await(job, how);
    RAISE NOTICE 'and later %', how;
END $$;
SELECT * FROM t;
-- ... where it cannot, it does not wait for a job of its own transaction
BEGIN;
DO $$
DECLARE how text;
BEGIN
    CALL bgjob.await(bgjob.enqueue('SELECT 1'), how);
EXCEPTION WHEN object_not_in_prerequisite_state THEN
    RAISE NOTICE '%', regexp_replace(SQLERRM, '\d+', 'N');
END $$;
ROLLBACK;

-- only a workflow has a status
SELECT bgjob.set_status('half done');

-- members of the owner's role may do all that, others see nothing of the job
CREATE ROLE regress_bgjob_other;
SELECT bgjob.grant_usage('regress_bgjob_other');
SELECT bgjob.enqueue('SELECT 1', run_at => now() + '1 hour') AS job \gset
SELECT set_config('regress.job', :'job', false) IS NOT NULL AS kept;
SET ROLE regress_bgjob_other;
DO $$ BEGIN PERFORM bgjob.cancel(current_setting('regress.job')::bigint); EXCEPTION WHEN OTHERS THEN RAISE NOTICE '%', SQLSTATE; END $$;
RESET ROLE;
SELECT bgjob.cancel(:job);
SET ROLE regress_bgjob_other;
DO $$ DECLARE how text; BEGIN CALL bgjob.await(current_setting('regress.job')::bigint, how); EXCEPTION WHEN OTHERS THEN RAISE NOTICE '% when it has ended', SQLSTATE; END $$;
RESET ROLE;
SELECT bgjob.revoke_usage('regress_bgjob_other');
DROP ROLE regress_bgjob_other;
DROP TABLE t;
DROP EXTENSION bgjob;
