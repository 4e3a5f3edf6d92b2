
CREATE FUNCTION bgjob.duroxide_reads(schema name) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $part$
BEGIN EXECUTE replace($ddl$

CREATE FUNCTION @schema@.latest_execution_id(p_instance_id text) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT i.current_execution_id FROM @schema@.instances i WHERE i.instance_id = p_instance_id $$;

CREATE FUNCTION @schema@.list_executions(p_instance_id text) RETURNS TABLE(execution_id bigint)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT e.execution_id FROM @schema@.executions e
     WHERE e.instance_id = p_instance_id ORDER BY e.execution_id $$;

CREATE FUNCTION @schema@.list_instances() RETURNS TABLE(instance_id text)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT i.instance_id FROM @schema@.instances i ORDER BY i.created_at DESC, i.instance_id $$;

CREATE FUNCTION @schema@.list_instances_by_status(p_status text) RETURNS TABLE(instance_id text)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT i.instance_id
      FROM @schema@.instances i
      JOIN @schema@.executions e
        ON e.instance_id = i.instance_id AND e.execution_id = i.current_execution_id
     WHERE e.status = p_status ORDER BY i.created_at DESC, i.instance_id $$;

CREATE FUNCTION @schema@.get_instance_info(p_instance_id text)
    RETURNS TABLE(instance_id text, orchestration_name text, orchestration_version text,
                  current_execution_id bigint, created_at timestamptz, updated_at timestamptz,
                  status text, output text, parent_instance_id text)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT i.instance_id, i.orchestration_name, coalesce(i.orchestration_version, 'unknown'),
           i.current_execution_id, i.created_at, i.updated_at, e.status, e.output, i.parent_instance_id
      FROM @schema@.instances i
      LEFT JOIN @schema@.executions e
        ON e.instance_id = i.instance_id AND e.execution_id = i.current_execution_id
     WHERE i.instance_id = p_instance_id $$;

CREATE FUNCTION @schema@.get_execution_info(p_instance_id text, p_execution_id bigint)
    RETURNS TABLE(execution_id bigint, status text, output text, started_at timestamptz,
                  completed_at timestamptz, event_count bigint)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT e.execution_id, e.status, e.output, e.started_at, e.completed_at,
           (SELECT count(*) FROM @schema@.history h
             WHERE h.instance_id = e.instance_id AND h.execution_id = e.execution_id)
      FROM @schema@.executions e
     WHERE e.instance_id = p_instance_id AND e.execution_id = p_execution_id $$;

CREATE FUNCTION @schema@.get_system_metrics()
    RETURNS TABLE(total_instances bigint, total_executions bigint, running_instances bigint,
                  completed_instances bigint, failed_instances bigint, total_events bigint)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT (SELECT count(*) FROM @schema@.instances), (SELECT count(*) FROM @schema@.executions),
           count(*) FILTER (WHERE e.status = 'Running'), count(*) FILTER (WHERE e.status = 'Completed'),
           count(*) FILTER (WHERE e.status = 'Failed'), (SELECT count(*) FROM @schema@.history)
      FROM @schema@.instances i
      JOIN @schema@.executions e
        ON e.instance_id = i.instance_id AND e.execution_id = i.current_execution_id $$;

-- What could be fetched now, by the server's clock.
CREATE FUNCTION @schema@.get_queue_depths(p_now_ms bigint)
    RETURNS TABLE(orchestrator_queue bigint, worker_queue bigint)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH clock AS MATERIALIZED (SELECT clock_timestamp() AS now)
    SELECT (SELECT count(*) FROM @schema@.orchestrator_queue q
             WHERE q.visible_at <= clock.now
               AND (q.lock_token IS NULL OR q.locked_until <= extract(epoch FROM clock.now) * 1000)),
           (SELECT count(*) FROM @schema@.worker_queue q
             WHERE q.visible_at <= clock.now
               AND (q.lock_token IS NULL OR q.locked_until <= extract(epoch FROM clock.now) * 1000))
      FROM clock $$;

CREATE FUNCTION @schema@.get_kv_value(p_instance text, p_key text)
    RETURNS TABLE(out_value text, out_found boolean)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT x.value, x.value IS NOT NULL
      FROM (SELECT d.value, 1 AS rank FROM @schema@.kv_delta d
             WHERE d.instance_id = p_instance AND d.key = p_key
            UNION ALL SELECT s.value, 2 FROM @schema@.kv_store s
             WHERE s.instance_id = p_instance AND s.key = p_key
            UNION ALL SELECT NULL, 3) x
     ORDER BY x.rank LIMIT 1 $$;

CREATE FUNCTION @schema@.get_kv_all_values(p_instance text) RETURNS TABLE(out_key text, out_value text)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT d.key, d.value FROM @schema@.kv_delta d
     WHERE d.instance_id = p_instance AND d.value IS NOT NULL
    UNION ALL
    SELECT s.key, s.value FROM @schema@.kv_store s
     WHERE s.instance_id = p_instance
       AND NOT EXISTS (SELECT FROM @schema@.kv_delta d WHERE d.instance_id = p_instance AND d.key = s.key) $$;

CREATE FUNCTION @schema@.get_instance_stats(p_instance text)
    RETURNS TABLE(out_found boolean, out_history_event_count bigint, out_history_size_bytes bigint,
                  out_queue_pending_count bigint, out_kv_user_key_count bigint,
                  out_kv_total_value_bytes bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    execution bigint := @schema@.latest_execution_id(p_instance);
    carried jsonb;
BEGIN
    IF execution IS NULL THEN
        RETURN QUERY SELECT false, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint;
        RETURN;
    END IF;
    -- A history that cannot be read carries nothing.
    BEGIN
        SELECT h.event_data::jsonb -> 'carry_forward_events' INTO carried FROM @schema@.history h
         WHERE h.instance_id = p_instance AND h.execution_id = execution AND h.event_id = 1;
    EXCEPTION WHEN data_exception THEN
        carried := NULL;
    END;
    RETURN QUERY
    SELECT true, h.events, h.bytes,
           CASE WHEN jsonb_typeof(carried) = 'array' THEN jsonb_array_length(carried) ELSE 0 END::bigint,
           kv.keys, kv.bytes
      FROM (SELECT count(*) AS events, coalesce(sum(octet_length(h.event_data)), 0)::bigint AS bytes
              FROM @schema@.history h
             WHERE h.instance_id = p_instance AND h.execution_id = execution) h,
           (SELECT count(*) AS keys, coalesce(sum(octet_length(v.out_value)), 0)::bigint AS bytes
              FROM @schema@.get_kv_all_values(p_instance) v) kv;
END $$;

CREATE FUNCTION @schema@.list_children(p_instance_id text) RETURNS TABLE(child_instance_id text)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT i.instance_id FROM @schema@.instances i
     WHERE i.parent_instance_id = p_instance_id ORDER BY i.created_at, i.instance_id $$;

CREATE FUNCTION @schema@.get_parent_id(p_instance_id text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    parent text;
BEGIN
    SELECT i.parent_instance_id INTO parent FROM @schema@.instances i
     WHERE i.instance_id = p_instance_id;
    IF NOT FOUND THEN
        RAISE undefined_object USING MESSAGE = format('Instance not found: %s', p_instance_id);
    END IF;
    RETURN parent;
END $$;

$ddl$, '@schema@', quote_ident(schema)); END $part$;
COMMENT ON FUNCTION bgjob.duroxide_reads(name) IS 'part of create_duroxide_schema';
