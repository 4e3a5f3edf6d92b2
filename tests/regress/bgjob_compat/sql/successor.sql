-- The names of 2.0, as far as they do not clash with those of 1.8.
create extension bgjob;
create extension bgjob_compat;
create table t (id integer);

select pid, cookie from pg_background_launch('select 42', 0, null) \gset
select pg_background_wait(:pid, :cookie);
select * from pg_background_result(:pid, :cookie) as (answer integer);
select pid, cookie from pg_background_submit('select pg_sleep(60)') \gset
select pg_background_wait(:pid, :cookie, 20);
select pg_background_cancel(:pid, :cookie);
select pg_background_wait(:pid, :cookie, 60000);
select pg_background_detach(:pid, :cookie);

-- the error of a job, without raising it
create table parent (id integer constraint positive check (id > 0));
select pid, cookie from pg_background_submit('insert into parent values (-1)', 0, 'bad row') \gset
select pg_background_wait(:pid, :cookie);
select row_count, command_tag, completed, has_error from pg_background_result_info(:pid, :cookie);
select sqlstate, message, detail, hint, context like 'background worker with PID %' as context,
       schema_name, table_name, column_name, constraint_name
  from pg_background_error_info(:pid, :cookie);
select state, last_error, label from pg_background_list;
select state, has_error, sqlstate, error_message, label from pg_background_outcome(:pid, :cookie);
select pg_background_full_sql(:pid, :cookie);
select pg_background_detach(:pid, :cookie);
select state is null and completed is null as nothing_known from pg_background_outcome(:pid, :cookie);

-- run: how it went; run_query: the rows
select state, consumed, completed, has_error, row_count, command_tag, sqlstate, error_message, label, timed_out,
       elapsed_ms >= 0 as elapsed
  from pg_background_run('insert into t select generate_series(1, 5)', label => 'five rows');
select state, has_error, sqlstate, error_message, timed_out from pg_background_run('select 1 / 0');
select state, sqlstate, timed_out, elapsed_ms < 50000 as in_time
  from pg_background_run('select pg_sleep(60)', timeout_ms => 50);
select * from pg_background_run_query('select id from t order by id', col_def => 'id integer') as (id integer);
select * from pg_background_run_query('insert into t values (6)') as (nothing text);
select max(id) from t;
\set VERBOSITY sqlstate
select * from pg_background_run_query('select 1 / 0') as (x integer);
select * from pg_background_run_query('select 1 / 0', col_def => 'x integer') as (x integer);
select * from pg_background_run_query('select pg_sleep(60)', timeout_ms => 50) as (x integer);
\set VERBOSITY default
select count(*) from pg_background_list;

-- several jobs
select pg_background_submit('select pg_sleep(60)', 0, 'slow 1') is not null as launched
  from generate_series(1, 2);
select (pg_background_wait_any(array_agg((l.pid, l.cookie)::pg_background_handle), 50)) is null as none_ended
  from pg_background_list l;
select pid, cookie from pg_background_submit('select 1', 0, 'fast') \gset
select (pg_background_wait_any(array_agg((l.pid, l.cookie)::pg_background_handle order by l.label desc)
                               || null::pg_background_handle, 60000)) = (:pid, :cookie)::pg_background_handle as fast_first
  from pg_background_list l;
select pg_background_wait_any(array[]::pg_background_handle[]), pg_background_wait_any(null),
       pg_background_wait_any(array[(1, 1)]::pg_background_handle[]);
select pg_background_purge();
select label from pg_background_list;
select pg_background_cancel_by_label('fast%'), pg_background_cancel_by_label(null);
select pg_background_cancel_by_label('slow%', 60000);
select state, label from pg_background_list;
select state, completed, has_error, sqlstate, label
  from pg_background_drain((select array_agg((l.pid, l.cookie)::pg_background_handle) from pg_background_list l), 60000);
select count(*) from pg_background_list;
-- one that is still at work when the time is over stays
select pid, cookie from pg_background_submit('select pg_sleep(60)') \gset
select completed from pg_background_drain(array[(:pid, :cookie), (1, 1), null]::pg_background_handle[], 20);
select count(*) from pg_background_list;
select pg_background_cancel_all();
select pg_background_detach_all();

-- what a job does as others see it
select pid, cookie from pg_background_launch('select pg_background_report_progress(120, ''almost''), pg_sleep(60)', 0, 'busy') \gset
do $$ begin
    while not exists (select from pg_background_activity where wait_event = 'PgSleep') loop
        perform pg_stat_clear_snapshot();
        perform pg_sleep(0.01);
    end loop;
end $$;
select * from pg_background_get_progress(:pid, :cookie);
select pgbg_state, label, backend_state, wait_event, query from pg_background_activity;
select pg_background_cancel(:pid, :cookie, 60000);
select pg_background_detach_all();

drop table t, parent;
drop extension bgjob_compat;
