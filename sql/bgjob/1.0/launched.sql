-- Launched jobs ------------------------------------------------------------------------------

CREATE TYPE bgjob.handle AS (id bigint, cookie bigint);
COMMENT ON TYPE bgjob.handle IS 'names one launched job; the cookie is 64 random bits, never 0';

CREATE TYPE bgjob.outcome AS (
    state text,
    row_count bigint,
    command_tag text,
    sqlstate text,
    message text,
    detail text,
    hint text,
    context text,
    schema_name text,
    table_name text,
    column_name text,
    datatype_name text,
    constraint_name text,
    queued_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz
);
COMMENT ON TYPE bgjob.outcome IS 'how a launched job stands or ended: its state, its rows, its error';

CREATE TYPE bgjob.progress_report AS (percent integer, message text, reported_at timestamptz);
COMMENT ON TYPE bgjob.progress_report IS 'what a job last said of itself: 0 to 100 percent and a message';

CREATE FUNCTION bgjob.launch_support(internal) RETURNS internal
    LANGUAGE c STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'bgjob_launch_support';
COMMENT ON FUNCTION bgjob.launch_support(internal) IS 'planner support: refuses (bgjob.launch(...)).*, which would launch once per column';

CREATE FUNCTION bgjob.launch(
    sql text,
    queue_size integer DEFAULT 0,
    label text DEFAULT NULL,
    timeout interval DEFAULT NULL,
    nowait boolean DEFAULT false
) RETURNS bgjob.handle
    LANGUAGE c VOLATILE PARALLEL UNSAFE SUPPORT bgjob.launch_support
    AS 'MODULE_PATHNAME', 'bgjob_launch';
COMMENT ON FUNCTION bgjob.launch(text, integer, text, interval, boolean) IS
    'run SQL in a background worker and keep its rows: queue_size is bytes of shared memory before rows go to a file (0: bgjob.queue_size), timeout ends the job with an error, nowait raises 53000 instead of queueing';

CREATE FUNCTION bgjob.submit(
    sql text,
    queue_size integer DEFAULT 0,
    label text DEFAULT NULL,
    timeout interval DEFAULT NULL,
    nowait boolean DEFAULT false
) RETURNS bgjob.handle
    LANGUAGE c VOLATILE PARALLEL UNSAFE SUPPORT bgjob.launch_support
    AS 'MODULE_PATHNAME', 'bgjob_submit';
COMMENT ON FUNCTION bgjob.submit(text, integer, text, interval, boolean) IS
    'like launch, but the rows are thrown away where they arise';

CREATE FUNCTION bgjob.result(id bigint, cookie bigint, skip bigint DEFAULT 0, max_rows bigint DEFAULT NULL)
    RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_result';
COMMENT ON FUNCTION bgjob.result(bigint, bigint, bigint, bigint) IS
    'the rows of a launched job, from row skip+1 and at most max_rows of them; waits for them, may be called again until detach';

CREATE FUNCTION bgjob.result_json(id bigint, cookie bigint, skip bigint DEFAULT 0, max_rows bigint DEFAULT NULL)
    RETURNS SETOF jsonb
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_result_json';
COMMENT ON FUNCTION bgjob.result_json(bigint, bigint, bigint, bigint) IS
    'like result, each row as a JSON object, so no column list is needed';

CREATE FUNCTION bgjob.run(sql text, timeout interval DEFAULT NULL) RETURNS SETOF jsonb
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_run';
COMMENT ON FUNCTION bgjob.run(text, interval) IS
    'launch, wait, take the rows as JSON and detach; the job is cancelled if the caller gives up';

CREATE FUNCTION bgjob.wait(id bigint, cookie bigint, timeout interval DEFAULT NULL) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_wait';
COMMENT ON FUNCTION bgjob.wait(bigint, bigint, interval) IS
    'wait until the job has ended: true if it has, false if the time ran out first';

CREATE FUNCTION bgjob.wait_any(handles bgjob.handle[], timeout interval DEFAULT NULL) RETURNS bgjob.handle
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_wait_any';
COMMENT ON FUNCTION bgjob.wait_any(bgjob.handle[], interval) IS
    'wait until one of the jobs has ended and return its handle; NULL if the time ran out first';

CREATE FUNCTION bgjob.cancel(id bigint, cookie bigint, grace interval DEFAULT '0') RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_cancel';
COMMENT ON FUNCTION bgjob.cancel(bigint, bigint, interval) IS
    'ask the job to stop; with a grace (at most 1 hour) wait that long and then end its worker''s session; true if the job has ended';

CREATE FUNCTION bgjob.detach(id bigint, cookie bigint) RETURNS void
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_detach';
COMMENT ON FUNCTION bgjob.detach(bigint, bigint) IS
    'forget the job and its rows; work that is not finished goes on and commits';

CREATE FUNCTION bgjob.detach_all() RETURNS integer
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_detach_all';
COMMENT ON FUNCTION bgjob.detach_all() IS 'detach every job that this session launched; returns how many';

CREATE FUNCTION bgjob.cancel_all() RETURNS integer
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_cancel_all';
COMMENT ON FUNCTION bgjob.cancel_all() IS 'cancel every unfinished job that this session launched; returns how many';

CREATE FUNCTION bgjob.purge() RETURNS integer
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_purge';
COMMENT ON FUNCTION bgjob.purge() IS
    'detach every finished job of this database whose owner''s rights the caller has; returns how many';

CREATE FUNCTION bgjob.outcome(id bigint, cookie bigint) RETURNS bgjob.outcome
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_outcome';
COMMENT ON FUNCTION bgjob.outcome(bigint, bigint) IS
    'how a job stands, without waiting and without raising its error; lost if the server restarted since';

CREATE FUNCTION bgjob.command(id bigint, cookie bigint) RETURNS text
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_command';
COMMENT ON FUNCTION bgjob.command(bigint, bigint) IS 'the whole SQL text of a job';

CREATE FUNCTION bgjob.report_progress(percent integer, message text DEFAULT NULL) RETURNS void
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_report_progress';
COMMENT ON FUNCTION bgjob.report_progress(integer, text) IS
    'called by a job: percent is clamped to 0..100, the message to 255 bytes';

CREATE FUNCTION bgjob.progress(id bigint, cookie bigint) RETURNS bgjob.progress_report
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_progress';
COMMENT ON FUNCTION bgjob.progress(bigint, bigint) IS 'what the job last reported, NULL if nothing yet';

