-- Every error that pg_background's documentation and source name, with its SQLSTATE.
create extension bgjob;
create extension bgjob_compat;
create function error_of(command text) returns table (state text, message text, detail text, hint text)
    language plpgsql as $$
begin
    execute command;
    return query select 'no error', null::text, null::text, null::text;
exception when others then
    get stacked diagnostics state = returned_sqlstate, message = message_text, detail = pg_exception_detail, hint = pg_exception_hint;
    return next;
end $$;

-- not attached
select * from error_of('select pg_background_detach(7)');
select * from error_of('select * from pg_background_result(7) as (x integer)');
select * from error_of('select * from pg_background_result_v2(7, 1) as (x integer)');
select * from error_of('select pg_background_wait_v2(7, 1)');
select * from error_of('select pg_background_wait_v2_timeout(7, 1, 0)');
select * from error_of('select pg_background_cancel_v2(7, 1)');
select * from error_of('select pg_background_cancel_v2_grace(7, 1, 0)');
select * from error_of('select pg_background_detach_v2(7, 1)');
select * from error_of('select pg_background_result_info(7, 1)');
select * from error_of('select pg_background_error_info(7, 1)');
select * from error_of('select pg_background_full_sql(7, 1)');
select pg_background_get_progress_v2(7, 1);

-- a stale cookie
select pid, cookie from pg_background_submit_v2('select pg_sleep(60)') \gset
select f, replace(message, :'pid', 'PID') as message, state, hint
  from unnest(array['wait_v2', 'cancel_v2', 'detach_v2', 'result_info', 'error_info', 'full_sql']) f,
       error_of(format('select pg_background_%s(%s, %s)', f, :pid, :cookie # 1));
select replace(message, :'pid', 'PID') as message, state
  from error_of(format('select * from pg_background_result_v2(%s, %s) as (x integer)', :pid, :cookie # 1));
-- no rows of a submitted job
select replace(message, :'pid', 'PID') as message, state
  from error_of(format('select * from pg_background_result_v2(%s, %s) as (x integer)', :pid, :cookie));
-- another role
create role stranger;
select grant_pg_background_privileges('stranger');
grant execute on function error_of to stranger;
set role stranger;
select replace(message, :'pid', 'PID') as message, state
  from error_of(format('select pg_background_cancel_v2(%s, %s)', :pid, :cookie));
select count(*) from pg_background_list;
select pg_background_detach_all(), pg_background_cancel_all(), pg_background_purge();
select state is null as hidden from pg_background_outcome(:pid, :cookie);
reset role;
select pg_background_cancel_v2(:pid, :cookie);
select pg_background_detach_v2(:pid, :cookie);
select replace(message, :'pid', 'PID') as message, state
  from error_of(format('select pg_background_detach_v2(%s, %s)', :pid, :cookie));

-- arguments
select * from error_of('select pg_background_launch(''select 1'', 10)');
select * from error_of('select pg_background_launch_v2(''select 1'', 268435457)');
select * from error_of('select pg_background_submit_v2(''select 1'', 63)');
select * from error_of('select pg_background_launch_v2(''select 1'', 0, repeat(''x'', 65))');
select * from error_of('select pg_background_launch_v2(null, 0, null)');
select pg_background_launch(null) is null as strict, pg_background_launch_v2(null) is null as strict_v2;
select state, message from error_of('select * from pg_background_list_v2() as (a text)');
select pid, cookie from pg_background_submit_v2('select 1') \gset
select state, message from error_of('select * from pg_background_list_v2() as (pid text, cookie bigint, launched_at timestamptz, user_id oid,
    queue_size integer, state text, sql_preview text, last_error text, consumed boolean)');
select pg_background_detach_v2(:pid, :cookie);
select state, message from error_of('select pg_background_progress(1)');
select state, message from error_of('select pg_background_report_progress(1)');
select state, message from error_of('select (pg_background_launch_v2(''select 1'')).*');

select workers_active from pg_background_stats();

-- a job that was forgotten from elsewhere
select pid, cookie from pg_background_launch_v2('select 1') \gset
select pg_background_wait_v2(:pid, :cookie);
select bgjob.purge();
select state, last_error from pg_background_list;
select state, completed from pg_background_outcome(:pid, :cookie);
select state from error_of(format('select * from pg_background_result_v2(%s, %s) as (x integer)', :pid, :cookie));
select state from error_of(format('select pg_background_result_info(%s, %s)', :pid, :cookie));
select pg_background_wait(:pid, :cookie), pg_background_wait_v2_timeout(:pid, :cookie, 0);
select pg_background_wait_any(array[(:pid, :cookie)]::pg_background_handle[]) is not null as ended;
select pg_background_cancel(:pid, :cookie);
select pg_background_detach(:pid, :cookie);
select workers_canceled, workers_active from pg_background_stats_v2();

-- what a job may not do
create function error_of_job(sql text) returns table (sqlstate text, message text)
    language sql begin atomic
    select r.sqlstate, r.error_message from pg_background_run(sql) r;
end;
select * from error_of_job('begin');
select * from error_of_job('select 1; commit');
select * from error_of_job('copy pg_class to stdout');
select * from error_of_job('vacuum');
select * from error_of_job('select 1; vacuum');
select * from error_of_job('select 1 / 0');
select count(*) from pg_background_list;

drop owned by stranger;
drop role stranger;
drop function error_of, error_of_job;
drop extension bgjob_compat;
