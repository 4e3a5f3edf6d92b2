-- What is refused at the door, with which SQLSTATE, and that it leaves nothing behind.
CREATE EXTENSION bgjob;
\set SHOW_CONTEXT never

-- [pgbg-06] launch and submit take and refuse the same
CREATE FUNCTION refusal(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text; hint text;
BEGIN
    EXECUTE call;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN format('%s: %s. %s %s', SQLSTATE, SQLERRM, detail, hint);
END $$;
CREATE TABLE bad (n serial, arguments text);
INSERT INTO bad (arguments) VALUES
    ('NULL'),
    (''''''),
    ('''  ; ;; '''),
    ('''SELECT 1'', -1'),
    ('''SELECT 1'', 63'),
    ('''SELECT 1'', 268435457'),
    ('''SELECT 1'', 2147483647'),
    ('''SELECT 1'', label => repeat(''x'', 64)'),
    ('''SELECT 1'', label => repeat(''ä'', 32)'),
    ('''SELECT 1'', timeout => ''-1 s'''),
    ('''SELECT 1'', timeout => ''300000000 years''');
SELECT n, arguments, refusal(format('SELECT bgjob.launch(%s)', arguments)) AS launch,
       refusal(format('SELECT bgjob.launch(%s)', arguments)) =
       refusal(format('SELECT bgjob.submit(%s)', arguments)) AS submit_alike
  FROM bad ORDER BY n \gx
-- the limits themselves are taken
SELECT refusal(format('SELECT bgjob.wait(h.id, h.cookie) FROM bgjob.launch(%s) h', arguments))
  FROM (VALUES ('''SELECT 1'', 64'), ('''SELECT 1'', 268435456'), ('''SELECT 1'', NULL, NULL, NULL, NULL'),
        ('''SELECT 1'', label => repeat(''x'', 63)'), ('''SELECT 1'', timeout => ''0''')) v(arguments);
SELECT launched, queued, running FROM bgjob.stats;
SELECT bgjob.detach_all();
SELECT shared_memory_bytes, retained FROM bgjob.stats;

-- comments are no statement, and that is no error of the job
SELECT * FROM bgjob.launch('-- nothing') \gset
SELECT bgjob.wait(:id, :cookie);
SELECT state, row_count, command_tag FROM bgjob.outcome(:id, :cookie);

-- SQL of 10 MB
SELECT * FROM bgjob.launch('SELECT length(''' || repeat('x', 10000000) || ''')') \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (n int);
SELECT length(bgjob.command(:id, :cookie));
SELECT length(sql_preview) FROM bgjob.launched WHERE id = :id;

-- [pgbg-12] a stale or made-up handle is refused by every function, with the job unharmed
SELECT * FROM bgjob.launch('SELECT 1') \gset
SELECT bgjob.wait(:id, :cookie);
SELECT f, refusal(format('SELECT * FROM bgjob.%s', replace(replace(f, '$id', :'id'), '$c', (:cookie # 1)::text))) AS wrong_cookie
  FROM (VALUES ('result($id, $c) AS (x int)'), ('result_json($id, $c)'), ('wait($id, $c)'), ('wait($id, $c, ''1 s'')'),
        ('wait_any(ARRAY[($id, $c)::bgjob.handle])'), ('cancel($id, $c)'), ('cancel($id, $c, ''1 s'')'), ('detach($id, $c)'),
        ('outcome($id, $c)'), ('command($id, $c)'), ('progress($id, $c)')) v(f);
SELECT f, refusal(format('SELECT * FROM bgjob.%s', replace(f, '$', '1000000000, 5'))) AS unknown
  FROM (VALUES ('result($) AS (x int)'), ('result_json($)'), ('wait($)'), ('wait($, ''1 s'')'),
        ('wait_any(ARRAY[($)::bgjob.handle])'), ('cancel($)'), ('cancel($, ''1 s'')'), ('detach($)'), ('outcome($)'),
        ('command($)'), ('progress($)')) v(f);
SELECT refusal(format('SELECT bgjob.wait(%s, %s)', a, b))
  FROM (VALUES ('0', '0'), ('-1', '5'), ('NULL', '5'), ('5', 'NULL'), ('9223372036854775807', '-9223372036854775808')) v(a, b);
SELECT refusal(format('SELECT * FROM bgjob.%s', f))
  FROM (VALUES ('wait_any(NULL)'), ('wait_any(''{}'')'), ('wait_any(ARRAY[NULL]::bgjob.handle[])'),
        ('wait_any(ARRAY[(1, NULL)::bgjob.handle])'), ('report_progress(1)'), ('report_progress(NULL)')) v(f);
SELECT * FROM bgjob.result(:id, :cookie) AS (x int);

-- SQL that does not parse, or that a job may not run
SELECT refusal(format('SELECT * FROM bgjob.launch(%L) h, bgjob.result(h.id, h.cookie) AS r(x text)', sql)) FROM (VALUES
    ('SELEC 1'), ('SELECT ''open'), ('BEGIN'), ('SELECT 1; COMMIT'), ('ROLLBACK'), ('SAVEPOINT s'), ('START TRANSACTION'),
    ('PREPARE TRANSACTION ''x'''), ('COPY pg_class TO STDOUT'), ('COPY pg_class FROM STDIN'),
    ('SELECT 1; VACUUM'), ('DO ''BEGIN COMMIT; END''; SELECT 1'), ('SELECT $1')) v(sql);
-- ... none of which harmed the worker that met it
SELECT workers_started, lost FROM bgjob.stats;

-- a security-restricted operation is no place to launch from
CREATE FUNCTION launches() RETURNS int LANGUAGE sql AS $$ SELECT 1 FROM bgjob.launch('SELECT 1') $$;
CREATE MATERIALIZED VIEW m AS SELECT launches() WITH NO DATA;
REFRESH MATERIALIZED VIEW m;

-- a server that runs parallel plans does not launch in a parallel worker
SELECT provolatile, proparallel, proname FROM pg_proc
 WHERE pronamespace = 'bgjob'::regnamespace AND proname IN ('launch', 'submit', 'run', 'result') ORDER BY proname;
