\echo Use "CREATE EXTENSION bgjob" to load this file. \quit

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

-- Views --------------------------------------------------------------------------------------

CREATE FUNCTION bgjob.launched_jobs(
    OUT id bigint, OUT cookie bigint, OUT label text, OUT state text, OUT keeps_rows boolean,
    OUT database_oid oid, OUT owner_oid oid, OUT launcher_oid oid, OUT launcher_pid integer, OUT worker_pid integer,
    OUT queued_at timestamptz, OUT started_at timestamptz, OUT finished_at timestamptz,
    OUT row_count bigint, OUT memory_bytes bigint, OUT file_bytes bigint, OUT command_tag text,
    OUT sqlstate text, OUT last_error text, OUT percent integer, OUT progress_message text,
    OUT queue_size integer, OUT timeout interval, OUT cancel_requested boolean, OUT sql_preview text
) RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_launched_jobs';
COMMENT ON FUNCTION bgjob.launched_jobs() IS 'behind the view bgjob.launched';

CREATE VIEW bgjob.launched AS
    SELECT j.id, j.cookie, j.label, j.state, j.keeps_rows,
           d.datname AS database, pg_catalog.pg_get_userbyid(j.owner_oid) AS owner,
           pg_catalog.pg_get_userbyid(j.launcher_oid) AS launcher, j.launcher_pid, j.worker_pid,
           j.queued_at, j.started_at, j.finished_at, j.row_count, j.memory_bytes, j.file_bytes,
           j.command_tag, j.sqlstate, j.last_error, j.percent, j.progress_message,
           j.queue_size, j.timeout, j.cancel_requested, j.sql_preview
      FROM bgjob.launched_jobs() j LEFT JOIN pg_catalog.pg_database d ON d.oid = j.database_oid;
COMMENT ON VIEW bgjob.launched IS
    'every launched job of the server that the reader may see: own roles'' jobs and those launched by the reader; pg_read_all_stats sees all, without cookies';

CREATE FUNCTION bgjob.workers_now(
    OUT pid integer, OUT state text, OUT database_oid oid, OUT role_oid oid, OUT job_id bigint,
    OUT started_at timestamptz, OUT since timestamptz, OUT jobs_done bigint
) RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_workers_now';
COMMENT ON FUNCTION bgjob.workers_now() IS 'behind the view bgjob.activity';

CREATE VIEW bgjob.activity AS
    SELECT w.pid, w.state, d.datname AS database, pg_catalog.pg_get_userbyid(w.role_oid) AS role,
           w.job_id, w.started_at, w.since, w.jobs_done,
           a.xact_start, a.query_start, a.wait_event_type, a.wait_event, a.backend_xid, a.backend_xmin, a.query
      FROM bgjob.workers_now() w
      LEFT JOIN pg_catalog.pg_database d ON d.oid = w.database_oid
      LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = w.pid;
COMMENT ON VIEW bgjob.activity IS 'the workers of the pool: what each does, for whom, since when';

CREATE FUNCTION bgjob.counters(
    OUT launched bigint, OUT succeeded bigint, OUT failed bigint, OUT cancelled bigint, OUT timed_out bigint,
    OUT lost bigint, OUT queued bigint, OUT running bigint, OUT retained bigint, OUT workers bigint,
    OUT workers_started bigint, OUT worker_start_failures bigint, OUT cancels_too_late bigint, OUT rows_kept bigint,
    OUT bytes_spilled bigint, OUT shared_memory_bytes bigint, OUT execution_ms double precision,
    OUT queue_ms double precision, OUT since timestamptz
) RETURNS record
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_counters';
COMMENT ON FUNCTION bgjob.counters() IS 'behind the view bgjob.stats';

CREATE VIEW bgjob.stats AS
    SELECT c.*, c.execution_ms / NULLIF(c.succeeded + c.failed + c.cancelled, 0) AS avg_execution_ms
      FROM bgjob.counters() c;
COMMENT ON VIEW bgjob.stats IS
    'counters of the whole server since its start: jobs by outcome (timed_out is part of failed), the queue, the pool, memory';

-- Privileges ---------------------------------------------------------------------------------

CREATE FUNCTION bgjob.usage_privileges(role regrole, verb text, preposition text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    routine regprocedure;
    relation regclass;
BEGIN
    EXECUTE format('%s USAGE ON SCHEMA bgjob %s %s', verb, preposition, role);
    FOR routine IN
        SELECT p.oid FROM pg_proc p
         WHERE p.pronamespace = 'bgjob'::regnamespace
           AND p.proname NOT IN ('usage_privileges', 'grant_usage', 'revoke_usage')
    LOOP
        EXECUTE format('%s EXECUTE ON FUNCTION %s %s %s', verb, routine, preposition, role);
    END LOOP;
    FOR relation IN
        SELECT c.oid FROM pg_class c WHERE c.relnamespace = 'bgjob'::regnamespace AND c.relkind = 'v'
    LOOP
        EXECUTE format('%s SELECT ON %s %s %s', verb, relation, preposition, role);
    END LOOP;
END $$;
COMMENT ON FUNCTION bgjob.usage_privileges(regrole, text, text) IS 'behind grant_usage and revoke_usage';

CREATE FUNCTION bgjob.grant_usage(role regrole) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, pg_temp
    AS $$ SELECT bgjob.usage_privileges(role, 'GRANT', 'TO') $$;
COMMENT ON FUNCTION bgjob.grant_usage(regrole) IS 'let a role use bgjob: its schema, functions and views';

CREATE FUNCTION bgjob.revoke_usage(role regrole) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, pg_temp
    AS $$ SELECT bgjob.usage_privileges(role, 'REVOKE', 'FROM') $$;
COMMENT ON FUNCTION bgjob.revoke_usage(regrole) IS 'take back what grant_usage gave';

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA bgjob FROM PUBLIC;
REVOKE ALL ON SCHEMA bgjob FROM PUBLIC;
