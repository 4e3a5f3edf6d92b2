-- The error of a job is raised where its result is read, with all its fields.
CREATE EXTENSION bgjob;

-- Everything an error carries, but for the places in the source; PIDs and ids are masked.
CREATE FUNCTION error_of(call text) RETURNS TABLE (field text, value text) LANGUAGE plpgsql AS $$
DECLARE state text; detail text; hint text; context text; s text; t text; c text; d text; k text;
BEGIN
    EXECUTE call;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT,
        context = PG_EXCEPTION_CONTEXT, s = SCHEMA_NAME, t = TABLE_NAME, c = COLUMN_NAME, d = PG_DATATYPE_NAME,
        k = CONSTRAINT_NAME;
    context := regexp_replace(regexp_replace(context, 'PID \d+', 'PID n', 'g'), 'job \d+', 'job n', 'g');
    RETURN QUERY SELECT v.f, v.x FROM (VALUES ('sqlstate', state), ('message', SQLERRM), ('detail', detail),
        ('hint', hint), ('schema', s), ('table', t), ('column', c), ('type', d), ('constraint', k),
        ('context', split_part(context, E'\nSQL statement', 1))) v(f, x) WHERE v.x <> '';
END $$;

CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL CONSTRAINT solvent CHECK (balance >= 0));
CREATE DOMAIN percent AS int CONSTRAINT at_most_100 CHECK (VALUE <= 100);

-- the fields of constraints
SELECT * FROM error_of($$ SELECT * FROM bgjob.launch('INSERT INTO account VALUES (1, 1), (1, 2)') h,
    bgjob.result(h.id, h.cookie) AS (x text) $$);
SELECT * FROM error_of($$ SELECT * FROM bgjob.launch('INSERT INTO account VALUES (1, NULL)') h,
    bgjob.result(h.id, h.cookie) AS (x text) $$);
SELECT * FROM error_of($$ SELECT * FROM bgjob.launch('SELECT 101::percent') h,
    bgjob.result(h.id, h.cookie) AS (x int) $$);
SELECT * FROM error_of($$ SELECT * FROM bgjob.launch('SELECT * FROM accounts') h,
    bgjob.result(h.id, h.cookie) AS (x int) $$);

-- [pgbg-17] the context names the worker and its PID once; [pgbg-29] it shows the SQL
CREATE FUNCTION withdraw(n int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'P0042', MESSAGE = 'no money', DETAIL = 'The balance is 0.',
        HINT = 'Work.', SCHEMA = 's', TABLE = 't', COLUMN = 'c', DATATYPE = 'd', CONSTRAINT = 'k';
END $$;
SELECT * FROM bgjob.launch('SELECT withdraw(1)') \gset
SELECT format('SELECT * FROM bgjob.result(%s, %s) AS (x text)', :'id', :'cookie') AS call \gset
SELECT * FROM error_of(:'call');
SELECT regexp_count(context, 'background worker') AS lines FROM bgjob.outcome(:id, :cookie);
-- it can be read again, by result_json too, and outcome tells it without raising
SELECT * FROM error_of(:'call') WHERE field IN ('sqlstate', 'message');
SELECT * FROM error_of(replace(replace(:'call', 'result', 'result_json'), ' AS (x text)', '')) WHERE field <> 'context';
SELECT state, row_count, command_tag, sqlstate, message, detail, hint, schema_name, table_name, column_name,
    datatype_name, constraint_name, regexp_replace(regexp_replace(context, 'PID \d+', 'PID n'), 'job \d+', 'job n') AS context
    FROM bgjob.outcome(:id, :cookie) \gx
-- run() raises the same
SELECT * FROM error_of('SELECT * FROM bgjob.run(''SELECT withdraw(1)'')') WHERE field <> 'context';

-- the place of a mistake points into the job's SQL and not into the reader's
\set SHOW_CONTEXT never
SELECT * FROM bgjob.launch('SELECT 1 + missing') \gset
SELECT *, 'a text that is not the job''s' FROM bgjob.result(:id, :cookie) AS (x int);

-- a long SQL text is shown cut, between characters
SET bgjob.preview_length = 20;
SELECT * FROM bgjob.launch('SELECT ''ääääääääääää'', 1/0') \gset
SELECT value FROM error_of(format('SELECT * FROM bgjob.result(%s, %s) AS (x text, y int)', :'id', :'cookie'))
    WHERE field = 'context';
SELECT sql_preview, octet_length(sql_preview) FROM bgjob.launched WHERE id = :id;
RESET bgjob.preview_length;

-- [pgbg-07] views show at most 512 bytes of an error, cut between characters, outcome shows all
CREATE TABLE lengths (n int, id bigint, cookie bigint);
INSERT INTO lengths SELECT n, h.id, h.cookie FROM unnest(ARRAY[1, 511, 512, 513, 600, 5000]) n,
    bgjob.launch(format('DO $x$ BEGIN RAISE EXCEPTION USING MESSAGE = repeat(''x'', %s); END $x$', n)) h;
INSERT INTO lengths SELECT n, h.id, h.cookie FROM unnest(ARRAY[2000, 2001]) n,
    bgjob.launch(format('DO $x$ BEGIN RAISE EXCEPTION USING MESSAGE = repeat(''ä'', 1000) || repeat(''x'', %s); END $x$', n % 2)) h;
SELECT bool_and(bgjob.wait(id, cookie)) FROM lengths;
SELECT n, octet_length(last_error) AS shown, right(last_error, 4), octet_length(o.message) AS whole
    FROM lengths l JOIN bgjob.launched USING (id), bgjob.outcome(l.id, l.cookie) o ORDER BY n;
-- ... the length is a setting
SET bgjob.error_length = 16;
SELECT last_error FROM lengths JOIN bgjob.launched USING (id) WHERE n = 5000;
RESET bgjob.error_length;
-- [pgbg-07] an error without a text reads as one
SELECT * FROM bgjob.launch('DO $$ BEGIN RAISE EXCEPTION USING MESSAGE = ''''; END $$') \gset
SELECT bgjob.wait(:id, :cookie);
SELECT state, sqlstate, message FROM bgjob.outcome(:id, :cookie);
SELECT sqlstate, last_error FROM bgjob.launched WHERE id = :id;

-- [pgbg-d09] an error leaves the entry in place: catch it, look at it, detach
DO $$
DECLARE h bgjob.handle;
BEGIN
    h := bgjob.launch('SELECT 1/0');
    BEGIN
        PERFORM * FROM bgjob.result(h.id, h.cookie) AS (x int);
    EXCEPTION WHEN division_by_zero THEN
        RAISE INFO 'state %, %', (bgjob.outcome(h.id, h.cookie)).state, (bgjob.outcome(h.id, h.cookie)).sqlstate;
    END;
    PERFORM bgjob.detach(h.id, h.cookie);
END $$;

-- rows that came before the error stay readable by number
SELECT * FROM bgjob.launch('SELECT 10 / (5001 - i) FROM generate_series(1, 6000) i') \gset
SELECT count(*) FROM bgjob.result(:id, :cookie) AS (x int);
SELECT count(*), max(x) FROM bgjob.result(:id, :cookie, max_rows => 4000) AS (x int);

-- errors at commit are errors of the job
CREATE TABLE late (id int UNIQUE DEFERRABLE INITIALLY DEFERRED);
SELECT * FROM bgjob.launch('INSERT INTO late VALUES (1), (1)') \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (x text);
SELECT state, sqlstate, constraint_name FROM bgjob.outcome(:id, :cookie);

-- a large detail does not hurt
SELECT * FROM bgjob.launch('DO $$ BEGIN RAISE EXCEPTION USING MESSAGE = ''m'', DETAIL = repeat(''d'', 1000000); END $$') \gset
SELECT bgjob.wait(:id, :cookie);
SELECT state, message, octet_length(detail) <= 65536 AS capped, octet_length(detail) > 60000 AS not_too_much
    FROM bgjob.outcome(:id, :cookie);

-- memory of a thousand errors comes back
SELECT bgjob.detach_all() > 0 AS detached;
SELECT count(bgjob.wait(id, cookie)) FROM (SELECT (h).* FROM
    (SELECT bgjob.launch('SELECT 1/0') AS h FROM generate_series(1, 1000) OFFSET 0) x OFFSET 0) y;
SELECT bgjob.detach_all();
SELECT shared_memory_bytes, failed >= 1000 AS counted FROM bgjob.stats;
