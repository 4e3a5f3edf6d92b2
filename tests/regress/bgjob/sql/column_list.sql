-- The column list of result() has to fit, and a wrong one costs nothing.
CREATE EXTENSION bgjob;
\set SHOW_CONTEXT never

SELECT * FROM bgjob.launch('SELECT 1::int4 AS a, ''x''::varchar AS b') \gset

-- [pgbg-d09] a list that does not fit leaves the rows in place
SELECT * FROM bgjob.result(:id, :cookie) AS (a int8, b varchar);
SELECT * FROM bgjob.result(:id, :cookie) AS (a int4);
SELECT * FROM bgjob.result(:id, :cookie) AS (a int4, b varchar, c text);
SELECT * FROM bgjob.result(:id, :cookie) AS (a text, b text);
SELECT * FROM bgjob.result(:id, :cookie) AS (a int4, b varchar);
SELECT state FROM bgjob.outcome(:id, :cookie);

-- types that share their representation fit
SELECT * FROM bgjob.result(:id, :cookie) AS (a int4, b text);
SELECT * FROM bgjob.result(:id, :cookie) AS (a int4, b varchar(10));
CREATE DOMAIN small AS int CHECK (VALUE < 10);
SELECT * FROM bgjob.launch('SELECT 5::small, 11') \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (a int, b int);
SELECT * FROM bgjob.launch('SELECT ''a''::text, ''b''::bpchar') \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (a varchar, b text);
-- ... int4 and oid of one width too, float4 and int4 not
SELECT * FROM bgjob.launch('SELECT 1::float4') \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (a int4);

-- a mismatch is found before all rows have been waited for
SELECT * FROM bgjob.launch('SELECT i FROM generate_series(1, 3000) i UNION ALL SELECT 1 FROM pg_sleep(60)') \gset
SET statement_timeout = '20 s';
SELECT * FROM bgjob.result(:id, :cookie) AS (a text);
RESET statement_timeout;
SELECT bgjob.cancel(:id, :cookie, '30 s');

-- no list at all
SELECT * FROM bgjob.launch('SELECT 1') \gset
SELECT bgjob.result(:id, :cookie);
\set VERBOSITY terse
SELECT * FROM bgjob.result(1, 1);
\set VERBOSITY default

-- [pgbg-d06] a list of the wrong shape on anything of ours is an error, not a crash
SELECT * FROM bgjob.launched_jobs() AS (a text);
SELECT * FROM bgjob.workers_now() AS (a text);
SELECT * FROM bgjob.counters() AS (a text);
SELECT * FROM bgjob.result(:id, :cookie) AS (a text);
SELECT count(*) > 0 AS row_by_row FROM (SELECT bgjob.launched_jobs()) x;
SELECT pg_typeof(bgjob.counters());

-- a type that has gone since
CREATE TYPE short_lived AS (x int);
SELECT * FROM bgjob.launch('SELECT (1)::text, ROW(2)::short_lived') \gset
SELECT bgjob.wait(:id, :cookie);
DROP TYPE short_lived;
\set VERBOSITY terse
SELECT * FROM bgjob.result(:id, :cookie) AS (a text, b record);
SELECT * FROM bgjob.result_json(:id, :cookie);
\set VERBOSITY default
SELECT state FROM bgjob.outcome(:id, :cookie);
