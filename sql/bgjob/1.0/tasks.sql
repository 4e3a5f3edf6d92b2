
-- Tasks --------------------------------------------------------------------------------------
-- Work that workflows ask of programs outside. A row is there until its workflow has taken the
-- result, or waits no longer.

CREATE SEQUENCE bgjob.task_id;
COMMENT ON SEQUENCE bgjob.task_id IS 'ids of tasks';
CREATE TABLE bgjob.task (
    id bigint NOT NULL,
    queue text COLLATE "C" NOT NULL,
    state smallint NOT NULL,    -- 1 open, 2 done, 3 failed
    due_at timestamptz NOT NULL, -- when it may be fetched; while leased, the end of the lease
    job bigint NOT NULL,
    seq integer NOT NULL,       -- of the step of the job
    role regrole NOT NULL,
    name text NOT NULL,
    attempt integer NOT NULL,   -- fetched so often
    attempts integer NOT NULL,  -- and at most so often
    published_at timestamptz NOT NULL,
    fetched_at timestamptz,
    worker text,                -- that has it, or had it when it was over
    retry jsonb,
    payload jsonb,
    result jsonb                -- if it failed: its error
) USING heap WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
CREATE UNIQUE INDEX task_pkey ON bgjob.task (id);
CREATE INDEX task_due ON bgjob.task (queue, due_at, id);
CREATE INDEX task_job ON bgjob.task (job);
COMMENT ON TABLE bgjob.task IS 'private: tasks of workflows for programs outside';

CREATE TABLE bgjob.task_grant (
    queue text COLLATE "C" NOT NULL,
    role regrole NOT NULL,
    CONSTRAINT task_grant_pkey PRIMARY KEY (queue, role)
) USING heap;
COMMENT ON TABLE bgjob.task_grant IS 'private: who may fetch all tasks of a queue';

SELECT pg_catalog.pg_extension_config_dump('bgjob.task_id', '');
SELECT pg_catalog.pg_extension_config_dump('bgjob.task', '');
SELECT pg_catalog.pg_extension_config_dump('bgjob.task_grant', '');

CREATE PROCEDURE bgjob.task(
    name text,
    queue text,
    input jsonb,
    timeout interval DEFAULT NULL,
    attempts integer DEFAULT NULL,
    retry jsonb DEFAULT NULL
)
    LANGUAGE c AS 'MODULE_PATHNAME', 'bgjob_task';
COMMENT ON PROCEDURE bgjob.task(text, text, jsonb, interval, integer, jsonb) IS
    'in a workflow: have a program outside do something, and wait until it is done; the timeout is one of the whole, after which the task fails with SQLSTATE JB001; 5 attempts unless said otherwise';

CREATE PROCEDURE bgjob.task(
    name text,
    queue text,
    input jsonb,
    INOUT result jsonb,
    timeout interval DEFAULT NULL,
    attempts integer DEFAULT NULL,
    retry jsonb DEFAULT NULL
)
    LANGUAGE c AS 'MODULE_PATHNAME', 'bgjob_task_result';
COMMENT ON PROCEDURE bgjob.task(text, text, jsonb, jsonb, interval, integer, jsonb) IS
    'the same; result is what the program gave to bgjob.complete_task()';

CREATE FUNCTION bgjob.fetch_task(
    queue text,
    worker text,
    lease interval DEFAULT '30 s',
    max integer DEFAULT 1,
    OUT id bigint,
    OUT name text,
    OUT task_queue text,
    OUT payload jsonb,
    OUT attempt integer,
    OUT idempotency_key text,
    OUT lease_until timestamptz,
    OUT job bigint,
    OUT role text
) RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 1 AS 'MODULE_PATHNAME', 'bgjob_fetch_task';
COMMENT ON FUNCTION bgjob.fetch_task(text, text, interval, integer) IS
    'for programs: take tasks of a queue, each for the time of the lease; another attempt at the same task has the same idempotency_key; role is whose workflow asks';

CREATE PROCEDURE bgjob.wait_task(queue text, timeout interval DEFAULT NULL)
    LANGUAGE c AS 'MODULE_PATHNAME', 'bgjob_wait_task';
COMMENT ON PROCEDURE bgjob.wait_task(text, interval) IS
    'for programs: return when there is a task to fetch in the queue, or after the timeout; holds no snapshot meanwhile, so it cannot be called within a transaction';

CREATE FUNCTION bgjob.complete_task(id bigint, worker text, result jsonb DEFAULT NULL) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_complete_task';
COMMENT ON FUNCTION bgjob.complete_task(bigint, text, jsonb) IS
    'for programs: the task is done; SQLSTATE 55000 if the worker has lost its lease, 42704 if nobody waits for it any longer';

CREATE FUNCTION bgjob.fail_task(
    id bigint,
    worker text,
    message text,
    sqlstate text DEFAULT NULL,
    retryable boolean DEFAULT true,
    detail text DEFAULT NULL,
    hint text DEFAULT NULL
) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_fail_task';
COMMENT ON FUNCTION bgjob.fail_task(bigint, text, text, text, boolean, text, text) IS
    'for programs: the attempt has failed; the task is to be fetched again after its back-off if it is retryable and attempts are left, or else fails in its workflow, with SQLSTATE 38000 unless given';

CREATE FUNCTION bgjob.renew_task(id bigint, worker text, lease interval DEFAULT '30 s') RETURNS text
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_renew_task';
COMMENT ON FUNCTION bgjob.renew_task(bigint, text, interval) IS
    'for programs: begin the lease anew; the state of the job that waits for the task, such as waiting or cancelling, or withdrawn if none does any longer';

-- Not given by grant_usage: a queue can be used by workflows of any role.
CREATE FUNCTION bgjob.grant_tasks(queue text, role regrole) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF queue IS NULL OR role IS NULL THEN
        RAISE null_value_not_allowed
            USING MESSAGE = CASE WHEN queue IS NULL THEN 'queue' ELSE 'role' END || ' must not be null';
    ELSIF octet_length(queue) NOT BETWEEN 1 AND 255 THEN
        RAISE invalid_parameter_value USING MESSAGE = 'queue name must have 1 to 255 bytes';
    END IF;
    INSERT INTO bgjob.task_grant VALUES (grant_tasks.queue, grant_tasks.role) ON CONFLICT DO NOTHING;
END $$;
COMMENT ON FUNCTION bgjob.grant_tasks(text, regrole) IS
    'let a role work on the tasks of a queue, whichever role''s workflows they belong to';

CREATE FUNCTION bgjob.revoke_tasks(queue text, role regrole) RETURNS void
    LANGUAGE sql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$ DELETE FROM bgjob.task_grant g
           WHERE g.queue = revoke_tasks.queue AND g.role = revoke_tasks.role $$;
COMMENT ON FUNCTION bgjob.revoke_tasks(text, regrole) IS 'take back what grant_tasks gave';

CREATE VIEW bgjob.tasks WITH (security_barrier) AS
    SELECT t.id, t.job, t.name, t.queue, pg_catalog.pg_get_userbyid(t.role) AS role,
           CASE WHEN t.state = 2 THEN 'done'
                WHEN t.state = 3 THEN 'failed'
                WHEN t.due_at <= pg_catalog.clock_timestamp() THEN 'ready'
                WHEN t.worker IS NULL THEN 'retrying'
                ELSE 'leased' END AS state,
           t.attempt, t.attempts, t.worker,
           CASE WHEN t.state = 1 THEN t.due_at END AS due_at,
           t.published_at, t.fetched_at, t.payload, t.result
      FROM bgjob.task t
     WHERE pg_catalog.pg_has_role(t.role, 'USAGE')
        OR EXISTS (SELECT FROM bgjob.task_grant g
                    WHERE g.queue = t.queue AND pg_catalog.pg_has_role(g.role, 'USAGE'));
COMMENT ON VIEW bgjob.tasks IS
    'tasks of workflows that programs have not done yet, or whose workflow has not gone on yet; due_at is when it may be fetched, which is the end of the lease while it is leased';
