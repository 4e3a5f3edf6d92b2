-- Durable jobs -------------------------------------------------------------------------------
-- The tables are private: the module writes them by their access methods and knows the order of
-- their columns (pg/durable/*_table.cpp); views show them to those they belong to.

CREATE SEQUENCE bgjob.job_id;
COMMENT ON SEQUENCE bgjob.job_id IS 'ids of durable jobs';

-- Jobs that have not ended. One that has succeeded is gone.
CREATE TABLE bgjob.job (
    id bigint NOT NULL,
    queue integer NOT NULL,
    priority smallint NOT NULL,
    state smallint NOT NULL,    -- core/durable_state.hpp
    kind smallint NOT NULL,     -- 1 statement, 2 workflow
    cancel_asked boolean NOT NULL,
    attempt integer NOT NULL,   -- failed ones so far
    role regrole NOT NULL,
    due_at timestamptz NOT NULL,
    enqueued_at timestamptz NOT NULL,
    began_at timestamptz,       -- a workflow that has suspended
    waits_since timestamptz,
    waits_for text,             -- what a suspended workflow waits for, in words
    parent bigint,
    sqlstate text,              -- of the last failure
    message text,               -- the same, or the reason of a cancel
    status text,                -- as the workflow says
    key text,
    search_path text NOT NULL,
    command text NOT NULL,      -- a statement, or a procedure's name
    args jsonb,
    options jsonb,              -- core/job_options.hpp
    schedule bigint             -- that it is a run of
) USING heap WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
CREATE UNIQUE INDEX job_pkey ON bgjob.job (id);
CREATE INDEX job_due ON bgjob.job (queue, priority DESC, due_at, id);
COMMENT ON TABLE bgjob.job IS 'private: durable jobs that have not ended';

-- Keys stand for their jobs as long as those are remembered.
CREATE TABLE bgjob.job_key (
    role regrole NOT NULL,
    key text NOT NULL,
    job bigint NOT NULL,
    CONSTRAINT job_key_pkey PRIMARY KEY (role, key)
) USING heap;
CREATE INDEX job_key_job ON bgjob.job_key (job);
COMMENT ON TABLE bgjob.job_key IS 'private: keys of durable jobs';

-- Failed attempts: of a job (seq 0) or of one of its steps.
CREATE TABLE bgjob.failure (
    job bigint NOT NULL,
    seq integer NOT NULL,
    attempt integer NOT NULL,
    began_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    sqlstate text NOT NULL,
    message text NOT NULL,
    detail text,
    hint text,
    context text,
    args jsonb                  -- bound values
) USING heap;
CREATE INDEX failure_job ON bgjob.failure (job, seq);
COMMENT ON TABLE bgjob.failure IS 'private: failed attempts of durable jobs and their steps';

-- Steps ------------------------------------------------------------------------------------------

-- What a workflow has done or waits for; append-only but for the entry it waits at.
CREATE TABLE bgjob.step (
    job bigint NOT NULL,
    seq integer NOT NULL,       -- from 1, in the order of their begin
    kind smallint NOT NULL,     -- core/flow_history.hpp
    state smallint NOT NULL,    -- the same
    occurrence integer NOT NULL,
    attempt integer NOT NULL,   -- failed ones so far
    began_at timestamptz NOT NULL,
    ended_at timestamptz,
    due_at timestamptz,         -- of a wait: its end; of a retry: the next attempt
    reference bigint,           -- task, or first child
    name text NOT NULL,
    result jsonb,               -- if it failed: its error
    undo text,
    undo_args jsonb
) USING heap WITH (fillfactor = 90);
CREATE UNIQUE INDEX step_pkey ON bgjob.step (job, seq);
COMMENT ON TABLE bgjob.step IS 'private: steps and waits of workflows';

-- Signals that no workflow has taken yet.
CREATE SEQUENCE bgjob.signal_id;
COMMENT ON SEQUENCE bgjob.signal_id IS 'the order of signals';
CREATE TABLE bgjob.signal (
    job bigint NOT NULL,
    name_hash bigint NOT NULL,
    id bigint NOT NULL,
    sent_at timestamptz NOT NULL,
    name text NOT NULL,
    payload jsonb
) USING heap WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
CREATE UNIQUE INDEX signal_pkey ON bgjob.signal (job, name_hash, id);
COMMENT ON TABLE bgjob.signal IS 'private: signals in the mailboxes of workflows';

-- Children and how they ended, for their parent's join.
CREATE TABLE bgjob.child (
    parent bigint NOT NULL,
    job bigint NOT NULL,
    state smallint NOT NULL,    -- of a job that ended; else 0
    turn smallint NOT NULL DEFAULT 0, -- of a map's: 1 has come, 2 waits for another to end
    sqlstate text,
    message text,
    result jsonb
) USING heap WITH (fillfactor = 70);
CREATE UNIQUE INDEX child_pkey ON bgjob.child (parent, job);
COMMENT ON TABLE bgjob.child IS 'private: children of workflows';

CREATE FUNCTION bgjob.enqueue(
    command text,
    args jsonb DEFAULT NULL,
    run_at timestamptz DEFAULT NULL,
    queue text DEFAULT 'default',
    key text DEFAULT NULL,
    priority integer DEFAULT NULL,
    options jsonb DEFAULT NULL
) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_enqueue';
COMMENT ON FUNCTION bgjob.enqueue(text, jsonb, timestamptz, text, text, integer, jsonb) IS
    'run a statement once, when this transaction has committed and its time has come: args is an array for $1, $2, ...; the id of the job, or of the one with the same key';

CREATE FUNCTION bgjob.start(
    procedure text,
    input jsonb DEFAULT NULL,
    run_at timestamptz DEFAULT NULL,
    queue text DEFAULT 'default',
    key text DEFAULT NULL,
    priority integer DEFAULT NULL,
    options jsonb DEFAULT NULL
) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_start';
COMMENT ON FUNCTION bgjob.start(text, jsonb, timestamptz, text, text, integer, jsonb) IS
    'start a workflow, when this transaction has committed and its time has come: a procedure with one argument of type jsonb; the id of the job, or of the one with the same key';

SELECT pg_catalog.pg_extension_config_dump('bgjob.job_id', '');
SELECT pg_catalog.pg_extension_config_dump('bgjob.job', '');
SELECT pg_catalog.pg_extension_config_dump('bgjob.job_key', '');
SELECT pg_catalog.pg_extension_config_dump('bgjob.failure', '');
SELECT pg_catalog.pg_extension_config_dump('bgjob.step', '');
SELECT pg_catalog.pg_extension_config_dump('bgjob.signal_id', '');
SELECT pg_catalog.pg_extension_config_dump('bgjob.signal', '');
SELECT pg_catalog.pg_extension_config_dump('bgjob.child', '');

