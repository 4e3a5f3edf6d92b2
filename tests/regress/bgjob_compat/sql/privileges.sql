-- Who may use what: PUBLIC nothing, pgbackground_role all but the helpers that give rights away.
create extension bgjob;
create extension bgjob_compat;
select rolname, rolcanlogin, rolinherit from pg_roles where rolname = 'pgbackground_role';
create role somebody login;

-- nothing for everybody
set role somebody;
select count(*) from pg_proc p join pg_depend d on d.classid = 'pg_proc'::regclass and d.objid = p.oid
  join pg_extension e on e.oid = d.refobjid and d.deptype = 'e' and e.extname = 'bgjob_compat'
 where has_function_privilege(p.oid, 'execute');
select count(*) from pg_type where typname like 'pg\_background%' and has_type_privilege(oid, 'usage') and typtype = 'c'
   and typrelid in (select oid from pg_class where relkind = 'c');
select pg_background_launch('select 1');
select * from pg_background_list;
reset role;

-- what the role may not
select p.proname from pg_proc p join pg_depend d on d.classid = 'pg_proc'::regclass and d.objid = p.oid
  join pg_extension e on e.oid = d.refobjid and d.deptype = 'e' and e.extname = 'bgjob_compat'
 where not has_function_privilege('pgbackground_role', p.oid, 'execute') order by 1;

-- by membership
grant pgbackground_role to somebody;
set role somebody;
select state, row_count from pg_background_run('select current_user, session_user');
select pid, cookie from pg_background_launch_v2('select current_user::text, session_user::text') \gset
select * from pg_background_result_v2(:pid, :cookie) as (me text, session text);
select count(*) from pg_background_list;
select count(*) from pg_background_activity;
select workers_launched from pg_background_stats_v2();
reset role;
revoke pgbackground_role from somebody;

-- by the helpers, both generations
select grant_pg_background_privileges('somebody');
select has_function_privilege('somebody', 'pg_background_launch(text, integer)', 'execute') as launch,
       has_type_privilege('somebody', 'pg_background_handle', 'usage') as handle,
       has_table_privilege('somebody', 'pg_background_list', 'select') as list;
select revoke_pg_background_privileges('somebody');
select has_function_privilege('somebody', 'pg_background_launch(text, integer)', 'execute') as launch,
       has_type_privilege('somebody', 'pg_background_handle', 'usage') as handle,
       has_table_privilege('somebody', 'pg_background_list', 'select') as list;
select pg_background_grant_privileges('somebody'), pg_background_revoke_privileges('somebody');
select grant_pg_background_privileges('nobody there');

-- objects of the same name in pg_temp or on the search_path change nothing
create schema trap;
create function trap.quote_ident(text) returns text language sql return 'public';
create function trap.format(text, variadic text[]) returns text language sql return 'select 1';
create operator trap.= (leftarg = oid, rightarg = oid, function = pg_catalog.oidne);
create temp table pg_extension (oid oid, extname name, extnamespace oid);
create temp table pg_depend (classid oid, objid oid, refclassid oid, refobjid oid, deptype "char");
set search_path = pg_temp, trap, public, pg_catalog;
select public.grant_pg_background_privileges('somebody');
select has_function_privilege('somebody', 'public.pg_background_launch(text, integer)', 'execute') as launch;
select public.revoke_pg_background_privileges('somebody');
reset search_path;
drop table pg_temp.pg_extension, pg_temp.pg_depend;

-- a SECURITY DEFINER function's caller may use the job it got
select grant_pg_background_privileges('somebody');
create function launch_for_me() returns pg_background_handle language sql security definer
    set search_path = public, pg_temp as $$ select pg_background_launch_v2('select current_user::text') $$;
\c - somebody
select pid, cookie from launch_for_me() \gset
select * from pg_background_result_v2(:pid, :cookie) as (owner text);
\c - postgres

create table owned ();
alter table owned owner to pgbackground_role;
\set VERBOSITY terse
select pg_background_drop_executor_role();
\set VERBOSITY default
drop table owned;
select pg_background_drop_executor_role();
select count(*) from pg_roles where rolname = 'pgbackground_role';
select pg_background_drop_executor_role();
drop function launch_for_me();
set client_min_messages = warning;
drop schema trap cascade;
reset client_min_messages;
drop extension bgjob_compat;
drop role somebody;
