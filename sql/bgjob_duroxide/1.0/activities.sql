
CREATE FUNCTION bgjob.duroxide_activities(schema name) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $part$
BEGIN EXECUTE replace($ddl$

CREATE FUNCTION @schema@.enqueue_worker_work(
    p_work_item text, p_now_ms bigint, p_instance_id text DEFAULT NULL, p_execution_id bigint DEFAULT NULL,
    p_activity_id bigint DEFAULT NULL, p_session_id text DEFAULT NULL, p_tag text DEFAULT NULL
) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO @schema@.worker_queue (work_item, visible_at, created_at, instance_id, execution_id, activity_id, session_id, tag)
    VALUES (p_work_item, clock_timestamp(), clock_timestamp(), p_instance_id, p_execution_id, p_activity_id, p_session_id, p_tag) $$;

CREATE FUNCTION @schema@.fetch_work_item(
    p_now_ms bigint, p_lock_timeout_ms bigint, p_owner_id text DEFAULT NULL,
    p_session_lock_timeout_ms bigint DEFAULT NULL, p_tag_filter text[] DEFAULT NULL,
    p_tag_mode text DEFAULT 'default_only'
) RETURNS TABLE(out_work_item text, out_lock_token text, out_attempt_count integer)
    LANGUAGE plpgsql ROWS 1 SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    item record;
    now_ms bigint := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
BEGIN
    FOR item IN
        SELECT q.id, q.session_id FROM @schema@.worker_queue q
          LEFT JOIN @schema@.sessions s ON s.session_id = q.session_id AND s.locked_until > now_ms
         WHERE q.visible_at <= statement_timestamp()
           AND (q.lock_token IS NULL OR q.locked_until <= now_ms)
           AND (q.session_id IS NULL
                OR p_owner_id IS NOT NULL AND (s.session_id IS NULL OR s.worker_id = p_owner_id))
           AND CASE p_tag_mode WHEN 'default_only' THEN q.tag IS NULL
                               WHEN 'tags' THEN q.tag = ANY (p_tag_filter)
                               WHEN 'default_and' THEN q.tag IS NULL OR q.tag = ANY (p_tag_filter)
                               WHEN 'any' THEN true ELSE false END
         ORDER BY q.visible_at, q.id FOR UPDATE OF q SKIP LOCKED
    LOOP
        now_ms := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
        IF item.session_id IS NOT NULL THEN
            INSERT INTO @schema@.sessions AS s (session_id, worker_id, locked_until, last_activity_at)
            VALUES (item.session_id, p_owner_id,
                now_ms + coalesce(p_session_lock_timeout_ms, p_lock_timeout_ms), now_ms)
            ON CONFLICT (session_id) DO UPDATE SET worker_id = excluded.worker_id,
                locked_until = excluded.locked_until, last_activity_at = excluded.last_activity_at
                WHERE s.locked_until <= now_ms OR s.worker_id = excluded.worker_id;
            CONTINUE WHEN NOT FOUND;
        END IF;
        out_lock_token := gen_random_uuid() || ':' || item.id;
        UPDATE @schema@.worker_queue q
           SET lock_token = out_lock_token, locked_until = now_ms + p_lock_timeout_ms,
               attempt_count = q.attempt_count + 1
         WHERE q.id = item.id RETURNING q.work_item, q.attempt_count INTO out_work_item, out_attempt_count;
        RETURN NEXT;
        RETURN;
    END LOOP;
END $$;

CREATE FUNCTION @schema@.ack_worker(
    p_lock_token text, p_instance_id text DEFAULT NULL, p_completion_json text DEFAULT NULL, p_now_ms bigint DEFAULT NULL
) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    session text;
    now_ms bigint := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
BEGIN
    IF p_completion_json IS NOT NULL AND p_instance_id IS NULL THEN
        RAISE null_value_not_allowed
            USING MESSAGE = 'p_instance_id is required when p_completion_json is provided';
    END IF;
    DELETE FROM @schema@.worker_queue q
     WHERE q.id = substring(p_lock_token, '^.{36}:([0-9]{1,18})$')::bigint
       AND q.lock_token = p_lock_token AND q.locked_until > now_ms
    RETURNING q.session_id INTO session;
    IF NOT FOUND THEN
        RAISE object_not_in_prerequisite_state
            USING MESSAGE = 'Worker queue item not found or already processed';
    END IF;
    UPDATE @schema@.sessions s SET last_activity_at = now_ms
     WHERE s.session_id = session AND s.locked_until > now_ms;
    IF p_completion_json IS NOT NULL THEN
        PERFORM @schema@.enqueue_orchestrator_work(p_instance_id, p_completion_json, clock_timestamp());
    END IF;
END $$;

CREATE FUNCTION @schema@.abandon_work_item(
    p_lock_token text, p_now_ms bigint, p_delay_ms bigint DEFAULT NULL, p_ignore_attempt boolean DEFAULT false
) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE @schema@.worker_queue q
       SET lock_token = NULL, locked_until = NULL,
           visible_at = clock_timestamp() + greatest(coalesce(p_delay_ms, 0), 0) * interval '1 ms',
           attempt_count = greatest(q.attempt_count - p_ignore_attempt::integer, 0)
     WHERE q.id = substring(p_lock_token, '^.{36}:([0-9]{1,18})$')::bigint AND q.lock_token = p_lock_token;
    IF NOT FOUND THEN
        RAISE object_not_in_prerequisite_state USING MESSAGE = 'Invalid lock token or already acked';
    END IF;
END $$;

CREATE FUNCTION @schema@.renew_work_item_lock(p_lock_token text, p_now_ms bigint, p_extend_secs bigint)
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    session text;
    now_ms bigint := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
BEGIN
    UPDATE @schema@.worker_queue q SET locked_until = now_ms + p_extend_secs * 1000
     WHERE q.id = substring(p_lock_token, '^.{36}:([0-9]{1,18})$')::bigint
       AND q.lock_token = p_lock_token AND q.locked_until > now_ms
    RETURNING q.session_id INTO session;
    IF NOT FOUND THEN
        RAISE object_not_in_prerequisite_state
            USING MESSAGE = 'Lock token invalid, expired, or already acked';
    END IF;
    UPDATE @schema@.sessions s SET last_activity_at = now_ms
     WHERE s.session_id = session AND s.locked_until > now_ms;
END $$;

$ddl$, '@schema@', quote_ident(schema)); END $part$;
COMMENT ON FUNCTION bgjob.duroxide_activities(name) IS 'part of create_duroxide_schema';
