-- Tasks: work that workflows ask of programs outside. This session is the program.
\set SHOW_CONTEXT never
CREATE EXTENSION bgjob;
CREATE TABLE answers (job bigint, answer jsonb);

CREATE PROCEDURE one_task(input jsonb) LANGUAGE plpgsql AS $$
DECLARE
    answer jsonb;
BEGIN
    CALL bgjob.task('charge', 'payments', input, result => answer,
                    attempts => coalesce((input->>'attempts')::int, 5), retry => input->'retry',
                    timeout => (input->>'timeout')::interval);
    CALL bgjob.step('note', 'INSERT INTO answers VALUES ($1, $2)',
                    args => jsonb_build_array(input->'n', answer));
EXCEPTION WHEN OTHERS THEN
    CALL bgjob.step('note failure', 'INSERT INTO answers VALUES ($1, $2)',
                    args => jsonb_build_array(input->'n', jsonb_build_object('failed', sqlstate, 'message', sqlerrm)));
END $$;

-- A task that is there, as far as it is always the same.
CREATE PROCEDURE take(worker text, lease interval DEFAULT '1 min', INOUT task bigint DEFAULT NULL,
                       INOUT what text DEFAULT NULL) LANGUAGE plpgsql AS $$
BEGIN
    SELECT t.id, format('%s from %s: %s, attempt %s, key %s, for %s', t.name, t.task_queue,
                        t.payload->'n', t.attempt,
                        replace(t.idempotency_key, t.job || '/', 'job/'), t.lease_until > now())
      INTO task, what FROM bgjob.fetch_task('payments', worker, lease) t;
END $$;

-- Until the answer of a workflow is there.
CREATE PROCEDURE wait_for_answer(n bigint, INOUT answer jsonb DEFAULT NULL) LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. 6000 LOOP
        SELECT a.answer INTO answer FROM answers a WHERE a.job = n;
        EXIT WHEN FOUND;
        COMMIT;
        PERFORM pg_sleep(0.01);
    END LOOP;
END $$;

-- Done.
SELECT bgjob.start('one_task', '{"n": 1}') IS NOT NULL AS started;
CALL bgjob.wait_task('payments', '20 s');
SELECT name, queue, state, attempt, attempts, worker, payload FROM bgjob.tasks;
CALL take('a') \gset
\echo :what
SELECT state, attempt, worker FROM bgjob.tasks;
SELECT * FROM bgjob.fetch_task('payments', 'b');
SELECT bgjob.renew_task(:task, 'a');
SELECT bgjob.renew_task(:task, 'b');
SELECT bgjob.complete_task(:task, 'b');
SELECT bgjob.complete_task(:task, 'a', '{"receipt": 17}');
CALL wait_for_answer(1);
SELECT bgjob.complete_task(:task, 'a');
SELECT bgjob.renew_task(:task, 'a');
SELECT count(*) FROM bgjob.tasks;

-- A failure that may pass.
SELECT bgjob.start('one_task', '{"n": 2, "attempts": 2, "retry": {"backoff": "fixed", "base": "20 ms"}}') IS NOT NULL AS started;
CALL bgjob.wait_task('payments', '20 s');
CALL take('a') \gset
\echo :what
SELECT bgjob.fail_task(:task, 'a', 'no connection');
SELECT worker IS NULL AS free, attempt FROM bgjob.tasks;
SELECT bgjob.complete_task(:task, 'a');
CALL bgjob.wait_task('payments', '20 s');
CALL take('b') \gset
\echo :what
SELECT bgjob.fail_task(:task, 'b', 'no connection again', '08006', detail => 'The bank is closed.');
CALL wait_for_answer(2);
SELECT seq, attempt, sqlstate, message, detail, context FROM bgjob.failure ORDER BY attempt;

-- One that is final.
SELECT bgjob.start('one_task', '{"n": 3}') IS NOT NULL AS started;
CALL bgjob.wait_task('payments', '20 s');
CALL take('a') \gset
SELECT bgjob.fail_task(:task, 'a', 'card is stolen', retryable => false);
CALL wait_for_answer(3);

-- Nobody comes in time; or somebody comes and is too slow.
SELECT bgjob.start('one_task', '{"n": 4, "timeout": "10 ms"}') IS NOT NULL AS started;
CALL wait_for_answer(4);
SELECT bgjob.start('one_task', '{"n": 5, "timeout": "3 s"}') IS NOT NULL AS started;
CALL bgjob.wait_task('payments', '20 s');
CALL take('a') \gset
\echo :what
CALL wait_for_answer(5);
SELECT bgjob.renew_task(:task, 'a');
SELECT bgjob.complete_task(:task, 'a') \gset
\echo :LAST_ERROR_SQLSTATE

-- Leases that run out: another takes over, and the first one is too late.
SELECT bgjob.start('one_task', '{"n": 6, "attempts": 2}') IS NOT NULL AS started;
CALL bgjob.wait_task('payments', '20 s');
CALL take('a', '10 ms') \gset
\echo :what
CALL bgjob.wait_task('payments', '20 s');
CALL take('b', '10 ms') \gset
\echo :what
SELECT bgjob.complete_task(:task, 'a', '"late"') \gset
\echo :LAST_ERROR_SQLSTATE
CALL bgjob.wait_task('payments', '20 s');
CALL take('a');
CALL wait_for_answer(6);

-- Several at once, in their order.
SELECT count(bgjob.start('one_task', jsonb_build_object('n', n))) FROM generate_series(7, 9) n;
DO $$
BEGIN
    FOR i IN 1 .. 6000 LOOP
        EXIT WHEN (SELECT count(*) = 3 FROM bgjob.tasks);
        PERFORM pg_sleep(0.01);
    END LOOP;
END $$;
SELECT count(bgjob.complete_task(id, 'a', payload->'n')) FROM bgjob.fetch_task('payments', 'a', max => 2);
SELECT count(bgjob.complete_task(id, 'a', payload->'n')) FROM bgjob.fetch_task('payments', 'a', max => 2);
CALL wait_for_answer(7);
CALL wait_for_answer(8);
CALL wait_for_answer(9);

-- Waiting: with a limit, and in no transaction.
CALL bgjob.wait_task('payments', '10 ms');
CALL bgjob.wait_task('payments', '-1 s');
BEGIN;
CALL bgjob.wait_task('payments', '10 ms');
ROLLBACK;
DO $$ BEGIN CALL bgjob.wait_task('payments', '10 ms'); END $$;
DO $$ BEGIN
    CALL bgjob.wait_task('payments', '10 ms');
EXCEPTION WHEN division_by_zero THEN
END $$;

-- What is refused.
CALL bgjob.task('charge', 'payments', '1');
SELECT * FROM bgjob.fetch_task('', 'a');
SELECT * FROM bgjob.fetch_task('payments', NULL);
SELECT * FROM bgjob.fetch_task('payments', 'a', '0');
SELECT * FROM bgjob.fetch_task('payments', 'a', '2 days');
SELECT * FROM bgjob.fetch_task('payments', 'a', max => 0);
SELECT bgjob.complete_task(4711, 'a');
SELECT bgjob.start('one_task', '{"n": 10}') IS NOT NULL AS started;
CALL bgjob.wait_task('payments', '20 s');
CALL take('a') \gset
SELECT bgjob.complete_task(:task, 'a', to_jsonb(repeat('x', 1100000)));
SELECT bgjob.fail_task(:task, 'a', 'no', '0800');
SELECT bgjob.fail_task(:task, 'a', 'no', '00000');
SELECT bgjob.fail_task(:task, 'a', 'no', '57014');
SELECT bgjob.fail_task(:task, 'a', NULL);
SELECT bgjob.fail_task(:task, 'a', repeat('x', 1100000));
SELECT bgjob.complete_task(:task, 'a', NULL);
CALL wait_for_answer(10);
SELECT count(*) FROM bgjob.tasks;
