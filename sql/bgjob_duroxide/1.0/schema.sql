
-- Schemas ----------------------------------------------------------------------------------------

CREATE FUNCTION bgjob.duroxide_functions() RETURNS text[]
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT ARRAY['abandon_orchestration_item', 'abandon_work_item', 'ack_orchestration',
        'ack_orchestration_item', 'ack_worker', 'append_history', 'cleanup_orphaned_sessions',
        'cleanup_schema', 'delete_instances_atomic', 'enqueue_completion', 'enqueue_message',
        'enqueue_orchestration_work', 'enqueue_orchestrator_work', 'enqueue_worker_work',
        'fetch_history', 'fetch_history_with_execution', 'fetch_orchestration_item',
        'fetch_work_item', 'get_custom_status', 'get_execution_info', 'get_instance_info',
        'get_instance_stats', 'get_kv_all_values', 'get_kv_value', 'get_parent_id',
        'get_queue_depths', 'get_system_metrics', 'latest_execution_id', 'list_children',
        'list_executions', 'list_instances', 'list_instances_by_status', 'prune_executions',
        'renew_orchestration_item_lock', 'renew_session_lock', 'renew_work_item_lock'] $$;
COMMENT ON FUNCTION bgjob.duroxide_functions() IS 'names of the functions of the contract';

-- The schema's name as it is quoted: the caller's rights decide.
CREATE FUNCTION bgjob.clean_duroxide_schema(schema regnamespace) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    routine regprocedure;
    relation text;
BEGIN
    FOREACH relation IN ARRAY ARRAY['_duroxide_migrations', 'instances', 'executions', 'history',
        'orchestrator_queue', 'worker_queue', 'instance_locks', 'sessions', 'kv_store', 'kv_delta']
    LOOP
        EXECUTE format('DROP TABLE IF EXISTS %s.%I', schema, relation);
    END LOOP;
    FOR routine IN
        SELECT p.oid FROM pg_proc p
         WHERE p.pronamespace = schema AND p.proname = ANY (bgjob.duroxide_functions())
    LOOP
        EXECUTE format('DROP FUNCTION %s', routine);
    END LOOP;
END $$;
COMMENT ON FUNCTION bgjob.clean_duroxide_schema(regnamespace) IS
    'drop the tables and functions of the contract that are in a schema';

CREATE FUNCTION bgjob.create_duroxide_schema(name text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('CREATE SCHEMA %I', name);
    PERFORM bgjob.duroxide_tables(name), bgjob.duroxide_reads(name), bgjob.duroxide_turns(name),
            bgjob.duroxide_activities(name), bgjob.duroxide_management(name);
END $$;
COMMENT ON FUNCTION bgjob.create_duroxide_schema(text) IS
    'make a schema that a Duroxide runtime can be pointed at; it belongs to the caller';

CREATE FUNCTION bgjob.drop_duroxide_schema(name text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM bgjob.clean_duroxide_schema(quote_ident(name)::regnamespace);
    EXECUTE format('DROP SCHEMA %I', name);
END $$;
COMMENT ON FUNCTION bgjob.drop_duroxide_schema(text) IS
    'drop a schema that create_duroxide_schema made, and all that is stored in it';
