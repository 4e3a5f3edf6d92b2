-- Errors leave no memory behind; running out of memory is an orderly error.
CREATE EXTENSION selftest;
SET search_path = selftest;

-- Runs a statement that fails many times, each time in a subtransaction, and tells how many
-- failed with the expected code.
CREATE FUNCTION pg_temp.fails(statement text, code text, times integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    failed integer := 0;
BEGIN
    FOR i IN 1..times LOOP
        BEGIN
            EXECUTE statement;
        EXCEPTION WHEN OTHERS THEN
            IF SQLSTATE = code THEN
                failed := failed + 1;
            END IF;
        END;
    END LOOP;
    RETURN failed;
END $$;

-- The same for a statement that does not fail.
CREATE FUNCTION pg_temp.runs(statement text, times integer) RETURNS integer
LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1..times LOOP
        EXECUTE statement;
    END LOOP;
    RETURN 0;
END $$;

-- Bytes of malloc and number of memory contexts in use.
CREATE FUNCTION pg_temp.in_use(OUT bytes bigint, OUT contexts bigint)
LANGUAGE plpgsql AS $$
BEGIN
    contexts := (SELECT count(*) FROM pg_catalog.pg_backend_memory_contexts);
    bytes := selftest.malloc_in_use();
END $$;

-- Whether either grew, after a warm-up; without a code the statement does not fail.
CREATE FUNCTION pg_temp.growth(statement text, code text, times integer,
    OUT failed integer, OUT bytes_grew boolean, OUT contexts_grew boolean)
LANGUAGE plpgsql AS $$
DECLARE
    earlier record;
    later record;
BEGIN
    FOR i IN 1..10 LOOP -- PL/pgSQL, too, keeps plans and blocks the first times
        earlier := pg_temp.in_use();
        failed := CASE WHEN code = '' THEN pg_temp.runs(statement, 200)
                       ELSE pg_temp.fails(statement, code, 200) END;
        later := pg_temp.in_use();
    END LOOP;
    earlier := pg_temp.in_use();
    failed := CASE WHEN code = '' THEN pg_temp.runs(statement, times)
                   ELSE pg_temp.fails(statement, code, times) END;
    later := pg_temp.in_use();
    -- some blocks more may be kept; a leak in each call would be 160 kB at the very least
    bytes_grew := later.bytes - earlier.bytes > 65536;
    contexts_grew := later.contexts - earlier.contexts > 10;
END $$;

SELECT kind, g.*
FROM (VALUES (1, 'division', '22012'), (2, 'error', '22023'), (3, 'runtime_error', 'XX000'),
             (4, 'full', '23514'), (5, 'int', 'XX000')) AS k (n, kind, code),
     pg_temp.growth(format('SELECT selftest.fail(%L)', kind), code, 100000) AS g
ORDER BY n;
SET client_min_messages = warning;
SELECT * FROM pg_temp.growth('SELECT selftest.callback()', '22P02', 10000);
SELECT * FROM pg_temp.growth('SELECT selftest.swallow(false, ''select 1 / 0'')', 'XX000', 10000);
SELECT * FROM pg_temp.growth('SELECT selftest.guards(''server error'')', '22012', 10000);
SELECT * FROM pg_temp.growth('SELECT selftest.owner(''exception'')', 'XX000', 10000);

-- and in calls that do not fail
SELECT * FROM pg_temp.growth('SELECT selftest.swallow(true, ''select 1 / 0'')', '', 10000);
SELECT * FROM pg_temp.growth('SELECT * FROM selftest.execute(''select 1::text'')', '', 10000);
SELECT * FROM pg_temp.growth('SELECT * FROM selftest.squares(3)', '', 10000);

-- nothing left to allocate
SELECT kind, pg_temp.fails(format('SELECT selftest.famine(%L)', kind), '53200', 200) AS orderly
FROM unnest(ARRAY['palloc', 'error record', 'new', 'exception', 'query']) AS kind;
SELECT * FROM state();

DROP EXTENSION selftest;
