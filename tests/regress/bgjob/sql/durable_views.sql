-- History of durable jobs, and the views: what they show, and to whom.
CREATE EXTENSION bgjob;
\set SHOW_CONTEXT never
CREATE ROLE alice LOGIN;
CREATE ROLE bob LOGIN;
SELECT bgjob.grant_usage(r) FROM unnest('{alice,bob}'::regrole[]) r;
GRANT CREATE ON SCHEMA public TO alice;

-- until the job has ended
CREATE FUNCTION ends(job bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE s record;
BEGIN
    LOOP
        SELECT * INTO s FROM bgjob.status(job);
        EXIT WHEN s.ended_at IS NOT NULL;
        PERFORM pg_sleep(0.01);
    END LOOP;
    RETURN s.state;
END $$;
-- until a condition holds
CREATE PROCEDURE await(condition text) LANGUAGE plpgsql AS $$
DECLARE holds boolean;
BEGIN
    LOOP
        EXECUTE 'SELECT ' || condition INTO holds;
        EXIT WHEN holds;
        PERFORM pg_sleep(0.01), pg_stat_clear_snapshot();
    END LOOP;
END $$;

-- how jobs end
SET ROLE alice;
CREATE TABLE done (what text);
SELECT bgjob.enqueue('INSERT INTO done VALUES ($1)', args => '["hello"]', priority => 3) AS good \gset
SELECT ends(:good);
SELECT id = :good AS id, key, queue, kind, state, role, command, args, priority, attempt,
       due_at = enqueued_at AS at_once, enqueued_at <= began_at AND began_at <= ended_at AS ordered,
       sqlstate, message, parent, status, result FROM bgjob.jobs \gx
SELECT bgjob.enqueue('SELECT $1 / 0', args => '[1]') AS bad \gset
SELECT ends(:bad);
SELECT id = :bad AS id, state, attempt, due_at, enqueued_at <= began_at AND began_at <= ended_at AS ordered,
       sqlstate, message FROM bgjob.jobs WHERE id = :bad;
SELECT state, sqlstate, message, attempt, due_at, began_at <= ended_at AS ordered FROM bgjob.status(:bad);
SELECT job = :bad AS job, seq, step, attempt, began_at <= ended_at AS ordered, sqlstate, message, args FROM bgjob.failures;
RESET ROLE;
BEGIN;
SET LOCAL ROLE alice;
SELECT bgjob.enqueue('INSERT INTO done VALUES (''never'')') AS cancelled \gset
RESET ROLE;
UPDATE bgjob.job SET cancel_asked = true, message = 'not wanted' WHERE id = :cancelled;
COMMIT;
SET ROLE alice;
SELECT ends(:cancelled);
SELECT state, began_at, sqlstate, message FROM bgjob.jobs WHERE id = :cancelled;
SELECT * FROM done;

-- a workflow: what it waits for
CREATE TABLE attempts (n integer);
CREATE SEQUENCE tries;
CREATE PROCEDURE travel(input jsonb, INOUT result jsonb) LANGUAGE plpgsql AS $$
DECLARE answer jsonb;
BEGIN
    CALL bgjob.step('book', 'INSERT INTO done VALUES ($1)', undo => 'DELETE FROM done WHERE what = $1', args => '["room"]');
    CALL bgjob.step('pay', 'SELECT 1 / (nextval(''tries'') - 1)', attempts => 3, retry => '{"base": "1 ms", "jitter": "none"}');
    CALL bgjob.wait_signal('go', answer);
    CALL bgjob.sleep('100 ms');
    IF answer = '"fail"' THEN
        CALL bgjob.step('fail', 'SELECT 1 / 0');
    END IF;
    result = jsonb_build_object('went', answer);
END $$;
SELECT bgjob.start('travel', '{}') AS trip \gset
CALL await('EXISTS (SELECT FROM bgjob.waiting WHERE waits_for = ''signal go'')');
SELECT job = :trip AS job, key, queue, role, state, waits_for, since <= now() AS since, until FROM bgjob.waiting;
SELECT state, waits_for, waits_since <= now() AS since, due_at, ended_at FROM bgjob.status(:trip);
SELECT seq, kind, name, occurrence, state, attempt, ended_at IS NOT NULL AS ended, undo FROM bgjob.steps ORDER BY seq;
SELECT state, why, since <= now() AS since FROM bgjob.stuck('0');
SELECT count(*) FROM bgjob.stuck();
SELECT bgjob.signal(:trip, 'go', '"far"');
SELECT ends(:trip);
SELECT state, kind, result FROM bgjob.status(:trip);
SELECT result FROM bgjob.jobs WHERE id = :trip;
SELECT count(*) FROM bgjob.waiting;

-- drawn as text; what depends on time is masked
CREATE FUNCTION masked(job bigint) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT regexp_replace(regexp_replace(regexp_replace(line, '\|.*\|', '|...|'),
               ' +\d+(\.\d+)? (us|ms|s)', ' T', 'g'), '\d+-\d+-\d+ [0-9:.]+ UTC', 'TIME')
      FROM string_to_table(bgjob.trace(job), E'\n') line
$$;
SELECT masked(:trip);
-- with a child that is remembered, and one that is not
RESET ROLE;
INSERT INTO bgjob.child (parent, job, state, sqlstate, message) VALUES (:trip, :bad, 12, NULL, NULL), (:trip, 1000, 12, '22003', 'too large');
SET ROLE alice;
SELECT masked(:trip);
SELECT setval('tries', 1, false);
SELECT bgjob.start('travel', '{}', key => 'second') AS trip \gset
SELECT bgjob.signal(:trip, 'go', '"fail"');
SELECT ends(:trip);
SELECT masked(:trip);
SELECT seq, kind, name, occurrence, undoes, state, attempt FROM bgjob.steps WHERE job = :trip ORDER BY seq;
SELECT seq, step, attempt, sqlstate FROM bgjob.failures WHERE job = :trip ORDER BY seq, ended_at;
SELECT masked(:bad);
SELECT bgjob.trace(0);
SELECT * FROM bgjob.status(0);
SELECT bgjob.status(NULL);

-- who is at work
RESET ROLE;
SELECT pg_advisory_lock(1);
SET ROLE alice;
SELECT bgjob.enqueue('SELECT pg_advisory_xact_lock(1)') AS long \gset
CALL await('EXISTS (SELECT FROM bgjob.workers)');
SELECT w.role, w.job = :long AS job, w.step, w.since <= clock_timestamp() AS since, in_hand, a.role
  FROM bgjob.workers w JOIN bgjob.activity a USING (pid);
SELECT state, began_at <= clock_timestamp() AS began, ended_at FROM bgjob.jobs WHERE id = :long;
SELECT state, began_at <= clock_timestamp() AS began, ended_at FROM bgjob.status(:long);
CALL await(format('%s = ANY (SELECT job FROM bgjob.stuck(''0'') WHERE why = ''runs for long'')', :long));

-- the others see nothing of it
SET ROLE bob;
SELECT count(*) FROM bgjob.jobs;
SELECT count(*) FROM bgjob.steps;
SELECT count(*) FROM bgjob.failures;
SELECT count(*) FROM bgjob.waiting;
SELECT count(*) FROM bgjob.workers;
SELECT count(*) FROM bgjob.stuck('0');
SELECT state FROM bgjob.status(:bad);
SELECT bgjob.trace(:bad);
SELECT bgjob.prune();
-- not even by a function that is called before the rows are filtered
CREATE FUNCTION pg_temp.spy(command text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN RAISE NOTICE '%', command; RETURN true; END $$;
SELECT count(*) FROM bgjob.jobs WHERE pg_temp.spy(command);
SELECT count(*) FROM bgjob.steps WHERE pg_temp.spy(name);
SELECT count(*) FROM bgjob.failures WHERE pg_temp.spy(message);
SELECT * FROM bgjob.job_run;
SELECT * FROM bgjob.job_dead;
SELECT * FROM bgjob.step;
-- unless they are members
RESET ROLE;
SELECT pg_advisory_unlock(1);
SELECT ends(:long);
GRANT alice TO bob;
SET ROLE bob;
SELECT state, count(*) FROM bgjob.jobs GROUP BY state ORDER BY state;
SELECT state FROM bgjob.status(:bad);
RESET ROLE;
REVOKE alice FROM bob;
-- what PUBLIC may do, and what grant_usage opens
SELECT count(*) FROM pg_class c, aclexplode(c.relacl) a WHERE c.relnamespace = 'bgjob'::regnamespace AND a.grantee = 0;
SELECT count(*) FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
 WHERE p.pronamespace = 'bgjob'::regnamespace AND a.grantee = 0;
SELECT count(*) FROM pg_class c
 WHERE c.relnamespace = 'bgjob'::regnamespace AND c.relkind IN ('r', 'p', 'S') AND has_table_privilege('alice', c.oid, 'SELECT, INSERT, UPDATE, DELETE');
SELECT relname FROM pg_class c WHERE c.relnamespace = 'bgjob'::regnamespace AND c.relkind = 'v' AND
 pg_get_viewdef(oid) ~ 'bgjob\.(job|step|failure)' AND NOT coalesce(reloptions @> '{security_barrier=true}', false);

-- what a queue keeps
SELECT bgjob.set_queue('default', '{"keep": "none"}');
-- until the workers have heard of it
CREATE PROCEDURE until_kept(wanted boolean, command text) LANGUAGE plpgsql AS $$
DECLARE new_id bigint; kept boolean;
BEGIN
    LOOP
        SET ROLE alice;
        new_id = bgjob.enqueue(command);
        RESET ROLE;
        COMMIT;
        LOOP
            EXIT WHEN NOT EXISTS (SELECT FROM bgjob.job j WHERE j.id = new_id);
            PERFORM pg_sleep(0.01);
        END LOOP;
        kept = EXISTS (SELECT FROM bgjob.jobs j WHERE j.id = new_id);
        EXIT WHEN kept = wanted;
    END LOOP;
END $$;
CALL until_kept(false, 'SELECT 1');
CALL until_kept(false, 'SELECT 1/0');
SELECT count(*) FROM bgjob.failure f WHERE NOT EXISTS (SELECT FROM bgjob.jobs j WHERE j.id = f.job);
SET ROLE alice;
SELECT bgjob.start('travel', '{}') AS trip \gset
SELECT bgjob.signal(:trip, 'go', '"fail"');
CALL await(format('NOT EXISTS (SELECT FROM bgjob.jobs WHERE id = %s)', :trip));
\set VERBOSITY sqlstate
SELECT state FROM bgjob.status(:trip);
\set VERBOSITY default
RESET ROLE;
SELECT (SELECT count(*) FROM bgjob.step WHERE job = :trip), (SELECT count(*) FROM bgjob.failure WHERE job = :trip);
BEGIN;
SET LOCAL ROLE alice;
SELECT bgjob.enqueue('SELECT 1', key => 'mine') AS job \gset
RESET ROLE;
INSERT INTO bgjob.job_key (role, key, job) VALUES ('alice', 'mine', :job) ON CONFLICT DO NOTHING;
COMMIT;
CALL await(format('NOT EXISTS (SELECT FROM bgjob.job WHERE id = %s)', :job));
SELECT count(*) FROM bgjob.job_key WHERE key = 'mine';
SELECT bgjob.set_queue('default', '{"keep": "failed"}');
CALL until_kept(true, 'SELECT 1/0');
CALL until_kept(false, 'SELECT 1');
SELECT bgjob.set_queue('default', '{"keep": "7 days"}');
CALL until_kept(true, 'SELECT 1');

-- pruned by hand: own jobs, with all that hangs on them
SET ROLE bob;
SELECT bgjob.enqueue('SELECT 1') AS job \gset
SELECT ends(:job);
SET ROLE alice;
SELECT bgjob.prune('1 hour');
SELECT bgjob.prune(queue => 'nothing');
SELECT bgjob.prune(queue => 'default') = count(*) AS all_of_them FROM bgjob.jobs;
SELECT count(*) FROM bgjob.jobs;
RESET ROLE;
SELECT role, state FROM bgjob.jobs;
SELECT (SELECT count(*) FROM bgjob.step), (SELECT count(*) FROM bgjob.failure), (SELECT count(*) FROM bgjob.child),
       (SELECT count(*) FROM bgjob.job_key);
SELECT bgjob.prune();
SELECT count(*) FROM bgjob.jobs;

-- for operators
SELECT table_name, bytes > 0 AS bytes, dead_rows >= 0 AS dead_rows FROM bgjob.storage WHERE table_name IN ('job', 'step') ORDER BY 1;

-- a role that goes
CREATE ROLE carol LOGIN;
SELECT bgjob.grant_usage('carol');
SET ROLE carol;
SELECT bgjob.enqueue('SELECT 1', run_at => now() + '1 year') AS job \gset
RESET ROLE;
SELECT bgjob.revoke_usage('carol');
DROP ROLE carol;
SELECT job = :job AS job, role ~ '^unknown' AS role, state, why FROM bgjob.stuck();

-- nothing stays
CALL await('3 <= (SELECT count(*) FROM pg_inherits WHERE inhparent = ''bgjob.job_run''::regclass)');
SELECT c.relname ~ '^job_run_(default|\d{8})$' AS name, c.relowner = p.relowner AS owner, count(*) > 1 AS some
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
 WHERE i.inhparent = 'bgjob.job_run'::regclass GROUP BY 1, 2;
DROP EXTENSION bgjob;
SELECT count(*) FROM pg_class WHERE relname ~ '^job_run';
