-- Parts of a result, and results as JSON.
CREATE EXTENSION bgjob;
\set SHOW_CONTEXT never

SELECT * FROM bgjob.launch('SELECT i FROM generate_series(1, 20000) i', 4096) \gset
-- [pgbg-d17] pages, in any order and as often as one likes
SELECT * FROM bgjob.result(:id, :cookie, 0, 3) AS (i int);
SELECT * FROM bgjob.result(:id, :cookie, 19998) AS (i int);
SELECT * FROM bgjob.result(:id, :cookie, skip => 10000, max_rows => 2) AS (i int);
SELECT * FROM bgjob.result(:id, :cookie, 3, 3) AS (i int);
SELECT * FROM bgjob.result(:id, :cookie, 20000) AS (i int);
SELECT * FROM bgjob.result(:id, :cookie, 9223372036854775807, 9223372036854775807) AS (i int);
SELECT * FROM bgjob.result(:id, :cookie, 0, 0) AS (i int);
SELECT count(*), sum(i) FROM bgjob.result(:id, :cookie, 0, NULL) AS (i int);
SELECT count(*), min(i) FROM bgjob.result(:id, :cookie, NULL, NULL) AS (i int);
SELECT * FROM bgjob.result(:id, :cookie, -1) AS (i int);
SELECT * FROM bgjob.result(:id, :cookie, 0, -1) AS (i int);
-- every page once gives the whole
SELECT count(*), count(DISTINCT r.i), sum(r.i) FROM generate_series(0, 19999, 700) page,
    LATERAL bgjob.result(:id, :cookie, page, 700) AS r(i int);

-- the first rows of a job that is still at work
SELECT pg_advisory_lock(7);
SELECT * FROM bgjob.launch('SELECT i FROM generate_series(1, 5000) i UNION ALL SELECT 1 FROM pg_advisory_xact_lock(7)') \gset
SELECT count(*) FROM bgjob.result(:id, :cookie, 0, 1000) AS (i int);
SELECT state FROM bgjob.outcome(:id, :cookie);
SELECT count(*) FROM bgjob.result_json(:id, :cookie, 500, 100);
SELECT pg_advisory_unlock(7);
SELECT count(*) FROM bgjob.result(:id, :cookie) AS (i int);

-- JSON
SELECT * FROM bgjob.launch($$ SELECT 1 AS n, 'a "text"' AS t, NULL::int AS nothing, ARRAY[1, 2] AS a,
    ROW(1, 'x') AS r, '{"k": [true]}'::jsonb AS j, 1.50 AS num, '2024-01-02'::date AS d, 'infinity'::float8 AS f $$) \gset
SELECT * FROM bgjob.result_json(:id, :cookie);
SELECT * FROM bgjob.result_json(:id, :cookie, 1);
SELECT * FROM bgjob.launch('SELECT 1, 2, 3 AS x, 4 AS x') \gset
SELECT * FROM bgjob.result_json(:id, :cookie);
SELECT * FROM bgjob.launch('SELECT') \gset
SELECT * FROM bgjob.result_json(:id, :cookie);
SELECT sum((j ->> 'i')::int) FROM bgjob.run('SELECT i FROM generate_series(1, 100) i') j;

-- run leaves nothing
SELECT * FROM bgjob.run('SELECT 1 AS one, ''x'' AS two');
SELECT * FROM bgjob.run('CREATE TABLE t (i int); INSERT INTO t VALUES (1)');
SELECT * FROM bgjob.run('SELECT 1 WHERE false');
SELECT * FROM bgjob.run('SELECT 1 / 0');
SELECT * FROM bgjob.run('');
SELECT * FROM bgjob.run('SELECT pg_sleep(60)', '100 ms');
SELECT * FROM bgjob.run('SELECT 1 AS x', '1 min');
SELECT * FROM bgjob.run('SELECT 1', '-1 s');
SELECT bgjob.detach_all();
SELECT retained, shared_memory_bytes FROM bgjob.stats;
