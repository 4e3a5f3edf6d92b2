-- Who may make schemas for Duroxide, and use them.
create extension bgjob_duroxide cascade;
create role maker;
create role runner;
create role stranger;
select bgjob.grant_usage('maker');
set role maker;
select bgjob.create_duroxide_schema('mine');
reset role;
do $$ begin execute format('grant create on database %I to maker', current_database()); end $$;
set role maker;
select bgjob.create_duroxide_schema('mine');
select distinct pg_get_userbyid(o.owner) as owner
  from (select nspowner from pg_namespace where nspname = 'mine'
        union select relowner from pg_class where relnamespace = 'mine'::regnamespace
        union select proowner from pg_proc where pronamespace = 'mine'::regnamespace) o(owner);
select mine.enqueue_worker_work('{"ActivityExecute": {}}', 0);

-- nobody else
set role runner;
select mine.fetch_work_item(0, 60000);
reset role;
grant usage on schema mine to runner;
set role runner;
select mine.fetch_work_item(0, 60000);
select mine.get_system_metrics();
select count(*) from mine.instances;

-- who was granted it uses it, but removes nothing
set role maker;
select bgjob.grant_duroxide_usage('mine', 'runner');
set role runner;
select out_work_item from mine.fetch_work_item(0, 60000);
select mine.get_system_metrics();
select count(*) from mine.instances;
select mine.cleanup_schema();
delete from mine.worker_queue;
set role stranger;
select mine.get_system_metrics();
set role maker;
select bgjob.revoke_duroxide_usage('mine', 'runner');
set role runner;
select mine.get_system_metrics();

-- a function goes on to work for its owner's tables only
reset role;
create schema other authorization stranger;
grant create on schema other to maker;
create table other.worker_queue (like mine.worker_queue);
alter table other.worker_queue owner to stranger;
set role maker;
alter function mine.enqueue_worker_work set schema other;
reset role;
grant usage on schema other to maker;
set role maker;
select other.enqueue_worker_work('{}', 0);
-- nor are functions made where a schema is not
select bgjob.duroxide_native('other');
reset role;
drop schema other cascade;
set role maker;
select mine.cleanup_schema();
drop schema mine;
