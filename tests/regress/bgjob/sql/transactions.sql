-- What a job may do with transactions.
CREATE EXTENSION bgjob;
\set SHOW_CONTEXT never
CREATE TABLE t (i int);

-- CALL of a procedure that commits, alone
CREATE PROCEDURE in_steps(n int) LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1..n LOOP
        INSERT INTO t VALUES (i);
        IF i % 2 = 0 THEN COMMIT; ELSE ROLLBACK; END IF;
    END LOOP;
END $$;
SELECT * FROM bgjob.launch('CALL in_steps(6)') \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (tag text);
SELECT array_agg(i ORDER BY i) FROM t;
-- with an OUT argument it returns a row
CREATE PROCEDURE with_answer(INOUT x int) LANGUAGE plpgsql AS 'BEGIN COMMIT; x := x * 2; END';
SELECT * FROM bgjob.launch('CALL with_answer(21)') \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (x int);
-- a DO block that commits
SELECT * FROM bgjob.launch('DO ''BEGIN INSERT INTO t VALUES (100); COMMIT; INSERT INTO t VALUES (101); ROLLBACK; END''') \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (tag text);
SELECT i FROM t WHERE i >= 100;
-- what was committed before a failure stays
TRUNCATE t;
SELECT * FROM bgjob.run('DO ''BEGIN INSERT INTO t VALUES (1); COMMIT; INSERT INTO t VALUES (2); RAISE ''''stop''''; END''');
SELECT * FROM t;
-- beside another statement it may not commit
SELECT * FROM bgjob.run('SELECT 1; CALL in_steps(2)');

-- what refuses a transaction block works alone
SELECT * FROM bgjob.launch('VACUUM (ANALYZE) t') \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (tag text);
SELECT * FROM bgjob.run('CREATE DATABASE made_by_a_job');
SELECT * FROM bgjob.run('DROP DATABASE made_by_a_job');
SELECT * FROM bgjob.run('SELECT 1; VACUUM t');

-- a job's own level of isolation
SELECT * FROM bgjob.run('SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; SELECT current_setting(''transaction_isolation'')');
SELECT * FROM bgjob.run('SELECT current_setting(''transaction_isolation'')');

-- it does not see what its launcher has not committed, and does not deadlock unseen with it
BEGIN;
INSERT INTO t VALUES (3);
SELECT * FROM bgjob.run('SELECT count(*) FROM t');
COMMIT;
SELECT * FROM bgjob.run('SELECT count(*) FROM t');
BEGIN;
LOCK TABLE t;
SELECT * FROM bgjob.run('SET lock_timeout = ''200 ms''; SELECT count(*) FROM t');
ROLLBACK;

-- time of a job stands still, as in any transaction
SELECT j -> 'same' FROM bgjob.run('SELECT pg_sleep(0.01); SELECT now() = statement_timestamp() OR now() <= clock_timestamp() AS same') j;
SELECT (j ->> 'age')::float8 < 30 AS fresh FROM bgjob.run('SELECT extract(epoch FROM clock_timestamp() - now()) AS age') j;

-- triggers, deferred ones and rules fire
CREATE TABLE log (what text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (TG_NAME); RETURN NULL; END $$;
CREATE TRIGGER now AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION note();
CREATE CONSTRAINT TRIGGER later AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note();
SELECT * FROM bgjob.launch('INSERT INTO t VALUES (5); SELECT what FROM log') \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (what text);
SELECT what FROM log;

-- a large object, a cursor, COPY from and to the server
SELECT j -> 'lo' FROM bgjob.run('SELECT lo_put(lo_create(4711), 0, ''\xabcd''); SELECT lo_get(4711) AS lo') j;
SELECT * FROM bgjob.run('DECLARE c CURSOR FOR VALUES (1), (2); FETCH ALL FROM c');
SELECT * FROM bgjob.run('COPY (SELECT 1) TO PROGRAM ''cat > /dev/null''; SELECT 1 AS after_copy');

-- a rule with two SELECTs gives the last one's rows
CREATE VIEW v AS SELECT 1 AS x;
SELECT * FROM bgjob.run('TABLE v');

-- what is committed is there when wait returns
DO $$
DECLARE h bgjob.handle;
BEGIN
    FOR i IN 1..100 LOOP
        h := bgjob.submit(format('INSERT INTO log VALUES (%s)', i));
        PERFORM bgjob.wait(h.id, h.cookie);
        IF NOT EXISTS (SELECT 1 FROM log WHERE what = i::text) THEN
            RAISE EXCEPTION 'row % is not there', i;
        END IF;
        PERFORM bgjob.detach(h.id, h.cookie);
    END LOOP;
END $$;
