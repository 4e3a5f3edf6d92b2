-- [erl-E6] What a scope sets is undone on every way out of it.
CREATE EXTENSION selftest;
SET search_path = selftest;
\set VERBOSITY default

SELECT guards('');
SELECT guards('exception');
SELECT guards('server error');
SELECT guards('rolled back');
SELECT * FROM state();
SELECT count(*) FROM pg_backend_memory_contexts WHERE name LIKE 'selftest%';

\set VERBOSITY terse
SELECT owner('');
SELECT owner('exception');
SELECT owner('server error');
SELECT owner('rolled back');
SELECT owner('');

CREATE ROLE regress_selftest;
SELECT selftest.user('regress_selftest'::regrole, '');
SELECT selftest.user('regress_selftest'::regrole, 'rolled back');
SELECT selftest.user('regress_selftest'::regrole, 'exception');
SELECT current_user;
SELECT selftest.user('regress_selftest'::regrole, 'server error');
SELECT current_user;
-- within a transaction that goes on
BEGIN;
SELECT swallow(true, $$select selftest.user('regress_selftest'::regrole, 'server error')$$);
SELECT swallow(true, $$select selftest.user('regress_selftest'::regrole, 'exception')$$);
SELECT current_user;
COMMIT;
DROP ROLE regress_selftest;

SET work_mem = '5MB';
SELECT setting('work_mem', '7MB', '');
SELECT setting('work_mem', '7MB', 'rolled back');
SELECT setting('work_mem', '7MB', 'exception');
SHOW work_mem;
SELECT setting('work_mem', '7MB', 'server error');
SHOW work_mem;
BEGIN;
SELECT swallow(true, $$select selftest.setting('work_mem', '7MB', 'server error')$$);
SHOW work_mem;
SELECT swallow(true, $$select selftest.setting('work_mem', '7MB', 'exception')$$);
SHOW work_mem;
SELECT swallow(true, $$select selftest.setting('work_mem', 'nonsense', '')$$);
COMMIT;
RESET work_mem;

SELECT owned_memory();
SELECT nested_transaction();
SELECT nested_subtransactions();

-- nothing is left, and the session can still be canceled
SELECT * FROM state();
SET statement_timeout = '100ms';
SELECT work('');
RESET statement_timeout;
DROP EXTENSION selftest;
