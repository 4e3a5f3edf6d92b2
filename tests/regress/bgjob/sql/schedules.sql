-- Schedules: what is refused, what the view shows, and what a cron expression means. None of them
-- comes to its time here.
CREATE EXTENSION bgjob;
\set SHOW_CONTEXT never
SET TimeZone = 'Europe/Berlin';
SET datestyle = 'ISO';
CREATE ROLE alice LOGIN;
CREATE ROLE bob LOGIN;
SELECT bgjob.grant_usage('alice'), bgjob.grant_usage('bob');

-- next_times: half an hour that is not there in spring, and one that is there twice in autumn
SELECT * FROM bgjob.next_times('30 2 * * *', n => 3, after => '2026-03-27 12:00+00');
SELECT * FROM bgjob.next_times('30 2 * * *', n => 3, after => '2026-10-23 12:00+00');
SELECT * FROM bgjob.next_times('*/30 * * * *', n => 6, after => '2026-03-29 00:00+00');
SELECT * FROM bgjob.next_times('*/30 * * * *', n => 6, after => '2026-10-25 00:00+00');
SELECT t AT TIME ZONE 'America/New_York' AS local, t AT TIME ZONE 'UTC' AS utc
  FROM bgjob.next_times('30 2 * * *', 'America/New_York', 3, '2026-03-06 12:00+00') t;
SELECT t AT TIME ZONE 'America/New_York' AS local, t AT TIME ZONE 'UTC' AS utc
  FROM bgjob.next_times('30 1 * * *', 'america/new_york', 3, '2026-10-30 12:00+00') t;
SELECT t AT TIME ZONE 'UTC' FROM bgjob.next_times('0 12 L feb *', 'UTC', 3, '2026-01-01 00:00+00') t;
SELECT t AT TIME ZONE 'UTC' FROM bgjob.next_times('*/20 59 23 31 12 *', 'UTC', 4, '2026-01-01 00:00+00') t;
SELECT t AT TIME ZONE 'UTC' FROM bgjob.next_times('@every 90m', 'Asia/Kolkata', 3, '2026-01-01 00:00+00') t;
SELECT t AT TIME ZONE 'UTC' FROM bgjob.next_times('0 0 * * mon', '+3', 1, '2026-01-01 00:00+00') t;
SELECT count(*), min(t) > now() AS later FROM bgjob.next_times('@daily') t;
SELECT count(*) FROM bgjob.next_times('@daily', n => 0);
SELECT count(*) FROM bgjob.next_times('@daily', after => '9999-12-31 12:00+00');
SELECT count(*) FROM bgjob.next_times('@daily', after => 'infinity');
SELECT t AT TIME ZONE 'UTC' FROM bgjob.next_times('@yearly', 'UTC', 1, '-infinity') t;
SELECT t AT TIME ZONE 'UTC' FROM bgjob.next_times('@yearly', 'UTC', 1, '4000-01-02 12:00+00 BC') t;
SELECT bgjob.next_times('@daily', n => -1);
SELECT bgjob.next_times('@daily', n => 10001);
SELECT bgjob.next_times(NULL);

-- what is no schedule
SELECT bgjob.schedule('x', '61 * * * *', 'SELECT 1');
SELECT bgjob.schedule('x', '* * * *', 'SELECT 1');
SELECT bgjob.schedule('x', '* * * * funday', 'SELECT 1');
SELECT bgjob.schedule('x', '0 0 30 2 *', 'SELECT 1');
SELECT bgjob.schedule('x', '@fortnightly', 'SELECT 1');
SELECT bgjob.schedule('x', '@daily', 'SELECT 1', tz => 'Mars/Phobos');
SELECT bgjob.schedule('x', '@daily', 'SELECT 1', tz => '');
SELECT bgjob.schedule('x', '@daily', 'SELECT 1', overlap => 'Skip');
SELECT bgjob.schedule('x', '@daily', 'SELECT 1', catchup => 'some');
SELECT bgjob.schedule('x', '@daily', 'SELECT 1', queue => 'nowhere');
SELECT bgjob.schedule('x', '@daily', 'SELECT 1', options => '{"colour": "red"}');
SELECT bgjob.schedule('', '@daily', 'SELECT 1');
SELECT bgjob.schedule(repeat('x', 256), '@daily', 'SELECT 1');
SELECT bgjob.schedule(NULL, '@daily', 'SELECT 1');
SELECT bgjob.schedule('x', NULL, 'SELECT 1');
SELECT bgjob.schedule('x', '@daily', NULL);
SELECT bgjob.schedule('x', '@daily', 'SELECT 1', overlap => NULL);
SELECT bgjob.schedule_workflow('x', '@daily', 'no_such_procedure');
DO $$
BEGIN
    PERFORM bgjob.schedule('x', '61 * * * *', 'SELECT 1');
EXCEPTION WHEN invalid_parameter_value THEN
    RAISE NOTICE 'a bad expression is %', SQLSTATE;
END $$;
SELECT count(*) FROM bgjob.schedules;

-- a schedule
SELECT bgjob.schedule('new year', '0 0 1 1 *', 'SELECT $1::int', '[1]') = min(t) AS next_time
  FROM bgjob.next_times('0 0 1 1 *', n => 1) t;
CREATE PROCEDURE yearly(input jsonb) LANGUAGE plpgsql AS $$ BEGIN END $$;
SELECT bgjob.schedule_workflow('flow', '@yearly', 'yearly', '{"a": 1}', 'utc', 'queue', 'all', priority => 7,
    options => '{"timeout": "1 min"}') > now() AS later;
\x on
SELECT name, role, cron, tz, command, args, overlap, catchup, queue, priority, options, paused, next_at > now() AS later,
    last_run_at, last_job, unfinished, waiting, problem FROM bgjob.schedules ORDER BY name;
\x off
-- replaced; the time up to which all is settled stays as long as the times are the same
CREATE TEMP TABLE before AS SELECT id, settled_at FROM bgjob.schedule WHERE name = 'new year';
SELECT bgjob.schedule('new year', '0 0 1 1 *', 'SELECT 2', overlap => 'allow') > now() AS later;
SELECT s.command, s.args, s.overlap, s.id = b.id AS same, s.settled_at = b.settled_at AS settled_as_before
  FROM bgjob.schedule s, before b WHERE s.name = 'new year';
SELECT bgjob.schedule('new year', '0 0 1 1 *', 'SELECT 2', tz => 'Asia/Tokyo') > now() AS later;
SELECT s.id = b.id AS same, s.settled_at > b.settled_at AS settled_anew FROM bgjob.schedule s, before b WHERE s.name = 'new year';

-- paused, resumed, run by hand
SELECT bgjob.pause_schedule('new year');
SELECT bgjob.pause_schedule('new year');
SELECT paused, next_at FROM bgjob.schedules WHERE name = 'new year';
SELECT bgjob.schedule('new year', '@yearly', 'SELECT 3') > now() AS later;
SELECT paused, next_at FROM bgjob.schedules WHERE name = 'new year';
BEGIN;
SELECT bgjob.run_schedule('new year') > 0 AS job;
SELECT unfinished FROM bgjob.schedules WHERE name = 'new year';
SELECT j.command, j.schedule = s.id AS marked FROM bgjob.job j, bgjob.schedule s WHERE s.name = 'new year';
ROLLBACK;
SELECT unfinished FROM bgjob.schedules WHERE name = 'new year';
SELECT bgjob.resume_schedule('new year');
SELECT paused, next_at > now() AS later FROM bgjob.schedules WHERE name = 'new year';
SELECT bgjob.pause_schedule('nobody''s');
SELECT bgjob.resume_schedule('nobody''s');
SELECT bgjob.run_schedule('nobody''s');
SELECT bgjob.unschedule('nobody''s');
SELECT bgjob.unschedule(NULL);

-- names are the roles' own, and so is what they see
SET ROLE alice;
SELECT name FROM bgjob.schedules;
SELECT bgjob.unschedule('new year');
SELECT bgjob.unschedule('new year', 'postgres');
SELECT bgjob.schedule('new year', '@yearly', 'SELECT 4') > now() AS later;
SELECT role, name, command FROM bgjob.schedules;
SELECT count(*) FROM bgjob.schedule;
SELECT count(*) FROM bgjob.schedule_run;
SET ROLE bob;
SELECT count(*) FROM bgjob.schedules;
SELECT bgjob.run_schedule('new year', 'alice');
SELECT bgjob.pause_schedule('new year', 'alice');
RESET ROLE;
GRANT alice TO bob;
SET ROLE bob;
SELECT role, name FROM bgjob.schedules;
SELECT bgjob.pause_schedule('new year', 'alice');
BEGIN;
SELECT bgjob.run_schedule('new year', 'alice') > 0 AS job;
RESET ROLE;
SELECT role, search_path FROM bgjob.job WHERE command = 'SELECT 4';
ROLLBACK;
RESET ROLE;

-- the caller's search_path does not reach into our SQL
CREATE SCHEMA evil;
CREATE FUNCTION evil.eq(regrole, oid) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'hijacked'; END $$;
CREATE OPERATOR evil.= (LEFTARG = regrole, RIGHTARG = oid, FUNCTION = evil.eq);
CREATE FUNCTION evil.eq(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'hijacked'; END $$;
CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.eq);
SET search_path = evil, pg_catalog;
SELECT bgjob.schedule('hijack', '@yearly', 'SELECT 5') OPERATOR(pg_catalog.>) pg_catalog.now() AS later;
SELECT bgjob.pause_schedule('hijack');
SELECT bgjob.resume_schedule('hijack');
RESET search_path;
SELECT search_path FROM bgjob.schedule WHERE name = 'hijack';
SELECT bgjob.unschedule('hijack');

SELECT bgjob.unschedule('new year', 'alice'), bgjob.unschedule('new year'), bgjob.unschedule('flow');
SELECT count(*) FROM bgjob.schedules;
