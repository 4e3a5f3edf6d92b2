-- Schedules ----------------------------------------------------------------------------------

CREATE SEQUENCE bgjob.schedule_id;
COMMENT ON SEQUENCE bgjob.schedule_id IS 'ids of schedules';
CREATE TABLE bgjob.schedule (
    id bigint NOT NULL,
    role regrole NOT NULL,
    paused boolean NOT NULL,
    kind smallint NOT NULL,     -- these and the next as in bgjob.job
    priority smallint NOT NULL,
    queue integer NOT NULL,
    name text NOT NULL,
    cron text NOT NULL,         -- core/cron.hpp
    tz text NOT NULL,
    overlap text NOT NULL,      -- core/schedule.hpp
    catchup text NOT NULL,
    search_path text NOT NULL,
    command text NOT NULL,
    args jsonb,
    options jsonb,
    settled_at timestamptz NOT NULL, -- all planned times up to here are settled
    next_at timestamptz NOT NULL,    -- when to look again
    last_run_at timestamptz,
    last_job bigint,
    waiting jsonb NOT NULL,     -- planned times whose turn has not come, in microseconds since 1970
    problem text                -- why the latest run could not be started
) USING heap WITH (fillfactor = 50);
CREATE UNIQUE INDEX schedule_pkey ON bgjob.schedule (id);
CREATE UNIQUE INDEX schedule_name ON bgjob.schedule (role, name);
COMMENT ON TABLE bgjob.schedule IS 'private: schedules of durable jobs';

-- Jobs of schedules that have not ended.
CREATE TABLE bgjob.schedule_run (
    schedule bigint NOT NULL,
    job bigint NOT NULL
) USING heap;
CREATE UNIQUE INDEX schedule_run_pkey ON bgjob.schedule_run (schedule, job);
COMMENT ON TABLE bgjob.schedule_run IS 'private: unfinished jobs of schedules';

SELECT pg_catalog.pg_extension_config_dump('bgjob.schedule_id', '');
SELECT pg_catalog.pg_extension_config_dump('bgjob.schedule', '');
SELECT pg_catalog.pg_extension_config_dump('bgjob.schedule_run', '');

CREATE FUNCTION bgjob.schedule(
    name text,
    cron text,
    command text,
    args jsonb DEFAULT NULL,
    tz text DEFAULT NULL,
    overlap text DEFAULT 'skip',
    catchup text DEFAULT 'none',
    queue text DEFAULT 'default',
    priority integer DEFAULT NULL,
    options jsonb DEFAULT NULL
) RETURNS timestamptz
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_schedule';
COMMENT ON FUNCTION bgjob.schedule(text, text, text, jsonb, text, text, text, text, integer, jsonb) IS
    'run a statement at the times of a cron expression, as enqueue does; replaces the current role''s schedule of that name; the next planned time';

CREATE FUNCTION bgjob.schedule_workflow(
    name text,
    cron text,
    procedure text,
    input jsonb DEFAULT NULL,
    tz text DEFAULT NULL,
    overlap text DEFAULT 'skip',
    catchup text DEFAULT 'none',
    queue text DEFAULT 'default',
    priority integer DEFAULT NULL,
    options jsonb DEFAULT NULL
) RETURNS timestamptz
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_schedule_workflow';
COMMENT ON FUNCTION bgjob.schedule_workflow(text, text, text, jsonb, text, text, text, text, integer, jsonb) IS
    'start a workflow at the times of a cron expression, as start does; replaces the current role''s schedule of that name; the next planned time';

CREATE FUNCTION bgjob.unschedule(name text, role regrole DEFAULT NULL) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_unschedule';
COMMENT ON FUNCTION bgjob.unschedule(text, regrole) IS
    'remove a schedule of the current or another role; jobs that it has started go on';

CREATE FUNCTION bgjob.pause_schedule(name text, role regrole DEFAULT NULL) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_pause_schedule';
COMMENT ON FUNCTION bgjob.pause_schedule(text, regrole) IS
    'start no planned job of a schedule until it is resumed';

CREATE FUNCTION bgjob.resume_schedule(name text, role regrole DEFAULT NULL) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_resume_schedule';
COMMENT ON FUNCTION bgjob.resume_schedule(text, regrole) IS
    'go on with a paused schedule; what was planned meanwhile is not caught up';

CREATE FUNCTION bgjob.run_schedule(name text, role regrole DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_run_schedule';
COMMENT ON FUNCTION bgjob.run_schedule(text, regrole) IS
    'start the job of a schedule once, now; the id of the job';

CREATE FUNCTION bgjob.next_times(
    cron text,
    tz text DEFAULT NULL,
    n integer DEFAULT 5,
    after timestamptz DEFAULT NULL
) RETURNS SETOF timestamptz
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'bgjob_next_times';
COMMENT ON FUNCTION bgjob.next_times(text, text, integer, timestamptz) IS
    'the next times of a cron expression in a time zone, by default the session''s, after a moment, by default now';

CREATE VIEW bgjob.schedules WITH (security_barrier) AS
    SELECT s.name, pg_catalog.pg_get_userbyid(s.role) AS role, s.cron, s.tz, s.command, s.args,
           s.overlap, s.catchup,
           COALESCE(q.name, 'default') AS queue, s.priority, s.options, s.paused,
           CASE WHEN NOT s.paused THEN s.next_at END AS next_at, s.last_run_at, s.last_job,
           (SELECT pg_catalog.count(*) FROM bgjob.schedule_run r WHERE r.schedule = s.id) AS unfinished,
           pg_catalog.jsonb_array_length(s.waiting) AS waiting, s.problem
      FROM bgjob.schedule s LEFT JOIN bgjob.queue q ON q.id = s.queue
     WHERE pg_catalog.pg_has_role(s.role, 'USAGE');
COMMENT ON VIEW bgjob.schedules IS
    'schedules of the reader''s roles: what is run when, and how it went; waiting: planned times whose turn has not come; problem: why the latest job could not be started';
