
CREATE FUNCTION bgjob.duroxide_turns(schema name) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $part$
BEGIN EXECUTE replace($ddl$

CREATE FUNCTION @schema@.enqueue_orchestrator_work(
    p_instance_id text, p_work_item text, p_visible_at timestamptz,
    p_orchestration_name text DEFAULT NULL, p_orchestration_version text DEFAULT NULL,
    p_execution_id bigint DEFAULT NULL
) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO @schema@.orchestrator_queue (instance_id, work_item, visible_at, created_at)
    VALUES (p_instance_id, p_work_item, p_visible_at, clock_timestamp()) $$;

CREATE FUNCTION @schema@.enqueue_message(p_instance_id text, p_work_item text, p_visible_at_ms bigint, p_now_ms bigint)
    RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT @schema@.enqueue_orchestrator_work(p_instance_id, p_work_item, to_timestamp(p_visible_at_ms / 1000.0)) $$;

CREATE FUNCTION @schema@.enqueue_completion(p_instance_id text, p_completion_json text, p_now_ms bigint)
    RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT @schema@.enqueue_orchestrator_work(p_instance_id, p_completion_json, clock_timestamp()) $$;

CREATE FUNCTION @schema@.enqueue_orchestration_work(p_instance_id text, p_work_item text, p_now_ms bigint)
    RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT @schema@.enqueue_orchestrator_work(p_instance_id, p_work_item, clock_timestamp()) $$;

CREATE FUNCTION @schema@.fetch_orchestration_item(
    p_now_ms bigint, p_lock_timeout_ms bigint,
    p_min_version_packed bigint DEFAULT NULL, p_max_version_packed bigint DEFAULT NULL
) RETURNS TABLE(out_instance_id text, out_orchestration_name text, out_orchestration_version text,
                out_execution_id bigint, out_history jsonb, out_messages jsonb, out_lock_token text,
                out_attempt_count integer, out_kv_snapshot jsonb)
    LANGUAGE plpgsql ROWS 1 SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    candidate text;
    now_ms bigint;
    start jsonb;
BEGIN
    FOR candidate IN
        SELECT q.instance_id FROM @schema@.orchestrator_queue q
          LEFT JOIN @schema@.instances i ON i.instance_id = q.instance_id
          LEFT JOIN @schema@.executions e
            ON e.instance_id = i.instance_id AND e.execution_id = i.current_execution_id
         WHERE q.visible_at <= statement_timestamp()
           AND NOT EXISTS (SELECT FROM @schema@.instance_locks l
                            WHERE l.instance_id = q.instance_id
                              AND l.locked_until > extract(epoch FROM clock_timestamp()) * 1000)
           AND (p_min_version_packed IS NULL OR e.duroxide_version_major IS NULL
                OR e.duroxide_version_major::bigint * 1000000 + e.duroxide_version_minor * 1000 + e.duroxide_version_patch
                   BETWEEN p_min_version_packed AND p_max_version_packed)
         ORDER BY q.visible_at, q.id
    LOOP
        CONTINUE WHEN NOT pg_try_advisory_xact_lock(
            hashtextextended(candidate, '@schema@'::regnamespace::oid::bigint));
        now_ms := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
        out_lock_token := gen_random_uuid() || ':' || candidate;
        INSERT INTO @schema@.instance_locks AS l (instance_id, lock_token, locked_until, locked_at)
        SELECT candidate, out_lock_token, now_ms + p_lock_timeout_ms, now_ms
         WHERE EXISTS (SELECT FROM @schema@.orchestrator_queue q
                        WHERE q.instance_id = candidate AND q.visible_at <= clock_timestamp()
                          AND (q.lock_token IS NULL OR q.locked_until <= now_ms))
        ON CONFLICT (instance_id) DO UPDATE SET lock_token = excluded.lock_token,
            locked_until = excluded.locked_until, locked_at = excluded.locked_at
            WHERE l.locked_until <= now_ms;
        IF FOUND THEN
            out_instance_id := candidate;
            EXIT;
        END IF;
    END LOOP;
    IF out_instance_id IS NULL THEN
        RETURN;
    END IF;
    WITH stamped AS (
        UPDATE @schema@.orchestrator_queue q
           SET lock_token = out_lock_token, locked_until = now_ms + p_lock_timeout_ms,
               attempt_count = q.attempt_count + 1
         WHERE q.instance_id = candidate AND q.visible_at <= clock_timestamp()
        RETURNING q.id, q.work_item, q.attempt_count)
    SELECT jsonb_agg(s.work_item::jsonb ORDER BY s.id), max(s.attempt_count)
      INTO out_messages, out_attempt_count FROM stamped s;
    SELECT i.orchestration_name, coalesce(i.orchestration_version, 'unknown'), i.current_execution_id
      INTO out_orchestration_name, out_orchestration_version, out_execution_id
      FROM @schema@.instances i WHERE i.instance_id = candidate;
    IF NOT FOUND THEN
        start := coalesce(out_messages -> 0 -> 'StartOrchestration', out_messages -> 0 -> 'ContinueAsNew');
        out_orchestration_name := coalesce(start ->> 'orchestration', 'Unknown');
        out_orchestration_version := coalesce(start ->> 'version', 'unknown');
        out_execution_id := coalesce((start ->> 'execution_id')::bigint, 1);
    END IF;
    SELECT coalesce(jsonb_agg(h.event_data::jsonb ORDER BY h.event_id), '[]')
      INTO out_history FROM @schema@.history h
     WHERE h.instance_id = candidate AND h.execution_id = out_execution_id;
    SELECT coalesce(jsonb_object_agg(s.key, jsonb_build_object('value', s.value,
                                     'last_updated_at_ms', s.last_updated_at_ms)), '{}')
      INTO out_kv_snapshot FROM @schema@.kv_store s WHERE s.instance_id = candidate;
    RETURN NEXT;
END $$;

CREATE FUNCTION @schema@.ack_orchestration_item(
    p_lock_token text, p_now_ms bigint, p_execution_id bigint, p_history_delta jsonb,
    p_worker_items jsonb, p_orchestrator_items jsonb, p_metadata jsonb,
    p_cancelled_activities jsonb DEFAULT '[]'
) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    now timestamptz;
    instance text := substr(p_lock_token, 38);
    change jsonb;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(instance, '@schema@'::regnamespace::oid::bigint));
    now := clock_timestamp();
    DELETE FROM @schema@.instance_locks l
     WHERE l.instance_id = instance AND l.lock_token = p_lock_token
       AND l.locked_until > extract(epoch FROM now) * 1000;
    IF NOT FOUND THEN
        RAISE object_not_in_prerequisite_state USING MESSAGE = 'Invalid lock token';
    END IF;
    IF p_metadata ->> 'orchestration_name' IS NOT NULL THEN
        INSERT INTO @schema@.instances AS i (instance_id, orchestration_name, orchestration_version,
            current_execution_id, created_at, updated_at, parent_instance_id)
        VALUES (instance, p_metadata ->> 'orchestration_name', p_metadata ->> 'orchestration_version',
            p_execution_id, now, now, p_metadata ->> 'parent_instance_id')
        ON CONFLICT (instance_id) DO UPDATE SET orchestration_name = excluded.orchestration_name,
            orchestration_version = coalesce(excluded.orchestration_version, i.orchestration_version),
            parent_instance_id = coalesce(i.parent_instance_id, excluded.parent_instance_id);
    END IF;
    INSERT INTO @schema@.executions (instance_id, execution_id, started_at)
    VALUES (instance, p_execution_id, now) ON CONFLICT DO NOTHING;
    UPDATE @schema@.executions e
       SET status = coalesce(p_metadata ->> 'status', e.status),
           output = CASE WHEN p_metadata ->> 'status' IS NULL THEN e.output ELSE p_metadata ->> 'output' END,
           completed_at = CASE WHEN p_metadata ->> 'status' IN ('Completed', 'Failed', 'ContinuedAsNew')
                               THEN now ELSE e.completed_at END,
           duroxide_version_major = coalesce((p_metadata #>> '{pinned_duroxide_version,major}')::integer, e.duroxide_version_major),
           duroxide_version_minor = coalesce((p_metadata #>> '{pinned_duroxide_version,minor}')::integer, e.duroxide_version_minor),
           duroxide_version_patch = coalesce((p_metadata #>> '{pinned_duroxide_version,patch}')::integer, e.duroxide_version_patch)
     WHERE e.instance_id = instance AND e.execution_id = p_execution_id;
    UPDATE @schema@.instances i
       SET current_execution_id = greatest(i.current_execution_id, p_execution_id), updated_at = now,
           custom_status = CASE p_metadata ->> 'custom_status_action'
               WHEN 'set' THEN p_metadata ->> 'custom_status_value' WHEN 'clear' THEN NULL
               ELSE i.custom_status END,
           custom_status_version = i.custom_status_version
               + CASE WHEN p_metadata ->> 'custom_status_action' IN ('set', 'clear') THEN 1 ELSE 0 END
     WHERE i.instance_id = instance;
    INSERT INTO @schema@.history (instance_id, execution_id, event_id, event_type, event_data, created_at)
    SELECT instance, p_execution_id, (e ->> 'event_id')::bigint, e ->> 'event_type', e ->> 'event_data', now
      FROM jsonb_array_elements(coalesce(p_history_delta, '[]')) e;
    FOR change IN SELECT jsonb_array_elements(coalesce(nullif(p_metadata -> 'kv_mutations', 'null'), '[]')) LOOP
        IF change ->> 'action' = 'clear_all' THEN
            UPDATE @schema@.kv_delta SET value = NULL, last_updated_at_ms = p_now_ms WHERE instance_id = instance;
            INSERT INTO @schema@.kv_delta (instance_id, key, last_updated_at_ms)
            SELECT instance, s.key, p_now_ms FROM @schema@.kv_store s WHERE s.instance_id = instance
            ON CONFLICT DO NOTHING;
        ELSE
            INSERT INTO @schema@.kv_delta AS d (instance_id, key, value, last_updated_at_ms)
            VALUES (instance, change ->> 'key', CASE WHEN change ->> 'action' = 'set' THEN change ->> 'value' END,
                coalesce((change ->> 'last_updated_at_ms')::bigint, p_now_ms))
            ON CONFLICT (instance_id, key) DO UPDATE
                SET value = excluded.value, last_updated_at_ms = excluded.last_updated_at_ms;
        END IF;
    END LOOP;
    IF p_metadata ->> 'status' IN ('Completed', 'Failed', 'ContinuedAsNew') THEN
        DELETE FROM @schema@.kv_store s USING @schema@.kv_delta d
         WHERE s.instance_id = instance AND d.instance_id = instance AND d.key = s.key AND d.value IS NULL;
        INSERT INTO @schema@.kv_store (instance_id, key, value, execution_id, last_updated_at_ms)
        SELECT instance, d.key, d.value, p_execution_id, d.last_updated_at_ms
          FROM @schema@.kv_delta d WHERE d.instance_id = instance AND d.value IS NOT NULL
        ON CONFLICT (instance_id, key) DO UPDATE SET value = excluded.value,
            execution_id = excluded.execution_id, last_updated_at_ms = excluded.last_updated_at_ms;
        DELETE FROM @schema@.kv_delta WHERE instance_id = instance;
    END IF;
    INSERT INTO @schema@.worker_queue (work_item, visible_at, created_at, instance_id, execution_id, activity_id, session_id, tag)
    SELECT w::text, now, now, w #>> '{ActivityExecute,instance}', (w #>> '{ActivityExecute,execution_id}')::bigint,
           (w #>> '{ActivityExecute,id}')::bigint, w #>> '{ActivityExecute,session_id}', w #>> '{ActivityExecute,tag}'
      FROM jsonb_array_elements(coalesce(p_worker_items, '[]')) w;
    DELETE FROM @schema@.worker_queue q USING jsonb_array_elements(coalesce(p_cancelled_activities, '[]')) c
     WHERE q.instance_id = c ->> 'instance' AND q.execution_id = (c ->> 'execution_id')::bigint
       AND q.activity_id = (c ->> 'activity_id')::bigint;
    INSERT INTO @schema@.orchestrator_queue (instance_id, work_item, visible_at, created_at)
    SELECT coalesce(o #>> '{SubOrchCompleted,parent_instance}', o #>> '{SubOrchFailed,parent_instance}',
                    (SELECT m.value ->> 'instance' FROM jsonb_each(o) m LIMIT 1), instance), o::text,
           coalesce(to_timestamp(nullif((o #>> '{TimerFired,fire_at_ms}')::bigint, 0) / 1000.0), now), now
      FROM jsonb_array_elements(coalesce(p_orchestrator_items, '[]')) o;
    DELETE FROM @schema@.orchestrator_queue q WHERE q.instance_id = instance AND q.lock_token = p_lock_token;
END $$;

CREATE FUNCTION @schema@.abandon_orchestration_item(
    p_lock_token text, p_now_ms bigint, p_delay_ms bigint DEFAULT NULL, p_ignore_attempt boolean DEFAULT false
) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    instance text := substr(p_lock_token, 38);
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(instance, '@schema@'::regnamespace::oid::bigint));
    DELETE FROM @schema@.instance_locks l
     WHERE l.instance_id = instance AND l.lock_token = p_lock_token;
    IF NOT FOUND THEN
        RAISE object_not_in_prerequisite_state USING MESSAGE = 'Invalid lock token';
    END IF;
    UPDATE @schema@.orchestrator_queue q
       SET lock_token = NULL, locked_until = NULL,
           visible_at = CASE WHEN p_delay_ms > 0 THEN clock_timestamp() + p_delay_ms * interval '1 ms'
                             ELSE q.visible_at END,
           attempt_count = greatest(q.attempt_count - p_ignore_attempt::integer, 0)
     WHERE q.instance_id = instance AND q.lock_token = p_lock_token;
    RETURN instance;
END $$;

CREATE FUNCTION @schema@.renew_orchestration_item_lock(p_lock_token text, p_now_ms bigint, p_extend_secs bigint)
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    instance text := substr(p_lock_token, 38);
    now_ms bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(instance, '@schema@'::regnamespace::oid::bigint));
    now_ms := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
    UPDATE @schema@.instance_locks l SET locked_until = now_ms + p_extend_secs * 1000
     WHERE l.instance_id = instance AND l.lock_token = p_lock_token AND l.locked_until > now_ms;
    IF NOT FOUND THEN
        RAISE object_not_in_prerequisite_state
            USING MESSAGE = 'Lock token invalid, expired, or already released';
    END IF;
    UPDATE @schema@.orchestrator_queue q SET locked_until = now_ms + p_extend_secs * 1000
     WHERE q.instance_id = instance AND q.lock_token = p_lock_token;
END $$;

CREATE FUNCTION @schema@.fetch_history(p_instance_id text) RETURNS TABLE(out_event_data text)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT h.event_data FROM @schema@.history h
     WHERE h.instance_id = p_instance_id AND h.execution_id =
           (SELECT i.current_execution_id FROM @schema@.instances i WHERE i.instance_id = p_instance_id)
     ORDER BY h.event_id $$;

CREATE FUNCTION @schema@.fetch_history_with_execution(p_instance_id text, p_execution_id bigint)
    RETURNS TABLE(out_event_data text)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT h.event_data FROM @schema@.history h
     WHERE h.instance_id = p_instance_id AND h.execution_id = p_execution_id ORDER BY h.event_id $$;

CREATE FUNCTION @schema@.get_custom_status(p_instance_id text, p_last_seen_version bigint)
    RETURNS TABLE(out_custom_status text, out_custom_status_version bigint)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT i.custom_status, i.custom_status_version::bigint FROM @schema@.instances i
     WHERE i.instance_id = p_instance_id AND i.custom_status_version > p_last_seen_version $$;

$ddl$, '@schema@', quote_ident(schema)); END $part$;
COMMENT ON FUNCTION bgjob.duroxide_turns(name) IS 'part of create_duroxide_schema';
