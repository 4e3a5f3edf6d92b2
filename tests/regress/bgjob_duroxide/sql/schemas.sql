-- Schemas for Duroxide: what is in them, and how they come and go.
create extension bgjob_duroxide cascade;

select bgjob.create_duroxide_schema('flows');
select bgjob.create_duroxide_schema('More flows');

-- the functions of the contract
select p.proname || '(' || pg_get_function_arguments(p.oid) || ') -> ' || pg_get_function_result(p.oid) as function
  from pg_proc p where p.pronamespace = 'flows'::regnamespace order by p.proname collate "C";
select count(*) from pg_proc p where p.pronamespace = '"More flows"'::regnamespace;

-- its tables
select c.relname, string_agg(a.attname || ' ' || format_type(a.atttypid, -1) || case when a.attnotnull then ' not null' else '' end,
                             ', ' order by a.attnum) as columns
  from pg_class c join pg_attribute a on a.attrelid = c.oid
 where c.relnamespace = 'flows'::regnamespace and c.relkind = 'r' and a.attnum > 0
 group by c.relname order by c.relname collate "C";
select count(*), min(version), max(version) from flows._duroxide_migrations;

-- each has its own instances
select flows.enqueue_orchestrator_work('a', '{"StartOrchestration": {"instance": "a", "orchestration": "O", "execution_id": 1}}', now());
select "More flows".enqueue_orchestrator_work('a', '{"StartOrchestration": {"instance": "a", "orchestration": "P", "execution_id": 1}}', now());
select out_instance_id, out_orchestration_name, out_execution_id, out_history, out_attempt_count, out_kv_snapshot
  from flows.fetch_orchestration_item(0, 60000);
select out_instance_id, out_orchestration_name from "More flows".fetch_orchestration_item(0, 60000);
select * from flows.get_queue_depths(0);

-- a turn and an activity
select lock_token as token from flows.instance_locks \gset
select flows.ack_orchestration_item(:'token', 0, 1,
    '[{"event_id": 1, "event_type": "Event", "event_data": "{\"type\": \"OrchestrationStarted\"}"}]',
    '[{"ActivityExecute": {"id": 2, "name": "A", "input": "1", "instance": "a", "execution_id": 1}}]', '[]',
    '{"orchestration_name": "O", "orchestration_version": "1.0.0", "status": null,
      "custom_status_action": "set", "custom_status_value": "busy",
      "kv_mutations": [{"action": "set", "key": "k", "value": "v", "last_updated_at_ms": 7}]}');
select instance_id, status, output from flows.get_instance_info('a');
select * from flows.get_custom_status('a', 0);
select * from flows.get_kv_value('a', 'k');
select out_work_item, out_attempt_count from flows.fetch_work_item(0, 60000, 'w', 60000);
select lock_token as token from flows.worker_queue \gset
select flows.ack_worker(:'token', 'a', '{"ActivityCompleted": {"instance": "a", "execution_id": 1, "id": 2, "result": "1"}}', 0);
select out_history, out_messages, out_kv_snapshot from flows.fetch_orchestration_item(0, 60000);
select lock_token as token from flows.instance_locks \gset
select flows.ack_orchestration_item(:'token', 0, 1,
    '[{"event_id": 2, "event_type": "Event", "event_data": "{\"type\": \"OrchestrationCompleted\"}"}]',
    '[]', '[]', '{"status": "Completed", "output": "1"}');
select status, output, completed_at is not null as completed, event_count from flows.get_execution_info('a', 1);
select * from flows.kv_store;
select (select count(*) from flows.orchestrator_queue) as messages, (select count(*) from flows.worker_queue) as activities,
       (select count(*) from flows.instance_locks) as leases, (select count(*) from flows.kv_delta) as changes;
select * from flows.fetch_history('a');
select * from flows.delete_instances_atomic('{a}', false);

-- the extension stays as long as there is a schema
\set VERBOSITY terse
drop extension bgjob_duroxide;
\set VERBOSITY default
-- what others have put into a schema stays, and the schema
create table flows.own (x integer);
\set VERBOSITY terse
select bgjob.drop_duroxide_schema('flows');
\set VERBOSITY default
drop table flows.own;
select bgjob.drop_duroxide_schema('flows');
select "More flows".cleanup_schema();
drop schema "More flows";
drop extension bgjob_duroxide;
