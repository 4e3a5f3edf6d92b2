-- Without rows, the result is one row of text for each statement: its command tag.
CREATE EXTENSION bgjob;
\set SHOW_CONTEXT never

SELECT * FROM bgjob.launch('CREATE TABLE t (i int)') \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (tag text);
SELECT state, row_count, command_tag FROM bgjob.outcome(:id, :cookie);

SELECT * FROM bgjob.launch($$
    INSERT INTO t SELECT generate_series(1, 5);
    UPDATE t SET i = i + 1 WHERE i > 2;
    DELETE FROM t WHERE i = 1;
    SELECT * FROM t;
    SET work_mem = '5MB';
    DO 'BEGIN END' $$) \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (tag text);
SELECT state, row_count, command_tag FROM bgjob.outcome(:id, :cookie);

-- rows of a last statement win over tags
SELECT * FROM bgjob.launch('INSERT INTO t VALUES (7), (8) RETURNING i') \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (i int);
SELECT row_count, command_tag FROM bgjob.outcome(:id, :cookie);
SELECT * FROM bgjob.launch('EXPLAIN (COSTS OFF) SELECT * FROM t') \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (plan text);
SELECT * FROM bgjob.launch('SHOW work_mem') \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (work_mem text);
SELECT * FROM bgjob.launch('VALUES (1, ''a''), (2, ''b'')') \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (n int, t text);

-- tags are text and nothing else
SELECT * FROM bgjob.launch('CREATE TABLE u ()') \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (tag int);
SELECT * FROM bgjob.result(:id, :cookie) AS (tag text, another text);
SELECT * FROM bgjob.result(:id, :cookie) AS (tag text);
SELECT * FROM bgjob.result_json(:id, :cookie);

-- other commands
SELECT h.n, r.tag FROM (VALUES
    (1, 'ANALYZE t'), (2, 'TRUNCATE t'), (3, 'COMMENT ON TABLE t IS ''x'''), (4, 'NOTIFY somebody'),
    (5, 'PREPARE p AS SELECT 1'), (6, 'CREATE TABLE v AS SELECT 1 AS x')) h(n, sql),
    bgjob.launch(h.sql) l, bgjob.result(l.id, l.cookie) AS r(tag text) ORDER BY n;
