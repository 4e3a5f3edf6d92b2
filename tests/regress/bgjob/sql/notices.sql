-- A NOTICE of a job reaches whoever reads its result, and is not a failure.
CREATE EXTENSION bgjob;
\set SHOW_CONTEXT never

SELECT * FROM bgjob.launch($$ DO 'BEGIN RAISE NOTICE ''first''; RAISE WARNING ''second'' USING DETAIL = ''D.'', HINT = ''H.'';
    RAISE INFO ''third''; RAISE DEBUG ''unseen''; RAISE LOG ''unseen''; END' $$) \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (tag text);
-- again, as the rows are
SELECT * FROM bgjob.result(:id, :cookie) AS (tag text);
SELECT * FROM bgjob.result_json(:id, :cookie);

-- [pgbg-d12] the job succeeded, and that is how it is counted
SELECT state, sqlstate, message FROM bgjob.outcome(:id, :cookie);
SELECT succeeded, failed FROM bgjob.stats;

-- run() passes them on
SELECT * FROM bgjob.run('DROP TABLE IF EXISTS not_there; SELECT 1 AS x');

-- before an error
SELECT * FROM bgjob.launch($$ DO 'BEGIN RAISE NOTICE ''before''; RAISE EXCEPTION ''the end''; END' $$) \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (tag text);

-- the job has the launcher's client_min_messages, and the reader's holds too
SET client_min_messages = error;
SELECT * FROM bgjob.launch($$ DO 'BEGIN RAISE WARNING ''unwanted''; END' $$) \gset
RESET client_min_messages;
SELECT * FROM bgjob.result(:id, :cookie) AS (tag text);
SELECT * FROM bgjob.launch($$ DO 'BEGIN RAISE NOTICE ''quiet''; RAISE WARNING ''loud''; END' $$) \gset
SET client_min_messages = warning;
SELECT * FROM bgjob.result(:id, :cookie) AS (tag text);
RESET client_min_messages;
SET client_min_messages = debug1;
SELECT * FROM bgjob.launch($$ SET LOCAL client_min_messages = debug1; DO 'BEGIN RAISE DEBUG ''deep''; END' $$) \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (tag text);
RESET client_min_messages;

-- they belong to their job: the next one on the same worker has none of them
SELECT * FROM bgjob.launch('SELECT 1') \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (x int);

-- [pgbg-d04] of a submitted job they are thrown away
SELECT * FROM bgjob.submit($$ DO 'BEGIN RAISE NOTICE ''for nobody''; END' $$) \gset
SELECT bgjob.wait(:id, :cookie);

-- the worker does not keep their memory
SELECT bgjob.detach_all() > 0 AS detached;
SELECT shared_memory_bytes FROM bgjob.stats;
