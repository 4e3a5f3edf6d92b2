-- A job's query may run in parallel, and a parallel query may not launch.
CREATE EXTENSION bgjob;
\set SHOW_CONTEXT never
CREATE TABLE t AS SELECT i FROM generate_series(1, 20000) i;
ANALYZE t;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;

SELECT * FROM bgjob.launch('EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT count(*) FROM t') \gset
SELECT regexp_replace(plan, '\s*\(actual.*', '') AS plan FROM bgjob.result(:id, :cookie) AS (plan text) WHERE plan ~ 'Workers|Parallel';
SELECT * FROM bgjob.run('SELECT count(*), sum(i) FROM t');

-- reading a result within a query that runs in parallel elsewhere
SELECT * FROM bgjob.launch('SELECT i FROM t') \gset
SELECT count(*) FROM bgjob.result(:id, :cookie) AS (i int) JOIN t USING (i);

-- no launch from a parallel worker
CREATE FUNCTION liar(i int) RETURNS bigint LANGUAGE plpgsql PARALLEL SAFE AS 'BEGIN RETURN (bgjob.launch(''SELECT 1'')).id; END';
SELECT count(liar(i)) FROM t WHERE i < 3;
SELECT launched FROM bgjob.stats;
