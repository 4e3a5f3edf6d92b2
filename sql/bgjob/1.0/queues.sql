-- Queues -------------------------------------------------------------------------------------

-- The queue "default" has the id 0 and no row as long as it has no options of its own.
CREATE SEQUENCE bgjob.queue_id AS integer;
COMMENT ON SEQUENCE bgjob.queue_id IS 'ids of queues';
CREATE TABLE bgjob.queue (
    id integer NOT NULL,
    name text NOT NULL,
    paused boolean NOT NULL DEFAULT false,
    options jsonb NOT NULL DEFAULT '{}',    -- core/queue_limits.hpp; what is not there is the default
    CONSTRAINT queue_pkey PRIMARY KEY (id),
    CONSTRAINT queue_name_key UNIQUE (name)
) USING heap;
COMMENT ON TABLE bgjob.queue IS 'private: queues of durable jobs';
SELECT pg_catalog.pg_extension_config_dump('bgjob.queue_id', '');
SELECT pg_catalog.pg_extension_config_dump('bgjob.queue', '');

CREATE FUNCTION bgjob.set_queue(name text, options jsonb DEFAULT '{}') RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'bgjob_set_queue';
COMMENT ON FUNCTION bgjob.set_queue(text, jsonb) IS
    'make a queue, or change those of its options that are given; null takes one back to its default. Needs CREATE on the database';

CREATE FUNCTION bgjob.drop_queue(name text) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'bgjob_drop_queue';
COMMENT ON FUNCTION bgjob.drop_queue(text) IS
    'drop a queue that has no jobs. Needs CREATE on the database';

CREATE FUNCTION bgjob.pause_queue(name text) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'bgjob_pause_queue';
COMMENT ON FUNCTION bgjob.pause_queue(text) IS
    'start no more jobs of the queue; those that run go on. Needs CREATE on the database';

CREATE FUNCTION bgjob.resume_queue(name text) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'bgjob_resume_queue';
COMMENT ON FUNCTION bgjob.resume_queue(text) IS
    'start jobs of the queue again. Needs CREATE on the database';

CREATE FUNCTION bgjob.queue_options(options jsonb) RETURNS jsonb
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'bgjob_queue_options';
COMMENT ON FUNCTION bgjob.queue_options(jsonb) IS 'behind the view bgjob.queues';

CREATE FUNCTION bgjob.jobs_in_hand() RETURNS SETOF bigint
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_jobs_in_hand';
COMMENT ON FUNCTION bgjob.jobs_in_hand() IS 'behind the view bgjob.queues';

CREATE VIEW bgjob.queues WITH (security_barrier) AS
    SELECT q.name, q.paused, bgjob.queue_options(q.options) AS options,
           j.ready, j.scheduled, j.waiting, j.running, j.oldest_due
      FROM (SELECT id, name, paused, options FROM bgjob.queue
            UNION ALL
            SELECT 0 AS id, 'default' AS name, false AS paused, '{}' AS options
             WHERE NOT EXISTS (SELECT FROM bgjob.queue WHERE id = 0)) q
      CROSS JOIN LATERAL (
            SELECT pg_catalog.count(*) FILTER (WHERE e.due AND e.starts AND NOT e.in_hand) AS ready,
                   pg_catalog.count(*) FILTER (WHERE NOT e.due AND e.starts AND e.state <> 5) AS scheduled,
                   pg_catalog.count(*) FILTER (WHERE NOT e.due AND e.state = 5) AS waiting,
                   pg_catalog.count(*) FILTER (WHERE e.in_hand) AS running,
                   pg_catalog.min(e.due_at) FILTER (WHERE e.due AND e.starts AND NOT e.in_hand) AS oldest_due
              FROM (SELECT b.state, b.due_at, b.due_at <= pg_catalog.clock_timestamp() AS due,
                           b.state IN (1, 2, 4, 5, 7, 8) AS starts,
                           h.id IS NOT NULL AS in_hand
                      FROM bgjob.job b LEFT JOIN bgjob.jobs_in_hand() h(id) ON h.id = b.id
                     WHERE b.queue = q.id AND pg_catalog.pg_has_role(b.role::oid, 'USAGE')) e) j;
COMMENT ON VIEW bgjob.queues IS
    'queues, what holds in them, and how many of their unfinished jobs are ready, scheduled for later, waiting for something, running: jobs of the reader''s roles';
