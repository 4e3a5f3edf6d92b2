-- SQL run from C++: values keep their types, NULL included.
CREATE EXTENSION selftest;
SET search_path = selftest;
SET timezone = 'UTC';

\x on
SELECT * FROM round_trip(true, -7, 9007199254740993, 0.1, 'it''s $1; text', '{"a": [1, null]}',
    '2024-02-29 12:34:56.789012+00', 4294967295);
SELECT * FROM round_trip(false, 2147483647, -9223372036854775808, 'infinity', '', '"x"',
    'infinity', 0);
SELECT * FROM round_trip(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
SELECT * FROM round_trip(true, 0, 0, 'NaN', repeat('ä', 3), 'null', '-infinity', 1);
\x off
SELECT words = repeat('x', 1000000) AS same
FROM round_trip(NULL, NULL, NULL, NULL, repeat('x', 1000000), NULL, NULL, NULL);

SELECT * FROM execute('select n::text from generate_series(1, 5) n');
SELECT * FROM execute('select n::text from generate_series(1, 5) n', row_limit => 2);
SELECT * FROM execute('select null::text');
SELECT * FROM execute('select ''x''::text where false');
SELECT * FROM execute('create temp table t (n integer, word text)');
SELECT * FROM execute('insert into t select n, ''w'' || n from generate_series(1, 3) n');
SELECT * FROM execute('update t set n = n + 1 where n > 1 returning word');
SELECT * FROM execute('delete from t', read_only => true);
SELECT * FROM execute('delete from t');
SELECT * FROM execute('select ''{"a": 1}''::jsonb::text');
SELECT * FROM execute('select ''2024-01-01''::date');
SELECT * FROM execute('select ''{one,two}''::text[]');
SELECT * FROM execute('commit');
SELECT * FROM execute('nonsense');
SELECT * FROM execute('');

-- what is read with the wrong type or from the wrong place
DO $$
DECLARE
    how text;
BEGIN
    FOREACH how IN ARRAY ARRAY['', 'number as text', 'text as number', 'text as wide number',
        'text as boolean', 'text as real', 'text as jsonb', 'text as time', 'text as oid', 'null',
        'row', 'column']
    LOOP
        BEGIN
            RAISE NOTICE '%: %', how, selftest.misread(how);
        EXCEPTION WHEN OTHERS THEN
            RAISE NOTICE '%: % %', how, SQLSTATE, SQLERRM;
        END;
    END LOOP;
END $$;
SELECT session_and_exception();
SELECT * FROM state();
DROP EXTENSION selftest;
