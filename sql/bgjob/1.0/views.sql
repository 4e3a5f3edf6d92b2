-- Views of durable jobs ----------------------------------------------------------------------
-- Each shows what belongs to roles whose rights the reader has. They are security barriers: no
-- function of the reader sees another row.

CREATE FUNCTION bgjob.state_name(state smallint, due_at timestamptz, running boolean) RETURNS text
    LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'bgjob_state_name';
COMMENT ON FUNCTION bgjob.state_name(smallint, timestamptz, boolean) IS 'behind the view bgjob.jobs';

CREATE FUNCTION bgjob.entry_name(kind smallint, state smallint, OUT kind_name text, OUT state_name text)
    RETURNS record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'bgjob_entry_name';
COMMENT ON FUNCTION bgjob.entry_name(smallint, smallint) IS 'behind the view bgjob.steps';

CREATE FUNCTION bgjob.durable_workers(
    OUT pid integer, OUT role_oid oid, OUT job bigint, OUT since timestamptz, OUT in_hand integer
) RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL RESTRICTED ROWS 10 AS 'MODULE_PATHNAME', 'bgjob_durable_workers';
COMMENT ON FUNCTION bgjob.durable_workers() IS 'behind the views bgjob.workers and bgjob.jobs';

CREATE FUNCTION bgjob.refused_roles(OUT role_oid oid, OUT sqlstate text, OUT next_try timestamptz)
    RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL RESTRICTED ROWS 10 AS 'MODULE_PATHNAME', 'bgjob_refused_roles';
COMMENT ON FUNCTION bgjob.refused_roles() IS 'behind bgjob.stuck(): roles whose workers cannot connect';

CREATE VIEW bgjob.jobs WITH (security_barrier) AS
    SELECT j.id, j.key, COALESCE(q.name, 'default') AS queue,
           CASE j.kind WHEN 1 THEN 'statement' ELSE 'workflow' END AS kind,
           bgjob.state_name(j.state, j.due_at, w.job IS NOT NULL) AS state,
           pg_catalog.pg_get_userbyid(j.role) AS role, j.command, j.args, j.priority, j.attempt,
           j.due_at, j.enqueued_at, COALESCE(j.began_at, w.since) AS began_at, j.ended_at,
           j.sqlstate, j.message, j.parent, j.status, j.result
      -- The reader's rights are looked at outside: a UNION ALL at the top is no barrier.
      FROM (SELECT l.id, l.key, l.queue, l.kind, l.state, l.role, l.command, l.args, l.priority,
                   l.attempt, l.due_at, l.enqueued_at, l.began_at, NULL::timestamptz AS ended_at,
                   l.sqlstate, l.message, l.parent, l.status, NULL::jsonb AS result
              FROM bgjob.job l
            UNION ALL
            SELECT d.id, d.key, d.queue, d.kind, d.state, d.role, d.command, d.args, d.priority,
                   d.attempt, NULL AS due_at, d.enqueued_at, d.began_at, d.due_at AS ended_at,
                   d.sqlstate, d.message, d.parent, d.status, NULL AS result
              FROM bgjob.job_dead d
            UNION ALL
            SELECT r.id, r.key, r.queue, r.kind, r.state, r.role, r.command, r.args, r.priority,
                   r.attempt, r.due_at, r.enqueued_at, r.began_at, r.ended_at,
                   r.sqlstate, r.message, r.parent, r.status, r.result
              FROM bgjob.job_run r) j
      LEFT JOIN bgjob.queue q ON q.id = j.queue
      LEFT JOIN bgjob.durable_workers() w ON w.job = j.id AND j.ended_at IS NULL
     WHERE pg_catalog.pg_has_role(j.role, 'USAGE');
COMMENT ON VIEW bgjob.jobs IS 'durable jobs: those to come, under way, and ended as long as they are remembered';

CREATE VIEW bgjob.steps WITH (security_barrier) AS
    SELECT s.job, s.seq, n.kind_name AS kind, s.name,
           CASE s.kind WHEN 8 THEN NULL ELSE s.occurrence END AS occurrence,
           CASE s.kind WHEN 8 THEN s.occurrence END AS undoes, n.state_name AS state, s.attempt,
           s.began_at, CASE WHEN slept.over THEN s.due_at ELSE s.ended_at END AS ended_at,
           s.due_at, s.result, s.undo
      FROM bgjob.step s
      JOIN bgjob.jobs j ON j.id = s.job,
           LATERAL (SELECT s.kind = 3 AND s.due_at <= pg_catalog.clock_timestamp()) slept(over),
           bgjob.entry_name(s.kind, CASE WHEN slept.over THEN 1::smallint ELSE s.state END) n;
COMMENT ON VIEW bgjob.steps IS 'what workflows have done and wait for; undo: the statement that would undo it, undoes: the step that it has undone';

-- The children of a map have ids from its reference on, until the next children begin.
CREATE VIEW bgjob.map_progress WITH (security_barrier) AS
    SELECT s.job, s.seq, s.name, s.occurrence, n.state_name AS state,
           c.total, c.succeeded, c.failed, c.cancelled,
           c.total - c.succeeded - c.failed - c.cancelled AS unfinished, s.began_at, s.ended_at
      FROM bgjob.step s
      JOIN bgjob.jobs j ON j.id = s.job,
           LATERAL (SELECT pg_catalog.min(l.reference) FROM bgjob.step l
                     WHERE l.job = s.job AND l.seq > s.seq AND l.kind IN (5, 7)) later(child),
           LATERAL (SELECT pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE k.state = 11),
                           pg_catalog.count(*) FILTER (WHERE k.state = 12),
                           pg_catalog.count(*) FILTER (WHERE k.state = 13)
                      FROM bgjob.child k
                     WHERE k.parent = s.job AND k.job >= s.reference
                       AND (later.child IS NULL OR k.job < later.child)) c(total, succeeded, failed, cancelled),
           bgjob.entry_name(s.kind, s.state) n
     WHERE s.kind = 7;
COMMENT ON VIEW bgjob.map_progress IS 'how far the maps of workflows have come: of how many rows the jobs have ended, and how';

CREATE VIEW bgjob.failures WITH (security_barrier) AS
    SELECT f.job, s.seq, s.name AS step, f.attempt, f.began_at, f.ended_at, f.sqlstate, f.message,
           f.detail, f.hint, f.context, f.args
      FROM bgjob.failure f
      JOIN bgjob.jobs j ON j.id = f.job
      LEFT JOIN bgjob.step s ON s.job = f.job AND s.seq = f.seq;
COMMENT ON VIEW bgjob.failures IS 'failed attempts of durable jobs and of their steps';

CREATE VIEW bgjob.waiting WITH (security_barrier) AS
    SELECT j.id AS job, j.key, COALESCE(q.name, 'default') AS queue,
           pg_catalog.pg_get_userbyid(j.role) AS role,
           bgjob.state_name(j.state, j.due_at, false) AS state,
           CASE j.state WHEN 1 THEN 'its time' WHEN 6 THEN 'resume' WHEN 10 THEN 'retry'
                        ELSE COALESCE(j.waits_for, 'another attempt') END AS waits_for,
           COALESCE(j.waits_since, j.enqueued_at) AS since,
           CASE WHEN j.state IN (1, 4, 5) AND pg_catalog.isfinite(j.due_at) THEN j.due_at END AS until
      FROM bgjob.job j
      LEFT JOIN bgjob.queue q ON q.id = j.queue
     WHERE pg_catalog.pg_has_role(j.role, 'USAGE')
       AND (j.state IN (6, 9, 10)
            OR j.state IN (1, 4, 5) AND j.due_at > pg_catalog.clock_timestamp());
COMMENT ON VIEW bgjob.waiting IS 'what each durable job waits for, since when, and until when at the latest';

CREATE VIEW bgjob.workers WITH (security_barrier) AS
    SELECT w.pid, pg_catalog.pg_get_userbyid(w.role_oid) AS role, w.job,
           (SELECT s.name FROM bgjob.step s
             WHERE s.job = w.job AND s.state IN (3, 4) ORDER BY s.seq DESC LIMIT 1) AS step,
           w.since, w.in_hand
      FROM bgjob.durable_workers() w;
COMMENT ON VIEW bgjob.workers IS
    'the workers of this database and the durable jobs they run; step: one that was begun before, in_hand: jobs that the worker has taken on';

CREATE FUNCTION bgjob.stuck(older_than interval DEFAULT '10 min')
    RETURNS TABLE (job bigint, key text, queue text, role name, state text, why text, since timestamptz)
    -- Just after many jobs have come the planner still takes the tables for small.
    LANGUAGE sql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp SET enable_nestloop = off AS $$
    SELECT j.id, j.key, j.queue, j.role, j.state, s.why, s.since
      FROM bgjob.jobs j
      LEFT JOIN bgjob.waiting w ON w.job = j.id
      LEFT JOIN bgjob.workers r ON r.job = j.id
      LEFT JOIN bgjob.refused_roles() f ON pg_catalog.pg_get_userbyid(f.role_oid) = j.role,
           LATERAL (SELECT CASE
               WHEN j.role NOT IN (SELECT rolname FROM pg_roles) THEN 'its role was dropped'
               WHEN j.state = 'needs_attention' THEN w.waits_for
               WHEN j.state = 'quarantined' THEN 'the server or its worker ended while it was run, again and again'
               WHEN j.state IN ('waiting', 'retrying') AND w.until IS NULL AND w.since < now() - older_than
                   THEN 'waits without an end for ' || w.waits_for
               WHEN j.state IN ('running', 'cancelling', 'undoing') AND r.since < now() - older_than
                   THEN 'runs for long'
               WHEN j.state IN ('ready', 'cancelling', 'undoing') AND r.since IS NULL
                    AND f.sqlstate IS NOT NULL
                   THEN 'its role cannot connect: SQLSTATE ' || f.sqlstate
               WHEN j.state IN ('ready', 'cancelling', 'undoing') AND r.since IS NULL
                    AND j.due_at < now() - older_than
                   THEN 'is due and not started' END,
               COALESCE(w.since, r.since, j.due_at)) s(why, since)
     WHERE j.ended_at IS NULL AND s.why IS NOT NULL
     ORDER BY s.since, j.id
$$;
COMMENT ON FUNCTION bgjob.stuck(interval) IS 'durable jobs that somebody should look at, and why';

CREATE VIEW bgjob.storage WITH (security_barrier) AS
    SELECT s.relname AS table_name, pg_catalog.pg_total_relation_size(s.relid) AS bytes,
           s.n_live_tup AS live_rows, s.n_dead_tup AS dead_rows,
           GREATEST(s.last_vacuum, s.last_autovacuum) AS last_vacuum,
           x.age AS oldest_xmin_age, x.holder AS oldest_xmin_holder
      FROM pg_catalog.pg_stat_all_tables s
      LEFT JOIN (SELECT h.age, h.holder
                   FROM (SELECT pg_catalog.age(a.backend_xmin) AS age, 'session ' || a.pid AS holder
                           FROM pg_catalog.pg_stat_activity a
                          WHERE a.backend_xmin IS NOT NULL AND a.pid <> pg_catalog.pg_backend_pid()
                            AND (a.datname = pg_catalog.current_database() OR a.datname IS NULL)
                         UNION ALL
                         SELECT pg_catalog.age(r.xmin) AS age, 'replication slot ' || r.slot_name AS holder
                           FROM pg_catalog.pg_replication_slots r WHERE r.xmin IS NOT NULL
                         UNION ALL
                         SELECT pg_catalog.age(p.transaction) AS age, 'prepared transaction ' || p.gid AS holder
                           FROM pg_catalog.pg_prepared_xacts p
                          WHERE p.database = pg_catalog.current_database()) h
                  ORDER BY h.age DESC LIMIT 1) x ON true
     WHERE s.schemaname = 'bgjob';
COMMENT ON VIEW bgjob.storage IS
    'size and dead rows of the tables behind durable jobs, and who keeps dead rows from being removed';

CREATE FUNCTION bgjob.status(job bigint,
    OUT id bigint, OUT key text, OUT kind text, OUT state text, OUT status text, OUT result jsonb,
    OUT sqlstate text, OUT message text, OUT attempt integer, OUT cancel_asked boolean,
    OUT waits_for text, OUT waits_since timestamptz, OUT enqueued_at timestamptz,
    OUT due_at timestamptz, OUT began_at timestamptz, OUT ended_at timestamptz
) RETURNS record
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_status';
COMMENT ON FUNCTION bgjob.status(bigint) IS
    'how it is with a durable job; an end that is told survives a crash of the server';

CREATE FUNCTION bgjob.trace(job bigint) RETURNS text
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_trace';
COMMENT ON FUNCTION bgjob.trace(bigint) IS
    'a durable job drawn as a timeline: its steps, waits, attempts and children';

