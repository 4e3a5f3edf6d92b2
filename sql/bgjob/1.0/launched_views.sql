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

CREATE VIEW bgjob.launched WITH (security_barrier) AS
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

CREATE VIEW bgjob.activity WITH (security_barrier) AS
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

CREATE VIEW bgjob.stats WITH (security_barrier) AS
    SELECT c.*, c.execution_ms / NULLIF(c.succeeded + c.failed + c.cancelled, 0) AS avg_execution_ms
      FROM bgjob.counters() c;
COMMENT ON VIEW bgjob.stats IS
    'counters of the whole server since its start: jobs by outcome (timed_out is part of failed), the queue, the pool, memory';

