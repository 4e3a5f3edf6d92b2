-- What a launch runs and what comes back.
CREATE EXTENSION bgjob;
\set SHOW_CONTEXT never

SELECT id > 0 AS has_id, cookie <> 0 AS has_cookie FROM bgjob.launch('SELECT 1');

-- a handle goes where any composite value goes
SELECT * FROM bgjob.launch('SELECT 40 + 2') \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (answer int);
SELECT r.answer FROM bgjob.launch('SELECT 6 * 7') h, bgjob.result(h.id, h.cookie) AS r(answer int);

-- [pgbg-d17] results can be read a second time
SELECT * FROM bgjob.result(:id, :cookie) AS (answer int);

-- many rows and several columns, in order
SELECT * FROM bgjob.launch('SELECT i, md5(i::text) FROM generate_series(1, 20000) i') \gset
SELECT count(*), min(i), max(i), bool_and(m = md5(i::text)) AS right_rows,
       bool_and(i = n) AS in_order
  FROM (SELECT i, m, row_number() OVER () AS n
          FROM bgjob.result(:id, :cookie) AS (i int, m text)) r;
SELECT * FROM bgjob.launch('SELECT 1 WHERE false') \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (x int);
SELECT state, row_count, command_tag FROM bgjob.outcome(:id, :cookie);
SELECT * FROM bgjob.launch('SELECT') \gset
SELECT bgjob.wait(:id, :cookie);
SELECT state, row_count, command_tag FROM bgjob.outcome(:id, :cookie);

-- several statements are one transaction, and the last one's rows are the result
CREATE TABLE t (i int);
SELECT * FROM bgjob.launch('INSERT INTO t VALUES (1), (2); SELECT 99; SELECT sum(i) FROM t') \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (sum bigint);
SELECT * FROM bgjob.launch('INSERT INTO t VALUES (3); SELECT 1 / 0') \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (x int);
SELECT count(*) AS without_the_failed_one FROM t;

-- [pgbg-d01] each statement sees what the earlier ones did
TRUNCATE t;
SELECT * FROM bgjob.launch('INSERT INTO t VALUES (1); SELECT count(*) FROM t') \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (count bigint);
SELECT * FROM bgjob.launch($$
    CREATE TABLE made_here (i int);
    INSERT INTO made_here VALUES (10);
    UPDATE made_here SET i = i + 1;
    UPDATE made_here SET i = i + 1 RETURNING i $$) \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (i int);
TABLE made_here;

-- [pgbg-d02] SQL text from a column, where a short text has a short header, runs as it stands
CREATE TABLE commands (n int, sql text);
INSERT INTO commands VALUES (1, 'SELECT 41+1'), (2, repeat(' ', 5000) || 'SELECT 43'),
    (3, 'SELECT ''' || repeat('x', 200) || '''::text');
SELECT c.n, r.x FROM commands c, bgjob.launch(c.sql) h, bgjob.result(h.id, h.cookie) AS r(x int)
 WHERE c.n < 3 ORDER BY c.n;
SELECT length(x) FROM commands c, bgjob.launch(c.sql) h, bgjob.result(h.id, h.cookie) AS r(x text)
 WHERE c.n = 3;

-- [pgbg-d03] waiting first is fine whatever the output, at the smallest queue too
SELECT * FROM bgjob.launch('SELECT i, md5(i::text) FROM generate_series(1, 10000) i', 64) \gset
SELECT bgjob.wait(:id, :cookie);
SELECT state, row_count FROM bgjob.outcome(:id, :cookie);
SELECT count(*), sum(i) FROM bgjob.result(:id, :cookie) AS (i int, m text);
SELECT count(*) FROM bgjob.run('SELECT i, md5(i::text) FROM generate_series(1, 10000) i');

-- [pgbg-d04] a submitted job whose output nobody reads ends, and so does one with many notices
SELECT * FROM bgjob.submit('SELECT repeat(''x'', 1000) FROM generate_series(1, 10000)') \gset
SELECT bgjob.wait(:id, :cookie, '30 s');
SELECT o.state, o.row_count, l.memory_bytes, l.file_bytes
  FROM bgjob.outcome(:id, :cookie) o, bgjob.launched l WHERE l.id = :id;
SELECT * FROM bgjob.submit($$
    DO 'BEGIN FOR i IN 1..2000 LOOP RAISE NOTICE ''%'', repeat(''x'', 100); END LOOP; END' $$) \gset
SELECT bgjob.wait(:id, :cookie, '30 s');
SELECT state FROM bgjob.outcome(:id, :cookie);
-- ... and keeps neither snapshot nor locks when it is done
SELECT count(*) FROM bgjob.activity WHERE backend_xmin IS NOT NULL OR backend_xid IS NOT NULL;
SELECT count(*) FROM pg_locks l JOIN bgjob.activity a USING (pid) WHERE l.locktype = 'relation';

-- a submitted job has no rows to read
SELECT * FROM bgjob.submit('SELECT 1') \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (x int);
SELECT * FROM bgjob.result_json(:id, :cookie);
SELECT bgjob.wait(:id, :cookie);
SELECT state, row_count, command_tag FROM bgjob.outcome(:id, :cookie);

-- [pgbg-d15] (launch(...)).* would launch once a column and is refused
SELECT (bgjob.launch('INSERT INTO t VALUES (100)')).*;
SELECT (bgjob.submit('INSERT INTO t VALUES (100)')).*;
SELECT (h).id > 0 AS launched FROM (SELECT bgjob.launch('INSERT INTO t VALUES (101)') AS h OFFSET 0) x;
SELECT bool_and(bgjob.wait(id, cookie)) FROM bgjob.launched;
SELECT i FROM t WHERE i >= 100;

-- one launch for each row of a query, all running at once
SELECT count(*) AS finished
  FROM (SELECT bgjob.launch(format('SELECT %s * 2', i)) AS h FROM generate_series(1, 20) i OFFSET 0) x
 WHERE bgjob.wait((x.h).id, (x.h).cookie);

-- [pgbg-d07] jobs that end before anybody looks: each of 400 handles is good and names its own job
SELECT count(*), count(DISTINCT (l.h).id), bool_and(r.x = l.i) AS own_result
  FROM (SELECT i, bgjob.launch('SELECT ' || i) AS h FROM generate_series(1, 400) i OFFSET 0) l,
       LATERAL bgjob.result((l.h).id, (l.h).cookie) AS r(x int);

-- the result can be part of a larger query and be asked for again by a rescan
SELECT * FROM bgjob.launch('SELECT g, g * g FROM generate_series(1, 4) g') \gset
SELECT a, sum(square) FROM generate_series(1, 3) a
  LEFT JOIN LATERAL (SELECT * FROM bgjob.result(:id, :cookie) AS r(n int, square int) WHERE n <= a) r
    ON true
 GROUP BY a ORDER BY a;
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM bgjob.result(:id, :cookie) AS (n int, square int);
FETCH 2 FROM c;
FETCH 1 FROM c;
COMMIT;

-- a job is not part of the transaction that launched it
BEGIN;
SELECT * FROM bgjob.launch('INSERT INTO t VALUES (200)') \gset
ROLLBACK;
SELECT bgjob.wait(:id, :cookie);
SELECT i FROM t WHERE i = 200;

-- a job may launch jobs
SELECT * FROM bgjob.launch($$
    SELECT r.x + 1 FROM bgjob.launch('SELECT 1') h, bgjob.result(h.id, h.cookie) AS r(x int) $$) \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (x int);

-- handles outlive the extension's own objects
SELECT * FROM bgjob.launch('SELECT 5') \gset
SELECT bgjob.wait(:id, :cookie);
DROP EXTENSION bgjob;
CREATE EXTENSION bgjob;
SELECT * FROM bgjob.result(:id, :cookie) AS (x int);

-- [pgbg-10] callers of before: there is one version yet, whose two-argument calls stay as they are;
-- positional and named arguments of one call are the same call
SELECT r.x FROM bgjob.launch('SELECT 1', 65536) h, bgjob.result(h.id, h.cookie) AS r(x int);
SELECT r.x FROM bgjob.launch(sql => 'SELECT 1', queue_size => 65536) h,
    bgjob.result(id => h.id, cookie => h.cookie) AS r(x int);
SELECT r.x FROM bgjob.launch(timeout => '1 min', label => 'l', sql => 'SELECT 1') h,
    bgjob.result(h.id, h.cookie) AS r(x int);
