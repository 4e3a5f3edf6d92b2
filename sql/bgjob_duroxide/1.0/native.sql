
-- Functions in C, which only a superuser may make. They become the property of the schema's owner;
-- whoever calls this has no other use of it.
CREATE FUNCTION bgjob.duroxide_native(schema regnamespace) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $part$
DECLARE
    routine regprocedure;
BEGIN
    IF schema::text ~ '[$]' OR to_regclass(schema || '._duroxide_migrations') IS NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('schema %s is not made for Duroxide', schema);
    END IF;
    EXECUTE replace($ddl$

CREATE FUNCTION @schema@.enqueue_orchestrator_work(
    p_instance_id text, p_work_item text, p_visible_at timestamptz,
    p_orchestration_name text DEFAULT NULL, p_orchestration_version text DEFAULT NULL,
    p_execution_id bigint DEFAULT NULL
) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_duroxide_enqueue_orchestrator_work';

CREATE FUNCTION @schema@.enqueue_message(
    p_instance_id text, p_work_item text, p_visible_at_ms bigint, p_now_ms bigint
) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_duroxide_enqueue_message';

CREATE FUNCTION @schema@.enqueue_completion(
    p_instance_id text, p_completion_json text, p_now_ms bigint
) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_duroxide_enqueue_now';

CREATE FUNCTION @schema@.enqueue_orchestration_work(
    p_instance_id text, p_work_item text, p_now_ms bigint
) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_duroxide_enqueue_now';

CREATE FUNCTION @schema@.fetch_orchestration_item(
    p_now_ms bigint, p_lock_timeout_ms bigint, p_min_version_packed bigint DEFAULT NULL,
    p_max_version_packed bigint DEFAULT NULL
) RETURNS TABLE(out_instance_id text, out_orchestration_name text, out_orchestration_version text,
          out_execution_id bigint, out_history jsonb, out_messages jsonb, out_lock_token text,
          out_attempt_count integer, out_kv_snapshot jsonb)
    LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 1 AS 'MODULE_PATHNAME', 'bgjob_duroxide_fetch_orchestration_item';

CREATE FUNCTION @schema@.ack_orchestration_item(
    p_lock_token text, p_now_ms bigint, p_execution_id bigint, p_history_delta jsonb,
    p_worker_items jsonb, p_orchestrator_items jsonb, p_metadata jsonb,
    p_cancelled_activities jsonb DEFAULT '[]'
) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_duroxide_ack_orchestration_item';

CREATE FUNCTION @schema@.abandon_orchestration_item(
    p_lock_token text, p_now_ms bigint, p_delay_ms bigint DEFAULT NULL,
    p_ignore_attempt boolean DEFAULT false
) RETURNS text
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_duroxide_abandon_orchestration_item';

CREATE FUNCTION @schema@.renew_orchestration_item_lock(
    p_lock_token text, p_now_ms bigint, p_extend_secs bigint
) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_duroxide_renew_orchestration_item_lock';

CREATE FUNCTION @schema@.fetch_history(
    p_instance_id text
) RETURNS TABLE(out_event_data text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_duroxide_fetch_history';

CREATE FUNCTION @schema@.fetch_history_with_execution(
    p_instance_id text, p_execution_id bigint
) RETURNS TABLE(out_event_data text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_duroxide_fetch_history_with_execution';

CREATE FUNCTION @schema@.get_custom_status(
    p_instance_id text, p_last_seen_version bigint
) RETURNS TABLE(out_custom_status text, out_custom_status_version bigint)
    LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 1 AS 'MODULE_PATHNAME', 'bgjob_duroxide_get_custom_status';

CREATE FUNCTION @schema@.enqueue_worker_work(
    p_work_item text, p_now_ms bigint, p_instance_id text DEFAULT NULL,
    p_execution_id bigint DEFAULT NULL, p_activity_id bigint DEFAULT NULL,
    p_session_id text DEFAULT NULL, p_tag text DEFAULT NULL
) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_duroxide_enqueue_worker_work';

CREATE FUNCTION @schema@.fetch_work_item(
    p_now_ms bigint, p_lock_timeout_ms bigint, p_owner_id text DEFAULT NULL,
    p_session_lock_timeout_ms bigint DEFAULT NULL, p_tag_filter text[] DEFAULT NULL,
    p_tag_mode text DEFAULT 'default_only'
) RETURNS TABLE(out_work_item text, out_lock_token text, out_attempt_count integer)
    LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 1 AS 'MODULE_PATHNAME', 'bgjob_duroxide_fetch_work_item';

CREATE FUNCTION @schema@.ack_worker(
    p_lock_token text, p_instance_id text DEFAULT NULL, p_completion_json text DEFAULT NULL,
    p_now_ms bigint DEFAULT NULL
) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_duroxide_ack_worker';

CREATE FUNCTION @schema@.abandon_work_item(
    p_lock_token text, p_now_ms bigint, p_delay_ms bigint DEFAULT NULL,
    p_ignore_attempt boolean DEFAULT false
) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_duroxide_abandon_work_item';

CREATE FUNCTION @schema@.renew_work_item_lock(
    p_lock_token text, p_now_ms bigint, p_extend_secs bigint
) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_duroxide_renew_work_item_lock';

$ddl$, '@schema@', schema::text);
    FOR routine IN
        SELECT p.oid FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
         WHERE p.pronamespace = schema AND l.lanname = 'c' AND p.proname = ANY (bgjob.duroxide_functions())
    LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO %I', routine,
            (SELECT r.rolname FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner
              WHERE n.oid = schema));
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', routine);
    END LOOP;
END $part$;
COMMENT ON FUNCTION bgjob.duroxide_native(regnamespace) IS 'part of create_duroxide_schema';
