
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

-- Names that fit into those of channels, and that end no quotes where they are put into functions.
CREATE FUNCTION bgjob.create_duroxide_schema(name text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF name IS NULL THEN
        RAISE null_value_not_allowed USING MESSAGE = 'name must not be null';
    ELSIF octet_length(name) NOT BETWEEN 1 AND 51 THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('invalid name of a schema for Duroxide: "%s"', name),
            DETAIL = 'It must have 1 to 51 bytes.';
    ELSIF name ~ '[[:cntrl:]$"''\\]' THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('invalid name of a schema for Duroxide: "%s"', name),
            DETAIL = 'It must not contain quotes, dollar signs, backslashes or control characters.';
    END IF;
    EXECUTE format('CREATE SCHEMA %I', name);
    PERFORM bgjob.duroxide_tables(name);
    PERFORM bgjob.duroxide_native(quote_ident(name)::regnamespace);
    PERFORM bgjob.duroxide_reads(name);
    PERFORM bgjob.duroxide_management(name);
    EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA %I FROM PUBLIC', name);
END $$;
COMMENT ON FUNCTION bgjob.create_duroxide_schema(text) IS
    'make a schema that a Duroxide runtime can be pointed at; it belongs to the caller';

CREATE FUNCTION bgjob.require_duroxide_schema(name text) RETURNS regnamespace
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF name IS NULL THEN
        RAISE null_value_not_allowed USING MESSAGE = 'name of the schema must not be null';
    END IF;
    PERFORM quote_ident(name)::regnamespace;
    IF to_regclass(format('%I._duroxide_migrations', name)) IS NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('schema "%s" is not made for Duroxide', name);
    END IF;
    RETURN quote_ident(name)::regnamespace;
END $$;
COMMENT ON FUNCTION bgjob.require_duroxide_schema(text) IS 'a schema that create_duroxide_schema made';

CREATE FUNCTION bgjob.drop_duroxide_schema(name text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM bgjob.clean_duroxide_schema(bgjob.require_duroxide_schema(name));
    EXECUTE format('DROP SCHEMA %I', name);
END $$;
COMMENT ON FUNCTION bgjob.drop_duroxide_schema(text) IS
    'drop a schema that create_duroxide_schema made, and all that is stored in it';

CREATE FUNCTION bgjob.duroxide_privileges(name text, role regrole, verb text, preposition text)
    RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    schema regnamespace := bgjob.require_duroxide_schema(name);
    routine regprocedure;
BEGIN
    IF role IS NULL THEN
        RAISE null_value_not_allowed USING MESSAGE = 'role must not be null';
    END IF;
    EXECUTE format('%s USAGE ON SCHEMA %s %s %s', verb, schema, preposition, role);
    EXECUTE format('%s SELECT ON ALL TABLES IN SCHEMA %s %s %s', verb, schema, preposition, role);
    FOR routine IN
        SELECT p.oid FROM pg_proc p
         WHERE p.pronamespace = schema AND p.proname = ANY (bgjob.duroxide_functions())
           AND p.proname <> 'cleanup_schema'
    LOOP
        EXECUTE format('%s EXECUTE ON FUNCTION %s %s %s', verb, routine, preposition, role);
    END LOOP;
END $$;
COMMENT ON FUNCTION bgjob.duroxide_privileges(text, regrole, text, text) IS
    'behind grant_duroxide_usage and revoke_duroxide_usage';

CREATE FUNCTION bgjob.grant_duroxide_usage(schema text, role regrole) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, pg_temp
    AS $$ SELECT bgjob.duroxide_privileges(schema, role, 'GRANT', 'TO') $$;
COMMENT ON FUNCTION bgjob.grant_duroxide_usage(text, regrole) IS
    'let a role run Duroxide on a schema: its functions, and reading its tables';

CREATE FUNCTION bgjob.revoke_duroxide_usage(schema text, role regrole) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, pg_temp
    AS $$ SELECT bgjob.duroxide_privileges(schema, role, 'REVOKE', 'FROM') $$;
COMMENT ON FUNCTION bgjob.revoke_duroxide_usage(text, regrole) IS
    'take back what grant_duroxide_usage gave';

CREATE FUNCTION bgjob.duroxide_call_counts(
    OUT schema text,
    OUT function text,
    OUT calls bigint,
    OUT loaded bigint,
    OUT loaded_ms double precision,
    OUT empty_ms double precision
) RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_duroxide_call_counts';
COMMENT ON FUNCTION bgjob.duroxide_call_counts() IS 'behind the view bgjob.duroxide_metrics';

CREATE VIEW bgjob.duroxide_metrics AS
    SELECT c.schema, c.function, c.calls, c.loaded, c.calls - c.loaded AS empty, c.loaded_ms, c.empty_ms
      FROM bgjob.duroxide_call_counts() c;
COMMENT ON VIEW bgjob.duroxide_metrics IS
    'calls of functions in schemas for Duroxide since the start of the server, while bgjob.duroxide_metrics was on; loaded are fetches that found something, empty all other calls, with the time of each';
