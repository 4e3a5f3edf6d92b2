-- Counters of the session: a job is counted when it leaves the list, and as canceled if it was cancelled
-- from here, even after its end. The columns are those of 1.8; pg_background_stats() has those of 2.0.
create extension bgjob;
create extension bgjob_compat;
create view stats as
    select workers_launched, workers_completed, workers_failed, workers_canceled, workers_active from pg_background_stats_v2();
select * from pg_background_stats_v2();
select * from pg_background_stats();

-- attached jobs are active until they are detached, also when they have ended
select pid, cookie from pg_background_launch_v2('select 1') \gset
select * from stats;
select pg_background_wait_v2(:pid, :cookie);
select * from stats;
select * from pg_background_result_v2(:pid, :cookie) as (x integer);
select * from stats;

-- a failure; a notice is none
select pid, cookie from pg_background_submit_v2('select 1 / 0') \gset
select pg_background_wait_v2(:pid, :cookie);
select pg_background_detach_v2(:pid, :cookie);
select * from stats;
select pid, cookie from pg_background_launch_v2('select 1 / 0') \gset
do $$
begin
    perform * from pg_background_list l, pg_background_result_v2(l.pid, l.cookie) as r(x integer);
exception when division_by_zero then
    raise notice 'caught';
end $$;
select * from stats;
select pid, cookie from pg_background_submit_v2('do $do$ begin raise warning ''only a warning''; end $do$') \gset
select pg_background_wait_v2(:pid, :cookie);
select pg_background_detach_v2(:pid, :cookie);
select * from stats;

-- cancelled: at work, and after its end
select pid, cookie from pg_background_launch_v2('select pg_sleep(60)') \gset
select pg_background_cancel_v2(:pid, :cookie);
select pg_background_detach_v2(:pid, :cookie);
select pid, cookie from pg_background_launch_v2('select 1') \gset
select pg_background_wait_v2(:pid, :cookie);
select pg_background_cancel_v2(:pid, :cookie);
select * from stats;
select pg_background_detach_v2(:pid, :cookie);
select * from stats;

-- the result of a cancelled job is its error, and counts as canceled
select pid, cookie from pg_background_launch_v2('select pg_sleep(60)') \gset
select pg_background_cancel_v2(:pid, :cookie);
do $$
begin
    perform * from pg_background_list l, pg_background_result_v2(l.pid, l.cookie) as r(x text);
exception when query_canceled then
    raise notice 'caught';
end $$;
select * from stats;

-- detached at work: completed, as pg_background counts
select pid, cookie from pg_background_launch_v2('select pg_sleep(0.01)') \gset
select pg_background_detach_v2(:pid, :cookie);
select * from stats;

-- timeouts
select timed_out from pg_background_run('select pg_sleep(60)', timeout_ms => 20);
set pg_background.worker_timeout = '20ms';
select sqlstate from pg_background_run('select pg_sleep(60)');
reset pg_background.worker_timeout;
select workers_launched, workers_completed, workers_failed, workers_canceled, workers_timed_out, workers_active,
       avg_execution_ms > 0 as measured, max_workers from pg_background_stats();

-- another session counts for itself
\c -
select * from pg_background_stats_v2();
drop view stats;
drop extension bgjob_compat;
