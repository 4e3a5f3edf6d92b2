-- The extension lives in any schema and can be moved; its functions find each other wherever they are.
create extension bgjob;
create schema one;
create schema "Two";
create extension bgjob_compat schema one;
select count(*) from pg_proc where pronamespace = 'public'::regnamespace and proname like '%pg\_background%';
set search_path = pg_catalog;
select state, row_count from one.pg_background_run('select 1');
select one.pg_background_status_v2(1, 1) ? 'state' as status;
select count(*) from one.pg_background_list;

alter extension bgjob_compat set schema "Two";
select nspname from pg_extension e join pg_namespace n on n.oid = extnamespace where extname = 'bgjob_compat';
select state, row_count from "Two".pg_background_run('select 1');
select pid, cookie from "Two".pg_background_launch_v2('select "Two".pg_background_progress(7), 5') \gset
select "Two".pg_background_wait_v2(:pid, :cookie);
select * from "Two".pg_background_get_progress_v2(:pid, :cookie);
select five from "Two".pg_background_result_v2(:pid, :cookie) as (nothing text, five integer);
select pid, cookie from "Two".pg_background_launch_v2('select 6') \gset
select * from "Two".pg_background_result_v2(:pid, :cookie) as (six integer);
select "Two".pg_background_status_v2(1, 1) ? 'state' as status;
select count(*) from "Two".pg_background_list, "Two".pg_background_activity;
create role somebody;
select "Two".grant_pg_background_privileges('somebody');
select has_function_privilege('somebody', '"Two".pg_background_launch(text, integer)', 'execute') as launch;
select "Two".revoke_pg_background_privileges('somebody');
select "Two".pg_background_drop_executor_role();
reset search_path;

drop extension bgjob_compat;
-- the role is there once more when the extension is
create extension bgjob_compat;
select count(*) from pg_roles where rolname = 'pgbackground_role';
-- the server keeps bgjob as long as this needs it
drop extension bgjob;
drop extension bgjob cascade;
drop role somebody;
drop schema one, "Two";
