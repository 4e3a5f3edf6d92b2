-- A cancel ends whatever C++ is doing, runs its destructors and cannot be swallowed.
CREATE EXTENSION selftest;
SET search_path = selftest;
SET statement_timeout = '100ms';
SELECT work('');
SELECT work('latch');
SELECT work('query');
SELECT swallow_cancel();
SELECT swallow(false, 'select pg_sleep(60)');
SELECT swallow(true, 'select pg_sleep(60)');
RESET statement_timeout;
SELECT * FROM state();
DROP EXTENSION selftest;
