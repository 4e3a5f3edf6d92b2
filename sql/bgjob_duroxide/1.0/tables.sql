\echo Use "CREATE EXTENSION bgjob_duroxide" to load this file. \quit

-- Parts of a schema ----------------------------------------------------------------------------
-- Each of these functions makes a part of a schema; in what they run, @schema@ is its quoted name.
-- Names have no dollar signs, which could end a function's body.

CREATE FUNCTION bgjob.duroxide_tables(schema name) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $part$
BEGIN EXECUTE replace($ddl$

-- Keys are compared by bytes, which is what their functions do.
CREATE TABLE @schema@._duroxide_migrations (
    version bigint PRIMARY KEY,
    name text NOT NULL,
    applied_at timestamptz DEFAULT CURRENT_TIMESTAMP
) USING heap;

CREATE TABLE @schema@.instances (
    instance_id text COLLATE "C" NOT NULL,
    orchestration_name text NOT NULL,
    orchestration_version text,
    current_execution_id bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    parent_instance_id text COLLATE "C",
    custom_status text,
    custom_status_version integer NOT NULL DEFAULT 0,
    CONSTRAINT instances_pkey PRIMARY KEY (instance_id)
) USING heap WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX instances_parent ON @schema@.instances (parent_instance_id)
    WHERE parent_instance_id IS NOT NULL;

CREATE TABLE @schema@.executions (
    instance_id text COLLATE "C" NOT NULL,
    execution_id bigint NOT NULL,
    status text NOT NULL DEFAULT 'Running',
    output text,
    started_at timestamptz NOT NULL,
    completed_at timestamptz,
    duroxide_version_major integer,
    duroxide_version_minor integer,
    duroxide_version_patch integer,
    CONSTRAINT executions_pkey PRIMARY KEY (instance_id, execution_id)
) USING heap WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE @schema@.history (
    instance_id text COLLATE "C" NOT NULL,
    execution_id bigint NOT NULL,
    event_id bigint NOT NULL,
    event_type text NOT NULL,
    event_data text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT history_pkey PRIMARY KEY (instance_id, execution_id, event_id)
) USING heap;

CREATE TABLE @schema@.orchestrator_queue (
    id bigserial,
    instance_id text COLLATE "C" NOT NULL,
    work_item text NOT NULL,
    visible_at timestamptz NOT NULL,
    lock_token text COLLATE "C",
    locked_until bigint,
    created_at timestamptz NOT NULL,
    attempt_count integer NOT NULL DEFAULT 0,
    CONSTRAINT orchestrator_queue_pkey PRIMARY KEY (instance_id, id)
) USING heap WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
CREATE INDEX orchestrator_queue_due ON @schema@.orchestrator_queue (visible_at, id);

CREATE TABLE @schema@.worker_queue (
    id bigserial,
    work_item text NOT NULL,
    visible_at timestamptz NOT NULL,
    lock_token text COLLATE "C",
    locked_until bigint,
    created_at timestamptz NOT NULL,
    attempt_count integer NOT NULL DEFAULT 0,
    instance_id text COLLATE "C",
    execution_id bigint,
    activity_id bigint,
    session_id text COLLATE "C",
    tag text COLLATE "C",
    CONSTRAINT worker_queue_pkey PRIMARY KEY (id)
) USING heap WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
CREATE INDEX worker_queue_due ON @schema@.worker_queue (tag, visible_at, id)
    WHERE session_id IS NULL;
CREATE INDEX worker_queue_session_due ON @schema@.worker_queue (tag, visible_at, id)
    WHERE session_id IS NOT NULL;
CREATE INDEX worker_queue_activity ON @schema@.worker_queue (instance_id, execution_id, activity_id);

CREATE TABLE @schema@.instance_locks (
    instance_id text COLLATE "C" NOT NULL,
    lock_token text COLLATE "C" NOT NULL,
    locked_until bigint NOT NULL,
    locked_at bigint NOT NULL,
    CONSTRAINT instance_locks_pkey PRIMARY KEY (instance_id)
) USING heap WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

CREATE TABLE @schema@.sessions (
    session_id text COLLATE "C" NOT NULL,
    worker_id text NOT NULL,
    locked_until bigint NOT NULL,
    last_activity_at bigint NOT NULL,
    CONSTRAINT sessions_pkey PRIMARY KEY (session_id)
) USING heap WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE @schema@.kv_store (
    instance_id text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    value text NOT NULL,
    execution_id bigint NOT NULL,
    last_updated_at_ms bigint NOT NULL DEFAULT 0,
    CONSTRAINT kv_store_pkey PRIMARY KEY (instance_id, key)
) USING heap;

-- What the current execution has written; no value: it has cleared the key.
CREATE TABLE @schema@.kv_delta (
    instance_id text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    value text,
    last_updated_at_ms bigint NOT NULL,
    CONSTRAINT kv_delta_pkey PRIMARY KEY (instance_id, key)
) USING heap;

INSERT INTO @schema@._duroxide_migrations (version, name) VALUES
    (1, '0001_initial_schema.sql'),
    (2, '0002_create_stored_procedures.sql'),
    (3, '0003_add_attempt_count.sql'),
    (4, '0004_update_stored_procedures_for_attempt_count.sql'),
    (5, '0005_add_visible_at_to_worker_queue.sql'),
    (6, '0006_use_rust_timestamps.sql'),
    (7, '0007_add_execution_state_support.sql'),
    (8, '0008_remove_execution_state.sql'),
    (9, '0009_add_activity_cancellation_support.sql'),
    (10, '0010_add_deletion_and_pruning_support.sql'),
    (11, '0011_fix_cancellation_ordering.sql'),
    (12, '0012_require_timestamps.sql'),
    (13, '0013_add_capability_filtering.sql'),
    (14, '0014_add_session_support.sql'),
    (15, '0015_add_custom_status.sql'),
    (16, '0016_add_activity_tags.sql'),
    (17, '0017_retry_orchestration_fetch_on_contention.sql'),
    (18, '0018_add_kv_store.sql'),
    (19, '0019_add_kv_last_updated.sql'),
    (20, '0020_add_kv_delta.sql'),
    (21, '0021_add_get_instance_stats.sql'),
    (23, '0023_partial_secondary_indexes.sql');

$ddl$, '@schema@', quote_ident(schema)); END $part$;
COMMENT ON FUNCTION bgjob.duroxide_tables(name) IS 'part of create_duroxide_schema';
