-- What launch.sql measures, but for pg_background. Each function bench.FIGURE_WAY() does the thing once and
-- returns what is asked: milliseconds, and nothing but the thing itself lies between the two looks at the clock.
SET client_min_messages = warning;
CREATE EXTENSION bgjob;
CREATE EXTENSION dblink;
CREATE SCHEMA bench;

-- What a session needs before it measures; a peer may have something to say here.
CREATE FUNCTION bench.prepare() RETURNS void LANGUAGE sql AS '';

CREATE FUNCTION bench.ms_since(t timestamptz) RETURNS float8 LANGUAGE sql AS
    'SELECT extract(epoch FROM clock_timestamp() - t) * 1000';

-- The query whose rows are counted, and jobs that tell when their work was done.
CREATE FUNCTION bench.rows_query() RETURNS text LANGUAGE sql AS
    $$ SELECT format('SELECT i, md5(i::text) FROM generate_series(1, %s) i', current_setting('bench.rows')) $$;
CREATE FUNCTION bench.nap() RETURNS float8 LANGUAGE sql AS 'SELECT 0.005 + random() * 0.02';
CREATE TABLE bench.work_done (id bigint GENERATED ALWAYS AS IDENTITY, at timestamptz);
CREATE FUNCTION bench.reading_job() RETURNS text LANGUAGE sql AS
    $$ SELECT format('SELECT clock_timestamp() FROM pg_sleep(%s)', bench.nap()) $$;
CREATE FUNCTION bench.writing_job() RETURNS text LANGUAGE sql AS
    $$ SELECT format('SELECT pg_sleep(%s); INSERT INTO bench.work_done (at) VALUES (clock_timestamp())', bench.nap()) $$;
CREATE FUNCTION bench.last_work() RETURNS timestamptz LANGUAGE sql AS
    'SELECT at FROM bench.work_done ORDER BY id DESC LIMIT 1';

-- Round trip of SELECT 1 -------------------------------------------------------------------------
CREATE FUNCTION bench.trip_direct() RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE t timestamptz := clock_timestamp(); v int;
BEGIN
    EXECUTE 'SELECT 1' INTO v;
    RETURN bench.ms_since(t);
END $$;
CREATE FUNCTION bench.trip_bgjob() RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE t timestamptz; ms float8; h bgjob.handle; v int;
BEGIN
    t := clock_timestamp();
    h := bgjob.launch('SELECT 1');
    SELECT x INTO v FROM bgjob.result(h.id, h.cookie) AS r(x int);
    ms := bench.ms_since(t);
    PERFORM bgjob.detach(h.id, h.cookie);
    RETURN ms;
END $$;
CREATE FUNCTION bench.trip_and_detach_bgjob() RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE t timestamptz; h bgjob.handle; v int;
BEGIN
    t := clock_timestamp();
    h := bgjob.launch('SELECT 1');
    SELECT x INTO v FROM bgjob.result(h.id, h.cookie) AS r(x int);
    PERFORM bgjob.detach(h.id, h.cookie);
    RETURN bench.ms_since(t);
END $$;
CREATE FUNCTION bench.launch_bgjob() RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE t timestamptz; ms float8; h bgjob.handle;
BEGIN
    t := clock_timestamp();
    h := bgjob.launch('SELECT 1');
    ms := bench.ms_since(t);
    PERFORM bgjob.wait(h.id, h.cookie);
    PERFORM bgjob.detach(h.id, h.cookie);
    RETURN ms;
END $$;
CREATE FUNCTION bench.submit_bgjob() RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE t timestamptz; h bgjob.handle;
BEGIN
    t := clock_timestamp();
    h := bgjob.submit('SELECT 1');
    PERFORM bgjob.wait(h.id, h.cookie);
    PERFORM bgjob.detach(h.id, h.cookie);
    RETURN bench.ms_since(t);
END $$;
CREATE FUNCTION bench.trip_dblink_kept() RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE t timestamptz := clock_timestamp(); v int;
BEGIN
    SELECT x INTO v FROM dblink('kept', 'SELECT 1') AS r(x int);
    RETURN bench.ms_since(t);
END $$;
CREATE FUNCTION bench.trip_dblink_new() RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE t timestamptz := clock_timestamp(); v int;
BEGIN
    SELECT x INTO v FROM dblink(current_setting('bench.connection'), 'SELECT 1') AS r(x int);
    RETURN bench.ms_since(t);
END $$;

-- A million rows ---------------------------------------------------------------------------------
CREATE FUNCTION bench.check_rows(n bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF n <> current_setting('bench.rows')::bigint THEN
        RAISE EXCEPTION '% rows came', n;
    END IF;
END $$;
CREATE FUNCTION bench.rows_direct() RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE t timestamptz := clock_timestamp(); ms float8; n bigint;
BEGIN
    EXECUTE format('SELECT count(m) FROM (%s OFFSET 0) t(i, m)', bench.rows_query()) INTO n;
    ms := bench.ms_since(t);
    PERFORM bench.check_rows(n);
    RETURN ms;
END $$;
CREATE FUNCTION bench.rows_tuplestore() RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE t timestamptz := clock_timestamp(); ms float8; n bigint;
BEGIN
    EXECUTE format('WITH t(i, m) AS MATERIALIZED (%s) SELECT count(m) FROM t', bench.rows_query()) INTO n;
    ms := bench.ms_since(t);
    PERFORM bench.check_rows(n);
    RETURN ms;
END $$;
CREATE FUNCTION bench.rows_bgjob() RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE t timestamptz := clock_timestamp(); ms float8; n bigint; h bgjob.handle;
BEGIN
    h := bgjob.launch(bench.rows_query());
    SELECT count(r.m) INTO n FROM bgjob.result(h.id, h.cookie) AS r(i int, m text);
    ms := bench.ms_since(t);
    PERFORM bench.check_rows(n);
    PERFORM bgjob.detach(h.id, h.cookie);
    RETURN ms;
END $$;
CREATE FUNCTION bench.rows_dblink_kept() RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE t timestamptz := clock_timestamp(); ms float8; n bigint;
BEGIN
    SELECT count(r.m) INTO n FROM dblink('kept', bench.rows_query()) AS r(i int, m text);
    ms := bench.ms_since(t);
    PERFORM bench.check_rows(n);
    RETURN ms;
END $$;

-- From the end of the work to the return of wait ---------------------------------------------------
CREATE FUNCTION bench.lag_bgjob() RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE woken timestamptz; done timestamptz; h bgjob.handle;
BEGIN
    h := bgjob.launch(bench.reading_job());
    PERFORM bgjob.wait(h.id, h.cookie);
    woken := clock_timestamp();
    SELECT at INTO done FROM bgjob.result(h.id, h.cookie) AS r(at timestamptz);
    PERFORM bgjob.detach(h.id, h.cookie);
    RETURN extract(epoch FROM woken - done) * 1000;
END $$;
CREATE FUNCTION bench.lag_commit_bgjob() RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE woken timestamptz; h bgjob.handle;
BEGIN
    h := bgjob.submit(bench.writing_job());
    PERFORM bgjob.wait(h.id, h.cookie, '20 s');
    woken := clock_timestamp();
    PERFORM bgjob.detach(h.id, h.cookie);
    RETURN extract(epoch FROM woken - bench.last_work()) * 1000;
END $$;
CREATE FUNCTION bench.lag_dblink_kept() RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE woken timestamptz; done timestamptz;
BEGIN
    PERFORM dblink_send_query('kept', bench.reading_job());
    SELECT at INTO done FROM dblink_get_result('kept') AS r(at timestamptz);
    woken := clock_timestamp();
    PERFORM FROM dblink_get_result('kept') AS r(at timestamptz);
    RETURN extract(epoch FROM woken - done) * 1000;
END $$;
CREATE FUNCTION bench.lag_commit_dblink_kept() RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE woken timestamptz;
BEGIN
    PERFORM dblink_exec('kept', format('DO %L', format('BEGIN PERFORM pg_sleep(%s);
        INSERT INTO bench.work_done (at) VALUES (clock_timestamp()); END', bench.nap())));
    woken := clock_timestamp();
    RETURN extract(epoch FROM woken - bench.last_work()) * 1000;
END $$;

-- Sixteen jobs of 200 ms at once -------------------------------------------------------------------
CREATE FUNCTION bench.burst_bgjob() RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE t timestamptz := clock_timestamp(); ms float8; hs bgjob.handle[] := '{}'; h bgjob.handle;
BEGIN
    FOR i IN 1 .. 16 LOOP
        h := bgjob.submit('SELECT pg_sleep(0.2)');
        hs := hs || h;
    END LOOP;
    FOREACH h IN ARRAY hs LOOP
        PERFORM bgjob.wait(h.id, h.cookie);
    END LOOP;
    ms := bench.ms_since(t);
    PERFORM bgjob.detach_all();
    RETURN ms;
END $$;
CREATE FUNCTION bench.burst_dblink_new() RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE t timestamptz := clock_timestamp(); ms float8;
BEGIN
    FOR i IN 1 .. 16 LOOP
        PERFORM dblink_connect('burst' || i, current_setting('bench.connection'));
        PERFORM dblink_send_query('burst' || i, 'SELECT pg_sleep(0.2)');
    END LOOP;
    FOR i IN 1 .. 16 LOOP
        PERFORM FROM dblink_get_result('burst' || i) AS r(x text);
    END LOOP;
    ms := bench.ms_since(t);
    FOR i IN 1 .. 16 LOOP
        PERFORM dblink_disconnect('burst' || i);
    END LOOP;
    RETURN ms;
END $$;

-- Memory of a session: one launch in each of three manners of use -----------------------------------
CREATE FUNCTION bench.consume_bgjob() RETURNS void LANGUAGE plpgsql AS $$
DECLARE h bgjob.handle; v int;
BEGIN
    h := bgjob.launch('SELECT 1');
    SELECT x INTO v FROM bgjob.result(h.id, h.cookie) AS r(x int);
    PERFORM bgjob.detach(h.id, h.cookie);
END $$;
CREATE FUNCTION bench.submit_and_detach_bgjob() RETURNS void LANGUAGE plpgsql AS $$
DECLARE h bgjob.handle;
BEGIN
    h := bgjob.submit('SELECT 1');
    PERFORM bgjob.wait(h.id, h.cookie);
    PERFORM bgjob.detach(h.id, h.cookie);
END $$;
CREATE FUNCTION bench.hold_bgjob() RETURNS void LANGUAGE plpgsql AS
    $$ BEGIN PERFORM bgjob.launch('SELECT pg_sleep(600)'); END $$;
CREATE FUNCTION bench.let_go_bgjob() RETURNS void LANGUAGE plpgsql AS
    $$ BEGIN PERFORM bgjob.cancel_all(); END $$;

-- Taking the samples --------------------------------------------------------------------------------
CREATE UNLOGGED TABLE bench.sample (label text, way text, round int, value float8);

-- `times` samples of each way that this server has, in an order that changes each time, so that what one way leaves
-- behind it (a process that is still exiting, say) meets all the others alike. A transaction each.
CREATE PROCEDURE bench.take(label text, figure text, ways text[], times int, round int) LANGUAGE plpgsql AS $$
DECLARE w text; ms float8;
BEGIN
    ways := ARRAY(SELECT unnest FROM unnest(ways) WHERE to_regproc(format('bench.%I', figure || '_' || unnest)) IS NOT NULL);
    FOR i IN 1 .. times LOOP
        FOREACH w IN ARRAY ARRAY(SELECT unnest FROM unnest(ways) ORDER BY random()) LOOP
            EXECUTE format('SELECT bench.%I()', figure || '_' || w) INTO ms;
            INSERT INTO bench.sample VALUES (label, w, round, ms);
            COMMIT;
        END LOOP;
    END LOOP;
END $$;
