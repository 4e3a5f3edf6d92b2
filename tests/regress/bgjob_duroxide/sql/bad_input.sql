-- What the functions of schemas for Duroxide refuse.
create extension bgjob_duroxide cascade;
create function error_of(command text) returns table (state text, message text, detail text)
    language plpgsql as $$
begin
    execute command;
    return query select 'no error', null::text, null::text;
exception when others then
    get stacked diagnostics state = returned_sqlstate, message = message_text, detail = pg_exception_detail;
    return next;
end $$;

-- names
select * from error_of('select bgjob.create_duroxide_schema(null)');
select * from error_of('select bgjob.create_duroxide_schema('''')');
select * from error_of(format('select bgjob.create_duroxide_schema(%L)', repeat('x', 52)));
select * from error_of($$select bgjob.create_duroxide_schema('a$b')$$);
select * from error_of($$select bgjob.create_duroxide_schema('a"b')$$);
select * from error_of($$select bgjob.create_duroxide_schema('a''b')$$);
select * from error_of($$select bgjob.create_duroxide_schema(E'a\nb')$$);
select * from error_of($$select bgjob.create_duroxide_schema('pg_mine')$$);
select * from error_of('select bgjob.create_duroxide_schema(''public'')');
select * from error_of('select bgjob.drop_duroxide_schema(null)');
select * from error_of('select bgjob.drop_duroxide_schema(''nowhere'')');
select * from error_of('select bgjob.drop_duroxide_schema(''public'')');
select * from error_of('select bgjob.grant_duroxide_usage(''public'', ''pg_monitor'')');
select bgjob.create_duroxide_schema('dx');
select * from error_of('select bgjob.create_duroxide_schema(''dx'')');
select * from error_of('select bgjob.grant_duroxide_usage(''dx'', null)');

-- tokens
select t.token, e.*
  from unnest(array['', 'x', repeat('0', 32) || ':a', repeat('0', 32) || ':1', repeat('0', 32) || ':x']) t(token),
       unnest(array['ack_orchestration_item(%L, 0, 1, ''[]'', ''[]'', ''[]'', ''{}'')', 'abandon_orchestration_item(%L, 0)',
                    'renew_orchestration_item_lock(%L, 0, 5)', 'ack_worker(%L)', 'abandon_work_item(%L, 0)',
                    'renew_work_item_lock(%L, 0, 5)']) c(command),
       error_of(format('select dx.' || c.command, t.token)) e;

-- nulls and numbers
select e.* from unnest(array[
    'enqueue_orchestrator_work(null, ''{}'', now())', 'enqueue_orchestrator_work(''a'', null, now())',
    'enqueue_orchestrator_work(''a'', ''{}'', null)', 'enqueue_message(''a'', ''{}'', null, 0)', 'enqueue_worker_work(null, 0)',
    'fetch_orchestration_item(0, null)', 'fetch_orchestration_item(0, 0)', 'fetch_work_item(0, -1)',
    'fetch_work_item(0, 1000, null, null, null, ''some'')', 'ack_orchestration_item(null, 0, 1, ''[]'', ''[]'', ''[]'', ''{}'')',
    'ack_worker(null)', 'ack_worker(''x'', null, ''{}'')', 'renew_work_item_lock(''x'', 0, 0)', 'get_parent_id(''nobody'')',
    'prune_executions(''nobody'')', 'append_history(''a'', 1, ''[{"event_id": 0}]'')']) c(command),
  error_of('select dx.' || c.command) e;
select * from dx.get_custom_status('nobody', 0);
select * from dx.fetch_history(null);

-- a turn that is refused leaves everything as it was
select dx.enqueue_orchestrator_work('a', '{"StartOrchestration": {"instance": "a", "orchestration": "O"}}', now());
select out_lock_token as token from dx.fetch_orchestration_item(0, 600000) \gset
select e.* from unnest(array[
    '[{"event_data": "x"}]', '[{"event_id": 1}]', '[1]', '[{"event_id": "one", "event_data": "x"}]',
    '[{"event_id": 1, "event_data": "x"}, {"event_id": 1, "event_data": "y"}]']) h(history),
  error_of(format('select dx.ack_orchestration_item(%L, 0, 1, %L, ''[]'', ''[]'', ''{"orchestration_name": "O"}'')', :'token', h.history)) e;
select count(*) from dx.instances;
select count(*) from dx.history;
select count(*) from dx.instance_locks;

-- broken texts reach the runtime, which has to say what becomes of them
select dx.ack_orchestration_item(:'token', 0, 1, '[{"event_id": 1, "event_data": "no json"}, {"event_id": 2, "event_data": "{\"a\": 1"}, {"event_id": 3, "event_data": "{\"b\": 2}"}]',
    '[]', '[]', '{"orchestration_name": "O"}');
select dx.enqueue_orchestrator_work('a', 'neither', now());
select out_history, out_messages, out_attempt_count from dx.fetch_orchestration_item(0, 600000);

-- tables that are not as they were made
alter table dx.worker_queue add column more text;
select * from error_of('select dx.fetch_work_item(0, 1000)');
alter table dx.worker_queue drop column more;
select * from error_of('select dx.fetch_work_item(0, 1000)');
alter table dx.instance_locks enable row level security;
select * from error_of('select dx.fetch_orchestration_item(0, 1000)');
alter table dx.instance_locks disable row level security;
create index more on dx.orchestrator_queue (work_item);
select * from error_of('select dx.fetch_orchestration_item(0, 1000)');
drop index dx.more;
select * from error_of('select dx.fetch_orchestration_item(0, 1000)');
drop table dx.history;
select * from error_of('select dx.fetch_orchestration_item(0, 1000)');

-- a standby and a transaction that only reads
begin read only;
select dx.enqueue_worker_work('{}', 0);
rollback;
