-- detach and its relatives forget jobs, and nothing else.
CREATE EXTENSION bgjob;
\set SHOW_CONTEXT never
CREATE TABLE t (i int);

-- [pgbg-22] detach is not cancel: the work goes on and commits
SELECT pg_advisory_lock(1);
SELECT * FROM bgjob.launch('SELECT pg_advisory_xact_lock(1); INSERT INTO t VALUES (1)') \gset
SELECT bgjob.detach(:id, :cookie);
SELECT count(*) FROM bgjob.launched;
SELECT pg_advisory_unlock(1);
DO $$ BEGIN WHILE (SELECT running + queued FROM bgjob.stats) > 0 LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;
SELECT * FROM t;
-- ... a queued one too
SET bgjob.max_workers_per_role = 1;
SELECT pg_advisory_lock(1);
SELECT * FROM bgjob.launch('SELECT pg_advisory_xact_lock(1)') \gset first_
SELECT * FROM bgjob.launch('INSERT INTO t VALUES (2)') \gset
SELECT bgjob.detach(:id, :cookie);
SELECT pg_advisory_unlock(1);
DO $$ BEGIN WHILE (SELECT running + queued FROM bgjob.stats) > 0 LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;
SELECT * FROM t;
RESET bgjob.max_workers_per_role;
SELECT bgjob.detach(:first_id, :first_cookie);

-- [pgbg-15] detach twice, detach after result, result and others after detach
SELECT * FROM bgjob.launch('SELECT 1') \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (x int);
SELECT bgjob.detach(:id, :cookie);
SELECT bgjob.detach(:id, :cookie);
SELECT * FROM bgjob.result(:id, :cookie) AS (x int);
SELECT * FROM bgjob.result_json(:id, :cookie);
SELECT bgjob.wait(:id, :cookie);
SELECT bgjob.cancel(:id, :cookie);
SELECT bgjob.outcome(:id, :cookie);
SELECT bgjob.command(:id, :cookie);
SELECT bgjob.progress(:id, :cookie);
-- ... of an unfinished one
SELECT * FROM bgjob.launch('SELECT pg_sleep(0.3)') \gset
SELECT bgjob.detach(:id, :cookie);
SELECT bgjob.detach(:id, :cookie);
SELECT bgjob.wait(:id, :cookie);

-- [pgbg-11] launch, wait, result, cancel and detach in every order
CREATE FUNCTION in_order(steps text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE h bgjob.handle := bgjob.launch('SELECT i FROM generate_series(1, 2000) i', 64); step text; said text := '';
BEGIN
    FOREACH step IN ARRAY steps LOOP
        BEGIN
            CASE step
            WHEN 'result' THEN PERFORM * FROM bgjob.result(h.id, h.cookie) AS (i int);
            WHEN 'wait' THEN PERFORM bgjob.wait(h.id, h.cookie);
            WHEN 'cancel' THEN PERFORM bgjob.cancel(h.id, h.cookie);
            WHEN 'detach' THEN PERFORM bgjob.detach(h.id, h.cookie);
            END CASE;
        EXCEPTION WHEN undefined_object OR query_canceled THEN
        END;
    END LOOP;
    RETURN 'ok';
END $$;
WITH s(step) AS (VALUES ('result'), ('wait'), ('cancel'), ('detach'))
SELECT in_order(ARRAY[a.step, b.step, c.step, d.step]), count(*) FROM s a, s b, s c, s d GROUP BY 1;
DO $$ BEGIN WHILE (SELECT running + queued FROM bgjob.stats) > 0 LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;
SELECT lost FROM bgjob.stats;

-- detach_all: of this session
SELECT bgjob.detach_all() > 0 AS detached;
SELECT bgjob.detach_all();
SELECT count(*) FROM (SELECT bgjob.launch('SELECT 1') FROM generate_series(1, 5) OFFSET 0) x;
SELECT bgjob.detach_all();
SELECT count(*) FROM (SELECT bgjob.launch('SELECT 1') FROM generate_series(1, 3) OFFSET 0) x;
\c
SELECT bgjob.detach_all() AS of_a_new_session, bgjob.cancel_all();

-- purge: what is finished, of every session
SELECT pg_advisory_lock(1);
SELECT * FROM bgjob.launch('SELECT pg_advisory_xact_lock(1)') \gset
DO $$ BEGIN WHILE (SELECT running + queued FROM bgjob.stats) > 1 LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;
DO $$ BEGIN WHILE NOT EXISTS (SELECT 1 FROM bgjob.launched WHERE state = 'running') LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;
SELECT bgjob.purge();
SELECT id = :id AS the_running_one, state FROM bgjob.launched;
SELECT pg_advisory_unlock(1);
SELECT bgjob.wait(:id, :cookie);
SELECT bgjob.purge();

-- nothing is left of any of them
DO $$ BEGIN WHILE (SELECT running + queued FROM bgjob.stats) > 0 LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;
SELECT retained, shared_memory_bytes FROM bgjob.stats;

-- [pgbg-01] cookies are 64 bits, none twice, none 0, and negative ones work
SET client_min_messages = warning;
CREATE TEMP TABLE seen (id bigint, cookie bigint);
DO $$
DECLARE h bgjob.handle;
BEGIN
    FOR i IN 1..10000 LOOP
        h := bgjob.submit('SELECT 1');
        INSERT INTO seen VALUES (h.id, h.cookie);
        IF i % 100 = 0 THEN
            PERFORM bgjob.wait(s.id, s.cookie), bgjob.detach(s.id, s.cookie)
               FROM (SELECT * FROM seen ORDER BY id DESC LIMIT 100) s;
        END IF;
    END LOOP;
END $$;
SELECT count(*), count(DISTINCT cookie) AS cookies, count(DISTINCT id) AS ids, count(*) FILTER (WHERE cookie = 0) AS zero,
       count(*) FILTER (WHERE cookie < 0) BETWEEN 4000 AND 6000 AS half_negative, bit_or(cookie) AS bits_used FROM seen;
SELECT retained, lost FROM bgjob.stats;

-- [pgbg-d18] all that took no process and no segment each
SELECT workers_started < 20 AS few_workers FROM bgjob.stats;
