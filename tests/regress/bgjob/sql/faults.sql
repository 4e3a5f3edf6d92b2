-- Rare failures, made to happen by bgjob.fault.
CREATE EXTENSION bgjob;
\set SHOW_CONTEXT never
SELECT bgjob.wait(h.id, h.cookie), bgjob.detach(h.id, h.cookie) FROM bgjob.launch('SELECT 1') h;

-- [pgbg-02] without strong random numbers a cookie is made otherwise, which DEBUG1 tells; it is never 0
SET bgjob.fault = 'strong_random';
SET client_min_messages = debug1;
SELECT id > 0 AS id, cookie <> 0 AS cookie FROM bgjob.launch('SELECT 1');
RESET client_min_messages;
SELECT count(DISTINCT cookie), count(*) FILTER (WHERE cookie = 0) AS zero
  FROM (SELECT (bgjob.launch('SELECT 1')).cookie FROM generate_series(1, 1000) OFFSET 0) x;
SELECT count(*) FROM bgjob.launched WHERE bgjob.wait(id, cookie);
SELECT bgjob.detach_all();
RESET bgjob.fault;

-- [pgbg-09] no shared memory: 53200 with a hint, and neither entry nor memory is left
CREATE FUNCTION refusal(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text; hint text;
BEGIN
    EXECUTE call;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN regexp_replace(format('%s: %s. %s %s', SQLSTATE, SQLERRM, detail, hint), '\d+ bytes', 'n bytes');
END $$;
SELECT launched AS before FROM bgjob.stats \gset
SET bgjob.fault = 'shared_memory_full';
SELECT refusal(format('SELECT bgjob.%s', call)) FROM (VALUES ('launch(''SELECT 1'')'), ('submit(''SELECT 1'')'), ('run(''SELECT 1'')')) v(call);
RESET bgjob.fault;
SELECT launched - :before AS launched, queued, running, retained, shared_memory_bytes FROM bgjob.stats;
SELECT * FROM bgjob.run('SELECT 1 AS works_again');

-- a job whose rows find no memory fails, as any statement without memory
SELECT * FROM bgjob.launch('SET bgjob.fault = ''shared_memory_full''; SELECT i FROM generate_series(1, 5000) i') \gset
SELECT bgjob.wait(:id, :cookie);
SELECT state, sqlstate FROM bgjob.outcome(:id, :cookie);
-- one whose error finds none still tells the SQLSTATE
SELECT * FROM bgjob.launch('DO ''BEGIN SET bgjob.fault = ''''shared_memory_full''''; COMMIT; PERFORM 1/0; END''') \gset
SELECT bgjob.wait(:id, :cookie);
SELECT state, sqlstate, message FROM bgjob.outcome(:id, :cookie);
SELECT last_error FROM bgjob.launched WHERE id = :id;
SELECT * FROM bgjob.result(:id, :cookie) AS (i int);
-- the next job on the worker has memory again
SELECT * FROM bgjob.run('SELECT 1/0');
SELECT bgjob.detach_all();
SELECT shared_memory_bytes, lost FROM bgjob.stats;
