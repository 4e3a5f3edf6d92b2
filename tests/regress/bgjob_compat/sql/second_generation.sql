-- The functions with handles and the suffix _v2, as of 1.6 to 1.10.
create extension bgjob;
create extension bgjob_compat;
create table t (id integer);

select pid, cookie from pg_background_launch_v2('select 42') \gset
select pg_background_wait_v2(:pid, :cookie);
select * from pg_background_result_v2(:pid, :cookie) as (answer integer);

-- submit: no rows, same handle
select pid, cookie from pg_background_submit_v2('insert into t values (1)', 65536) \gset
select pg_background_wait_v2(:pid, :cookie);
select * from t;
select pg_background_detach_v2(:pid, :cookie);

-- more output than the queue holds stops neither a job nor who waits for it
select pid, cookie from pg_background_launch_v2('select g, md5(g::text) from generate_series(1, 20000) g', 64) \gset
select pg_background_wait_v2(:pid, :cookie);
select count(*), sum(length(b)) from pg_background_result_v2(:pid, :cookie) as (a integer, b text);
select pid, cookie from pg_background_submit_v2('select md5(g::text) from generate_series(1, 20000) g') \gset
select pg_background_wait_v2(:pid, :cookie);
select pg_background_detach_v2(:pid, :cookie);

-- timed waits, and cancel
select pid, cookie from pg_background_launch_v2('select pg_sleep(60); insert into t values (2)') \gset
select pg_background_wait_v2_timeout(:pid, :cookie, 0);
select pg_background_wait_v2_timeout(:pid, :cookie, 20);
select pg_background_wait_v2_timeout(:pid, :cookie, -1);
select pg_background_cancel_v2(:pid, :cookie);
select pg_background_wait_v2_timeout(:pid, :cookie, 60000);
select state from pg_background_list_v2() as (pid integer, cookie bigint, launched_at timestamptz, user_id oid,
    queue_size integer, state text, sql_preview text, last_error text, consumed boolean);
select pg_background_detach_v2(:pid, :cookie);
select pid, cookie from pg_background_launch_v2('select pg_sleep(60)') \gset
select pg_background_cancel_v2_grace(:pid, :cookie, 60000);
select pg_background_wait_v2_timeout(:pid, :cookie, 0) as ended_within_grace;
select pg_background_cancel_v2_grace(:pid, :cookie, -1);
select pg_background_cancel_v2_grace(:pid, :cookie, 2147483647);
select pg_background_detach_v2(:pid, :cookie);
select count(*) from t where id = 2;

-- a reader that gives up leaves job and rows where they are
create table gate ();
begin;
lock table gate;
select pid, cookie from pg_background_launch_v2('lock table gate; select 44') \gset
savepoint s;
set local statement_timeout = '20ms';
\set VERBOSITY sqlstate
select * from pg_background_result_v2(:pid, :cookie) as (answer integer);
\set VERBOSITY default
rollback to s;
commit;
select * from pg_background_result_v2(:pid, :cookie) as (answer integer);
drop table gate;

-- declared in PL/pgSQL
do $$
declare
    h public.pg_background_handle;
    answer integer;
begin
    select * into h from public.pg_background_launch_v2('select 43');
    select x into answer from public.pg_background_result_v2(h.pid, h.cookie) as r(x integer);
    raise notice 'answer %', answer;
end $$;

-- the list, while a job runs and after it
select pid, cookie from pg_background_launch_v2('select pg_sleep(60) /* a preview */', 8192, 'my label') \gset
select pid = :pid and cookie = :cookie as same_handle, launched_at <= now() + interval '1 minute' as launched,
       user_id = 'postgres'::regrole as mine, queue_size, state in ('starting', 'running') as alive,
       sql_preview, last_error, consumed
  from pg_background_list_v2() as (pid integer, cookie bigint, launched_at timestamptz, user_id oid,
    queue_size integer, state text, sql_preview text, last_error text, consumed boolean);
select label from pg_background_list_v2() as (pid integer, cookie bigint, launched_at timestamptz, user_id oid,
    queue_size integer, state text, sql_preview text, last_error text, consumed boolean, label text);
do $$
declare
    process integer;
begin
    loop
        select pg_background_worker_pid(pid, cookie) into process from pg_background_list;
        exit when process is not null;
        perform pg_sleep(0.01);
    end loop;
    raise notice 'worker is a process: %', exists (select from pg_stat_activity where pid = process);
end $$;
select pg_background_cancel_all_v2();
select pg_background_wait_v2(:pid, :cookie);
select pg_background_worker_pid(:pid, :cookie) is null as no_process;
select pg_background_detach_all_v2();

-- progress
select pid, cookie from pg_background_launch_v2(
    'select pg_background_progress(50, ''half way''), pg_sleep(60)') \gset
select pg_background_get_progress_v2(:pid, :cookie + 1);
do $$
declare
    p pg_background_progress;
begin
    loop
        select (pg_background_get_progress_v2(pid, cookie)).* into p from pg_background_list;
        exit when p is not null;
        perform pg_sleep(0.01);
    end loop;
    raise notice 'progress %', p;
end $$;
select * from pg_background_get_progress_v2(:pid, :cookie);
select pg_background_cancel_v2(:pid, :cookie, 60000);
select pg_background_detach_v2(:pid, :cookie);
select pid, cookie from pg_background_launch_v2('select pg_background_progress(150)') \gset
select pg_background_wait_v2(:pid, :cookie);
select * from pg_background_get_progress_v2(:pid, :cookie);
select pg_background_detach_v2(:pid, :cookie);

-- what 1.9 and 1.10 added
select pid, cookie from pg_background_submit_v2('insert into t values (7), (8)', 0, 'two rows') \gset
select pg_background_wait_v2(:pid, :cookie, 60000);
select row_count, command_tag, completed, has_error, started_at <= finished_at as in_order
  from pg_background_result_info_v2(:pid, :cookie);
select pg_background_error_info_v2(:pid, :cookie);
select pg_background_full_sql_v2(:pid, :cookie);
select state, consumed, completed, has_error, row_count, command_tag, label from pg_background_outcome_v2(:pid, :cookie);
select pg_background_status_v2(:pid, :cookie) - array['pid', 'cookie', 'launched_at'] as status;
select pg_background_purge_v2();
select state, row_count, label, timed_out from pg_background_run_v2('select 1', 0, 0, 'run');
select * from pg_background_run_query_v2('select 1, ''a''::text', col_def => 'a integer, b text') as (a integer, b text);

drop table t;
drop extension bgjob_compat;
