-- The functions that name a job by its pid, as of pg_background 1.0.
create extension bgjob;
create extension bgjob_compat;
select pid > 4194304 as no_process from pg_background_launch('select 1') as pid \gset
select :'no_process' as pid_is_no_process;
select pg_background_detach(pid) from pg_background_list;

-- rows, and the tags of what returns none
create table t (id integer);
select pg_background_launch('insert into t select 1') as pid \gset
select * from pg_background_result(:pid) as (result text);
select * from t;
select pg_background_launch('select g, g::text from generate_series(1, 3) g') as pid \gset
select * from pg_background_result(:pid) as r(a integer, b text);

-- each statement sees what the earlier ones did, and the last one's rows come
select pg_background_launch('insert into t values (2); insert into t values (3); select count(*) from t') as pid \gset
select * from pg_background_result(:pid) as (count bigint);

-- text straight from a table
create table commands (sql text);
insert into commands values ('select 41 + 1');
select pg_background_launch(sql) as pid from commands \gset
select * from pg_background_result(:pid) as (answer integer);

-- the job's error, and the entry is gone after it
select pg_background_launch('select 1 / 0') as pid \gset
\set VERBOSITY sqlstate
select * from pg_background_result(:pid) as (x integer);
\set VERBOSITY default
select count(*) from pg_background_list;

-- rows are taken once
select pg_background_launch('select 7') as pid \gset
select * from pg_background_result(:pid) as (x integer);
\set VERBOSITY sqlstate
select * from pg_background_result(:pid) as (x integer);
select pg_background_detach(:pid);
\set VERBOSITY default

-- a column list that does not fit leaves the rows where they are
select pg_background_launch('select 8') as pid \gset
\set VERBOSITY sqlstate
select * from pg_background_result(:pid) as (x text);
\set VERBOSITY default
select * from pg_background_result(:pid) as (x integer);

-- detach is not cancel
begin;
lock table t;
select pg_background_launch('insert into t values (4)') as pid \gset
select pg_background_detach(:pid);
commit;
do $$ begin
    while not exists (select from t where id = 4) loop perform pg_sleep(0.01); end loop;
end $$;
select count(*) from t;

-- SQL without a statement is a job without rows
SELECT pg_background_launch('') AS pid \gset
SELECT * FROM pg_background_result(:pid) AS (x text);
drop table t, commands;
drop extension bgjob_compat;
