
CREATE FUNCTION bgjob.duroxide_management(schema name) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $part$
BEGIN EXECUTE replace($ddl$

-- A commit of an earlier form of the runtime, which kept a turn's result in one document.
CREATE FUNCTION @schema@.ack_orchestration(p_lock_token text, p_state_json jsonb, p_now_ms bigint)
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    instance text;
    execution bigint;
    next_event bigint;
    events jsonb;
BEGIN
    SELECT l.instance_id INTO instance FROM @schema@.instance_locks l
     WHERE l.lock_token = p_lock_token;
    SELECT coalesce(max(i.current_execution_id), 1) INTO execution FROM @schema@.instances i
     WHERE i.instance_id = instance;
    SELECT coalesce(max(h.event_id), 0) INTO next_event FROM @schema@.history h
     WHERE h.instance_id = instance AND h.execution_id = execution;
    SELECT jsonb_agg(jsonb_build_object('event_id', next_event + e.n, 'event_type', 'Event',
                                        'event_data', e.event::text) ORDER BY e.n)
      INTO events
      FROM jsonb_array_elements(p_state_json -> 'history') WITH ORDINALITY e(event, n);
    PERFORM @schema@.ack_orchestration_item(
        p_lock_token, p_now_ms, execution, coalesce(events, '[]'),
        coalesce(p_state_json -> 'worker_messages', '[]'),
        coalesce(p_state_json -> 'orchestrator_messages', '[]'),
        jsonb_build_object('orchestration_name', coalesce(p_state_json ->> 'name', 'unknown'),
                           'orchestration_version', coalesce(p_state_json ->> 'version', 'unknown'),
                           'status', p_state_json -> 'status'));
END $$;

CREATE FUNCTION @schema@.append_history(p_instance_id text, p_execution_id bigint, p_events jsonb)
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM jsonb_array_elements(p_events) e
                WHERE coalesce((e ->> 'event_id')::bigint, 0) <= 0) THEN
        RAISE invalid_parameter_value USING MESSAGE = 'Invalid event_id in append_history',
            DETAIL = 'The id of an event must be 1 or more.';
    END IF;
    INSERT INTO @schema@.history (instance_id, execution_id, event_id, event_type, event_data, created_at)
    SELECT p_instance_id, p_execution_id, (e ->> 'event_id')::bigint,
           coalesce(e ->> 'event_type', 'Event'), e ->> 'event_data', clock_timestamp()
      FROM jsonb_array_elements(p_events) e
    ON CONFLICT DO NOTHING;
END $$;

CREATE FUNCTION @schema@.delete_instances_atomic(p_instance_ids text[], p_force boolean)
    RETURNS TABLE(instances_deleted bigint, executions_deleted bigint, events_deleted bigint,
                  queue_messages_deleted bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    hindrance text;
    removed bigint;
BEGIN
    -- Whoever is at work on one of them has committed after this, or finds its lease gone.
    PERFORM pg_advisory_xact_lock(k.key)
       FROM (SELECT DISTINCT hashtextextended(d.id, '@schema@'::regnamespace::oid::bigint) AS key
               FROM unnest(p_instance_ids) d(id) ORDER BY 1) k;
    IF p_force IS NOT TRUE THEN
        SELECT i.instance_id INTO hindrance
          FROM @schema@.instances i
          JOIN @schema@.executions e
            ON e.instance_id = i.instance_id AND e.execution_id = i.current_execution_id
         WHERE i.instance_id = ANY (p_instance_ids) AND e.status = 'Running' LIMIT 1;
        IF FOUND THEN
            RAISE object_in_use
                USING MESSAGE = format('Instance %s is Running. Use force=true to delete.', hindrance);
        END IF;
    END IF;
    SELECT i.instance_id INTO hindrance FROM @schema@.instances i
     WHERE i.parent_instance_id = ANY (p_instance_ids)
       AND NOT i.instance_id = ANY (p_instance_ids) LIMIT 1;
    IF FOUND THEN
        RAISE dependent_objects_still_exist USING MESSAGE =
            format('Orphan detected: instance %s has parent in delete list but is not included', hindrance);
    END IF;
    DELETE FROM @schema@.history WHERE instance_id = ANY (p_instance_ids);
    GET DIAGNOSTICS events_deleted = ROW_COUNT;
    DELETE FROM @schema@.executions WHERE instance_id = ANY (p_instance_ids);
    GET DIAGNOSTICS executions_deleted = ROW_COUNT;
    DELETE FROM @schema@.orchestrator_queue WHERE instance_id = ANY (p_instance_ids);
    GET DIAGNOSTICS queue_messages_deleted = ROW_COUNT;
    DELETE FROM @schema@.worker_queue WHERE instance_id = ANY (p_instance_ids);
    GET DIAGNOSTICS removed = ROW_COUNT;
    queue_messages_deleted := queue_messages_deleted + removed;
    DELETE FROM @schema@.instance_locks WHERE instance_id = ANY (p_instance_ids);
    DELETE FROM @schema@.kv_delta WHERE instance_id = ANY (p_instance_ids);
    DELETE FROM @schema@.kv_store WHERE instance_id = ANY (p_instance_ids);
    DELETE FROM @schema@.instances WHERE instance_id = ANY (p_instance_ids);
    GET DIAGNOSTICS instances_deleted = ROW_COUNT;
    RETURN NEXT;
END $$;

-- Never the current execution, nor one that runs.
CREATE FUNCTION @schema@.prune_executions(
    p_instance_id text,
    p_keep_last integer DEFAULT NULL,
    p_completed_before_ms bigint DEFAULT NULL
) RETURNS TABLE(instances_processed bigint, executions_deleted bigint, events_deleted bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    current bigint := @schema@.latest_execution_id(p_instance_id);
    old bigint[];
BEGIN
    IF current IS NULL THEN
        RAISE undefined_object USING MESSAGE = format('Instance %s not found', p_instance_id);
    END IF;
    SELECT array_agg(e.execution_id) INTO old
      FROM (SELECT x.*, row_number() OVER (ORDER BY x.execution_id DESC) AS nth
              FROM @schema@.executions x WHERE x.instance_id = p_instance_id) e
     WHERE e.execution_id <> current AND e.status <> 'Running' AND e.nth > coalesce(p_keep_last, 0)
       AND (p_completed_before_ms IS NULL
            OR e.completed_at < to_timestamp(p_completed_before_ms / 1000.0));
    instances_processed := 1;
    DELETE FROM @schema@.history
     WHERE instance_id = p_instance_id AND execution_id = ANY (old);
    GET DIAGNOSTICS events_deleted = ROW_COUNT;
    DELETE FROM @schema@.executions
     WHERE instance_id = p_instance_id AND execution_id = ANY (old);
    GET DIAGNOSTICS executions_deleted = ROW_COUNT;
    RETURN NEXT;
END $$;

-- A session is kept by those who use it: never revived once its lease is over.
CREATE FUNCTION @schema@.renew_session_lock(
    p_owner_ids text[], p_now_ms bigint, p_extend_ms bigint, p_idle_timeout_ms bigint
) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    now_ms bigint := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
    renewed bigint;
BEGIN
    UPDATE @schema@.sessions SET locked_until = now_ms + p_extend_ms
     WHERE worker_id = ANY (p_owner_ids) AND locked_until > now_ms
       AND last_activity_at > now_ms - p_idle_timeout_ms;
    GET DIAGNOSTICS renewed = ROW_COUNT;
    RETURN renewed;
END $$;

CREATE FUNCTION @schema@.cleanup_orphaned_sessions(p_now_ms bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    removed bigint;
BEGIN
    DELETE FROM @schema@.sessions s
     WHERE s.locked_until <= extract(epoch FROM clock_timestamp()) * 1000
       AND NOT EXISTS (SELECT FROM @schema@.worker_queue q WHERE q.session_id = s.session_id);
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END $$;

-- Its dependency keeps the extension from being dropped as long as there is a schema.
CREATE FUNCTION @schema@.cleanup_schema() RETURNS void
    LANGUAGE sql BEGIN ATOMIC SELECT bgjob.clean_duroxide_schema('@schema@'); END;

$ddl$, '@schema@', quote_ident(schema)); END $part$;
COMMENT ON FUNCTION bgjob.duroxide_management(name) IS 'part of create_duroxide_schema';
