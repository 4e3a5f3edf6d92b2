-- The peer pg_background, 2.0 or later: see launch_setup.sql.
SET client_min_messages = warning;
CREATE EXTENSION pg_background;

CREATE FUNCTION bench.trip_pg_background() RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE t timestamptz := clock_timestamp(); h pg_background_handle; v int;
BEGIN
    h := pg_background_launch('SELECT 1');
    SELECT x INTO v FROM pg_background_result(h.pid, h.cookie) AS r(x int);
    RETURN bench.ms_since(t);
END $$;
CREATE FUNCTION bench.launch_pg_background() RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE t timestamptz := clock_timestamp(); ms float8; h pg_background_handle; v int;
BEGIN
    h := pg_background_launch('SELECT 1');
    ms := bench.ms_since(t);
    SELECT x INTO v FROM pg_background_result(h.pid, h.cookie) AS r(x int);
    RETURN ms;
END $$;
CREATE FUNCTION bench.submit_pg_background() RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE t timestamptz := clock_timestamp(); h pg_background_handle;
BEGIN
    h := pg_background_submit('SELECT 1');
    PERFORM pg_background_wait(h.pid, h.cookie);
    PERFORM pg_background_detach(h.pid, h.cookie);
    RETURN bench.ms_since(t);
END $$;
CREATE FUNCTION bench.rows_pg_background() RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE t timestamptz := clock_timestamp(); ms float8; n bigint; h pg_background_handle;
BEGIN
    h := pg_background_launch(bench.rows_query());
    SELECT count(r.m) INTO n FROM pg_background_result(h.pid, h.cookie) AS r(i int, m text);
    ms := bench.ms_since(t);
    PERFORM bench.check_rows(n);
    RETURN ms;
END $$;
CREATE FUNCTION bench.lag_pg_background() RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE woken timestamptz; done timestamptz; h pg_background_handle;
BEGIN
    h := pg_background_launch(bench.reading_job());
    PERFORM pg_background_wait(h.pid, h.cookie);
    woken := clock_timestamp();
    SELECT at INTO done FROM pg_background_result(h.pid, h.cookie) AS r(at timestamptz);
    RETURN extract(epoch FROM woken - done) * 1000;
END $$;
CREATE FUNCTION bench.lag_commit_pg_background() RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE woken timestamptz; h pg_background_handle;
BEGIN
    h := pg_background_submit(bench.writing_job());
    PERFORM pg_background_wait(h.pid, h.cookie, 20000);
    woken := clock_timestamp();
    PERFORM pg_background_detach(h.pid, h.cookie);
    RETURN extract(epoch FROM woken - bench.last_work()) * 1000;
END $$;
CREATE FUNCTION bench.burst_pg_background() RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE t timestamptz := clock_timestamp(); ms float8; hs pg_background_handle[] := '{}'; h pg_background_handle;
BEGIN
    FOR i IN 1 .. 16 LOOP
        h := pg_background_submit('SELECT pg_sleep(0.2)');
        hs := hs || h;
    END LOOP;
    FOREACH h IN ARRAY hs LOOP
        PERFORM pg_background_wait(h.pid, h.cookie);
    END LOOP;
    ms := bench.ms_since(t);
    PERFORM pg_background_detach_all();
    RETURN ms;
END $$;
CREATE FUNCTION bench.consume_pg_background() RETURNS void LANGUAGE plpgsql AS $$
DECLARE h pg_background_handle; v int;
BEGIN
    h := pg_background_launch('SELECT 1');
    SELECT x INTO v FROM pg_background_result(h.pid, h.cookie) AS r(x int);
END $$;
CREATE FUNCTION bench.submit_and_detach_pg_background() RETURNS void LANGUAGE plpgsql AS $$
DECLARE h pg_background_handle;
BEGIN
    h := pg_background_submit('SELECT 1');
    PERFORM pg_background_wait(h.pid, h.cookie);
    PERFORM pg_background_detach(h.pid, h.cookie);
END $$;
CREATE FUNCTION bench.hold_pg_background() RETURNS void LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_background_launch('SELECT pg_sleep(600)'); END $$;
CREATE FUNCTION bench.let_go_pg_background() RETURNS void LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_background_cancel_all(); END $$;

-- Its limit per session is low for a test of many launches.
CREATE OR REPLACE FUNCTION bench.prepare() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    LOAD 'pg_background';
    PERFORM set_config('pg_background.max_workers', '1000', false);
END $$;
