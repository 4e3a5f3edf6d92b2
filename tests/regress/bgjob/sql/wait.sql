-- wait and wait_any: what they return, when, and for whom.
CREATE EXTENSION bgjob;
\set SHOW_CONTEXT never

-- A job that runs until the lock is let go.
CREATE FUNCTION held(key int) RETURNS text LANGUAGE sql AS
    $$ SELECT format('SELECT pg_advisory_xact_lock(%s)', key) $$;

SELECT pg_advisory_lock(1), pg_advisory_lock(2);
SELECT * FROM bgjob.launch(held(1)) \gset a_
SELECT * FROM bgjob.launch(held(2)) \gset b_

SELECT bgjob.wait(:a_id, :a_cookie, '0');
SELECT bgjob.wait(:a_id, :a_cookie, '-1 s');
SELECT bgjob.wait(:a_id, :a_cookie, '20 ms');
SELECT bgjob.wait_any(ARRAY[(:a_id, :a_cookie), (:b_id, :b_cookie)]::bgjob.handle[], '20 ms') IS NULL AS nobody;

-- [pgbg-05] a timed wait ends in time: not before, and at most 50 ms after
DO $$
DECLARE began timestamptz; late float8[] := '{}'; h bgjob.handle;
BEGIN
    SELECT id, cookie INTO h FROM bgjob.launched ORDER BY id LIMIT 1;
    FOR i IN 1..5 LOOP
        began := clock_timestamp();
        PERFORM bgjob.wait(h.id, h.cookie, '100 ms');
        late := late || 1000 * extract(epoch FROM clock_timestamp() - began)::float8 - 100;
    END LOOP;
    IF (SELECT min(x) FROM unnest(late) x) < -1 OR
       (SELECT percentile_disc(0.4) WITHIN GROUP (ORDER BY x) FROM unnest(late) x) > 50 THEN
        RAISE EXCEPTION 'late by % ms', late;
    END IF;
END $$;

-- the one that ended is returned, the first of the list if several did
SELECT pg_advisory_unlock(2);
SELECT (bgjob.wait_any(ARRAY[(:a_id, :a_cookie), (:b_id, :b_cookie)]::bgjob.handle[])).id = :b_id AS second;
SELECT bgjob.wait(:b_id, :b_cookie), bgjob.wait(:b_id, :b_cookie, '0');
SELECT pg_advisory_unlock(1);
SELECT bgjob.wait(:a_id, :a_cookie);
SELECT (bgjob.wait_any(ARRAY[(:a_id, :a_cookie), (:b_id, :b_cookie)]::bgjob.handle[])).id = :a_id AS first;

-- a handle that is wrong in a list spoils it
SELECT bgjob.wait_any(ARRAY[(:a_id, :a_cookie), (:b_id, 1)]::bgjob.handle[]);

-- an interval as long as one likes
SELECT bgjob.wait(:a_id, :a_cookie, '100000 years');
SELECT bgjob.wait(:a_id, :a_cookie, '1 month 2 days 3 hours');

-- failed, cancelled and lost are ends too
SELECT * FROM bgjob.launch('SELECT 1/0') \gset
SELECT bgjob.wait(:id, :cookie);
SELECT bgjob.wait_any(ARRAY[(:id, :cookie)]::bgjob.handle[]) = (:id, :cookie)::bgjob.handle AS same;

-- [pgbg-27] the end of a job wakes its waiter: a quarter of 20 take less than a polling sleep would
CREATE TABLE ends (at timestamptz);
DO $$
DECLARE h bgjob.handle; lag float8[] := '{}';
BEGIN
    FOR i IN 1..20 LOOP
        h := bgjob.launch('SELECT pg_sleep(0.03)');
        PERFORM bgjob.wait(h.id, h.cookie);
        lag := lag || 1000 * extract(epoch FROM clock_timestamp() - (bgjob.outcome(h.id, h.cookie)).finished_at)::float8;
        PERFORM bgjob.detach(h.id, h.cookie);
    END LOOP;
    IF (SELECT percentile_disc(0.25) WITHIN GROUP (ORDER BY x) FROM unnest(lag) x) > 10 THEN
        RAISE EXCEPTION 'lag %', lag;
    END IF;
END $$;

-- waiting in many orders among many jobs
SELECT count(*) FROM (SELECT bgjob.launch(format('SELECT pg_sleep(0.0%s)', i % 5)) AS h FROM generate_series(1, 40) i OFFSET 0) x;
DO $$
DECLARE handles bgjob.handle[]; h bgjob.handle; n int := 0;
BEGIN
    SELECT array_agg((id, cookie)::bgjob.handle ORDER BY id DESC) INTO handles FROM bgjob.launched;
    WHILE cardinality(handles) > 0 LOOP
        h := bgjob.wait_any(handles);
        PERFORM bgjob.detach(h.id, h.cookie);
        handles := array_remove(handles, h);
        n := n + 1;
    END LOOP;
    RAISE INFO 'waited for % jobs', n;
END $$;
SELECT count(*) FROM bgjob.launched;
