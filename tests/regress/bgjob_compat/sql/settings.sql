-- The settings of pg_background: there from the first use on, in this session only.
create extension bgjob;
create extension bgjob_compat;
show pg_background.max_workers;
show pg_background.default_queue_size;
show pg_background.worker_timeout;
select name, vartype, unit, min_val, max_val, boot_val, context from pg_settings where name like 'pg\_background.%' order by 1;
\set VERBOSITY sqlstate
set pg_background.max_workers = 0;
set pg_background.max_workers = 1001;
set pg_background.default_queue_size = 63;
set pg_background.worker_timeout = -1;
\set VERBOSITY default

-- a new session has none before its first call, and takes over what was set until then
\c -
show pg_background.max_workers;
set pg_background.max_workers = 3;
set pg_background.default_queue_size = '1MB';
select max_workers from pg_background_stats_v2();
show pg_background.default_queue_size;
reset pg_background.max_workers;
show pg_background.max_workers;

-- the queue size of a job that names none
select pid, cookie from pg_background_launch_v2('select 1') \gset
select queue_size from pg_background_list;
select pg_background_detach_all();
select pid, cookie from pg_background_launch_v2('select 1', 4096) \gset
select queue_size from pg_background_list;
select pg_background_detach_all();

-- jobs that have ended count until they are detached
set pg_background.max_workers = 1;
select pid, cookie from pg_background_submit_v2('select 1') \gset
select pg_background_wait_v2(:pid, :cookie);
select pg_background_launch('select 1');
\set VERBOSITY sqlstate
select pg_background_launch_v2('select 1');
select pg_background_submit('select 1', 0, 'label');
select pg_background_run('select 1');
\set VERBOSITY default
select pg_background_detach_v2(:pid, :cookie);
select * from pg_background_run_query('select 2', col_def => 'x integer') as (x integer);
reset pg_background.max_workers;

-- the time limit of a job
show pg_background.worker_timeout;
set pg_background.worker_timeout = '1s';
show pg_background.worker_timeout;
set pg_background.worker_timeout = '30ms';
select pid, cookie from pg_background_launch_v2('select pg_sleep(60)') \gset
select pg_background_wait_v2(:pid, :cookie);
select state, last_error from pg_background_list;
select pg_background_detach_all();
reset pg_background.worker_timeout;
show pg_background.worker_timeout;
-- without one, statement_timeout
set statement_timeout = '10s';
select pid, cookie from pg_background_launch_v2('show statement_timeout') \gset
select * from pg_background_result_v2(:pid, :cookie) as (limited text);
reset statement_timeout;

-- a job has the settings of its launcher
set pg_background.max_workers = 5;
set work_mem = '7MB';
select pid, cookie from pg_background_launch_v2(
    'select current_setting(''work_mem''), current_setting(''pg_background.max_workers'')') \gset
select * from pg_background_result_v2(:pid, :cookie) as (work_mem text, max_workers text);

drop extension bgjob_compat;
