-- Arguments and results of SQL functions.
CREATE EXTENSION selftest;
SET search_path = selftest;
SET timezone = 'UTC';
SET intervalstyle = 'postgres';

SELECT * FROM arguments(true, 1, 2, 0.5, 'text', 42, '2001-02-03 04:05:06+00', '{"b":1}');
-- a toasted and a short text arrive alike
CREATE TEMP TABLE texts (t text);
ALTER TABLE texts ALTER t SET STORAGE EXTERNAL;
INSERT INTO texts VALUES (repeat('long', 100000)), ('short'), ('');
SELECT length(a.column5), a.column5 = t AS same
FROM texts, arguments(true, 1, 2, 0.5, t, 42, 'epoch', '1') AS a ORDER BY 1;

\set VERBOSITY sqlstate
SELECT * FROM arguments(NULL, 1, 2, 0.5, 'text', 42, 'epoch', '1');
\set VERBOSITY default
SELECT * FROM arguments(NULL, 1, 2, 0.5, 'text', 42, 'epoch', '1');
SELECT * FROM arguments(true, NULL, 2, 0.5, 'text', 42, 'epoch', '1');
SELECT * FROM arguments(true, 1, NULL, 0.5, 'text', 42, 'epoch', '1');
SELECT * FROM arguments(true, 1, 2, NULL, 'text', 42, 'epoch', '1');
SELECT * FROM arguments(true, 1, 2, 0.5, NULL, 42, 'epoch', '1');
SELECT * FROM arguments(true, 1, 2, 0.5, 'text', NULL, 'epoch', '1');
SELECT * FROM arguments(true, 1, 2, 0.5, 'text', 42, NULL, '1');
SELECT * FROM arguments(true, 1, 2, 0.5, 'text', 42, 'epoch', NULL);

SELECT i, interval_ms(i::interval)
FROM unnest(ARRAY['1 second', '1 month', '-1 month', '1 year 2 days 03:04:05.006', '1 microsecond',
                  '-1 microsecond', '0', '178000000 years', '-178000000 years', NULL]) AS i;

SELECT t, unix_us(t), from_unix_us(unix_us(t)) = t AS same
FROM unnest(ARRAY['epoch', '2000-01-01 00:00:00+00', '1969-12-31 23:59:59.999999+00', 'infinity',
                  '-infinity', '4713-01-01 00:00:00+00 BC', '294276-12-31 23:59:59.999999+00'
                  ]::timestamptz[]) AS t;
SELECT from_unix_us(9223372036854775807), from_unix_us(-9223372036854775808),
    from_unix_us(-9223372036854775807);

SELECT invalid_text();

SELECT * FROM row_of('');
SELECT * FROM row_of('null');
SELECT row_of('');
SELECT * FROM row_of('short');
SELECT * FROM row_of('wrong');
SELECT * FROM any_row('') AS (number integer, word text);
SELECT * FROM any_row('') AS (number bigint, word text);
SELECT any_row('');
SELECT no_row('');

SELECT * FROM squares(4);
SELECT * FROM squares(0);
SELECT * FROM squares(NULL);
SELECT squares(2);
SELECT count(*), sum(length(note)) FROM squares(5000);
SELECT n, s.* FROM generate_series(0, 2) n, squares(n) s;
SELECT * FROM any_squares(2) AS (number integer, square bigint, note text);
SELECT * FROM any_squares(2) AS (number integer, square integer, note text);
SELECT * FROM any_squares(2) AS (number integer);
SELECT * FROM any_squares(2);
SELECT any_squares(2);
SELECT one_square(2);
SELECT * FROM words();
SELECT words();
SELECT * FROM wrong_words();

-- a scrollable cursor goes back and forth through a set
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT number FROM squares(3);
FETCH ALL c;
FETCH BACKWARD ALL c;
COMMIT;
SELECT * FROM state();
DROP EXTENSION selftest;
