-- Growth of a session's memory by `launches` launches; variables: extension, mode (consumed, held, detached), launches.
-- Prints two lines `figure, way, round, bytes per launch`: of the memory contexts that may keep something, and of
-- the process's private memory, where the C library's rounding shows too.
SET client_min_messages = warning;
SELECT bench.prepare() \g /dev/null
CREATE FUNCTION pg_temp.private_bytes() RETURNS bigint LANGUAGE sql AS
    $$ SELECT 1024 * (regexp_match(pg_read_file('/proc/self/status'), 'RssAnon:\s+(\d+)'))[1]::bigint $$;
CREATE FUNCTION pg_temp.context_bytes() RETURNS bigint LANGUAGE sql AS
    $$ SELECT sum(total_bytes)::bigint FROM pg_backend_memory_contexts
        WHERE name = 'TopMemoryContext' OR name ~* 'background|bgjob' $$;
CREATE PROCEDURE pg_temp.go(call text, times int) LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. times LOOP
        EXECUTE call;
        IF i % 50 = 0 THEN
            COMMIT;
        END IF;
    END LOOP;
END $$;

SELECT format('SELECT bench.%I()', CASE :'mode' WHEN 'detached' THEN 'submit_and_detach_' ELSE 'consume_' END || :'extension') AS one,
       CASE WHEN :'mode' = 'held' THEN format('SELECT bench.%I()', 'hold_' || :'extension') ELSE 'SELECT 1' END AS begin,
       format('SELECT bench.%I()', 'let_go_' || :'extension') AS finish \gset
:begin \g /dev/null
CALL pg_temp.go(:'one', 200);
-- Looking costs memory too, once.
SELECT pg_temp.private_bytes(), pg_temp.context_bytes() \g /dev/null
SELECT pg_temp.private_bytes() AS private, pg_temp.context_bytes() AS contexts \gset
CALL pg_temp.go(:'one', :launches);
SELECT 'growth_' || :'mode', :'extension', 1, (pg_temp.context_bytes() - :contexts)::float8 / :launches
UNION ALL
SELECT 'private_' || :'mode', :'extension', 1, (pg_temp.private_bytes() - :private)::float8 / :launches;
:finish \g /dev/null
