-- Values of every kind travel as they are.
CREATE EXTENSION bgjob;
\set SHOW_CONTEXT never

CREATE TYPE pair AS (a int, b text);
CREATE TYPE nested AS (p pair, ps pair[], n numeric);
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE DOMAIN pair_domain AS pair CHECK ((VALUE).a > 0);
CREATE TYPE floatrange AS RANGE (subtype = float8);

-- base types, NULLs among them
SELECT * FROM bgjob.launch($$ SELECT 1::int2, 2::int4, 3::int8, 1.50::numeric, 'NaN'::float8, true, NULL::text,
    'x'::"char", 'name'::name, '2024-02-29'::date, '12:00'::time, '1 mon 2 days'::interval $$) \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (a int2, b int4, c int8, d numeric, e float8, f bool, g text,
    h "char", i name, j date, k time, l interval);
SELECT * FROM bgjob.launch($$ SELECT '\x00ff'::bytea, '{"a": [1, null]}'::jsonb, '{"b":1}'::json, '<a/>' IS NULL,
    '10.0.0.0/8'::cidr, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, B'101'::bit(3), B'1'::varbit, '$1.00'::money,
    'fat & rat'::tsquery, 'a:1 b:2'::tsvector, '(1,2)'::point, 'pg_class'::regclass, '1/12345678'::pg_lsn $$) \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (a bytea, b jsonb, c json, d bool, e cidr, f uuid, g bit(3), h varbit,
    i money, j tsquery, k tsvector, l point, m regclass, n pg_lsn);

-- composites, arrays, ranges, domains, enums
SELECT * FROM bgjob.launch($$ SELECT (1, 'x')::pair, ((1, 'y')::pair, ARRAY[(2, 'z')::pair, NULL], 0.1)::nested,
    ARRAY[[1, 2], [3, NULL]], ARRAY['happy', 'sad']::mood[], '[2:3]={a,b}'::text[], '{}'::int[],
    int4range(1, 5), nummultirange(numrange(1, 2), numrange(3, 4)), floatrange(1, 2), 'ok'::mood,
    7::positive, (3, 'd')::pair_domain, ARRAY[1, 2]::positive[] $$) \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (a pair, b nested, c int[], d mood[], e text[], f int[], g int4range,
    h nummultirange, i floatrange, j mood, k positive, l pair_domain, m positive[]);
SELECT (b).p.b, (b).ps[1].a FROM bgjob.result(:id, :cookie) AS (a pair, b nested, c int[], d mood[], e text[],
    f int[], g int4range, h nummultirange, i floatrange, j mood, k positive, l pair_domain, m positive[]);

-- whole rows of a table, one with a dropped column
CREATE TABLE item (id int, gone text, label text);
INSERT INTO item VALUES (1, 'old', 'one');
ALTER TABLE item DROP COLUMN gone;
INSERT INTO item VALUES (2, 'two');
SELECT * FROM bgjob.launch('SELECT i, i.label FROM item i ORDER BY id') \gset
SELECT (i).id, (i).label, i AS whole, l FROM bgjob.result(:id, :cookie) AS (i item, l text);
SELECT * FROM bgjob.launch('SELECT * FROM item ORDER BY id') \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (id int, label text);

-- [pgbg-d11] types without binary output, and anonymous records
SELECT * FROM bgjob.launch($$ SELECT '=r/postgres'::aclitem, ARRAY['=r/postgres', 'postgres=w/postgres']::aclitem[],
    '(0,1)'::tid, '5'::xid, '6'::cid $$) \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (a aclitem, b aclitem[], c tid, d xid, e cid);
SELECT * FROM bgjob.launch($$ SELECT ROW(1, 'x'::text), ROW(ROW(2, ROW(3.5, NULL::int)), 'y'::text),
    ARRAY[ROW(1, true), ROW(2, false)] $$) \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (a record, b record, c record[]);
SELECT * FROM bgjob.result_json(:id, :cookie);
SELECT * FROM bgjob.launch($$ SELECT CASE WHEN i % 2 = 0 THEN ROW(i, 'even'::text) ELSE ROW(i * 1.5) END
    FROM generate_series(1, 4) i $$) \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (a record);
-- ... of which many kinds come in one result
SELECT * FROM bgjob.launch($$ SELECT r FROM (SELECT ROW(1) UNION ALL SELECT ROW(2, 'b'::text)
    UNION ALL SELECT ROW(3, 'c'::text, true) UNION ALL SELECT ROW(ARRAY[ROW(4, ROW(5))])) AS x(r) $$) \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (a record);
SELECT * FROM bgjob.launch($$ SELECT t, ROW(t, 1) FROM (SELECT 1 AS x, 'q'::text AS y) t $$) \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (a record, b record);

-- void comes as an empty text
SELECT * FROM bgjob.launch('SELECT pg_sleep(0), 1') \gset
SELECT v = '' AS empty, x FROM bgjob.result(:id, :cookie) AS (v text, x int);

-- an expanded array, and toasted values, arrive flat and whole
SELECT * FROM bgjob.launch($$
    CREATE FUNCTION pg_temp.grown() RETURNS int[] LANGUAGE plpgsql AS
    'DECLARE a int[] := ''{}''; BEGIN FOR i IN 1..2000 LOOP a[i] := i; END LOOP; RETURN a; END';
    SELECT pg_temp.grown() $$) \gset
SELECT array_length(a, 1), a[2000] FROM bgjob.result(:id, :cookie) AS (a int[]);
CREATE TABLE big (plain text, packed text);
ALTER TABLE big ALTER plain SET STORAGE EXTERNAL;
INSERT INTO big SELECT string_agg(md5(i::text), ''), repeat('pack', 100000) FROM generate_series(1, 5000) i;
SELECT * FROM bgjob.launch('SELECT plain, packed, ROW(plain, 1) FROM big') \gset
SELECT bgjob.wait(:id, :cookie);
TRUNCATE big;
SELECT length(plain), md5(plain) = md5((SELECT string_agg(md5(i::text), '') FROM generate_series(1, 5000) i))
    AS same, length(packed) FROM bgjob.result(:id, :cookie) AS (plain text, packed text, r record);

-- [pgbg-19] 1,600 columns pass; the decoder of columns is in unit tests
SELECT format('SELECT %s', string_agg(format('%s AS c%s', i, i), ', ')) AS wide,
       string_agg(format('c%s int', i), ', ') AS wide_list FROM generate_series(1, 1600) i \gset
SELECT * FROM bgjob.launch(:'wide') \gset
SELECT c1, c800, c1600 FROM bgjob.result(:id, :cookie) AS (:wide_list);
SELECT (SELECT count(*) FROM jsonb_object_keys(j)) FROM bgjob.result_json(:id, :cookie) j;

-- 10 MB values, and a row of 40 MB through the smallest queue
SELECT * FROM bgjob.launch($$ SELECT repeat('t', 10000000), decode(repeat('ab', 10000000), 'hex') $$, 64) \gset
SELECT length(t), length(b), get_byte(b, 9999999) FROM bgjob.result(:id, :cookie) AS (t text, b bytea);
SELECT * FROM bgjob.launch($$ SELECT a, a FROM (SELECT repeat('x', 20000000) AS a) x $$, 64) \gset
SELECT length(a), length(b) FROM bgjob.result(:id, :cookie) AS (a text, b text);
SELECT bgjob.detach_all() > 0 AS detached;

-- what no row can hold is refused, and the worker lives
SELECT * FROM bgjob.launch(format('SELECT %s FROM (SELECT repeat(''x'', 30000000) AS a) x', (SELECT string_agg('a', ', ') FROM generate_series(1, 36)))) \gset
SELECT bgjob.wait(:id, :cookie);
SELECT state, sqlstate, message, detail FROM bgjob.outcome(:id, :cookie);
SELECT * FROM bgjob.launch('SELECT 1') \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (x int);
SELECT lost, workers_started FROM bgjob.stats;
