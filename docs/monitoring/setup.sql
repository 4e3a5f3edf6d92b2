-- For superusers, once a database: a role for monitoring, and what it may read. Views of durable jobs show what
-- belongs to roles whose rights the reader has; these functions count for all roles and give away no contents.
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'pgcrew_monitor') THEN
        CREATE ROLE pgcrew_monitor LOGIN CONNECTION LIMIT 5;
    END IF;
END $$;
GRANT pg_monitor TO pgcrew_monitor;
CREATE SCHEMA pgcrew_monitoring;
GRANT USAGE ON SCHEMA pgcrew_monitoring, bgjob TO pgcrew_monitor;
GRANT SELECT ON bgjob.stats, bgjob.activity, bgjob.launched, bgjob.storage TO pgcrew_monitor;
GRANT EXECUTE ON FUNCTION bgjob.counters(), bgjob.workers_now(), bgjob.launched_jobs() TO pgcrew_monitor;

CREATE FUNCTION pgcrew_monitoring.queues()
    RETURNS TABLE (queue text, paused integer, ready bigint, scheduled bigint, waiting bigint, running bigint, late_seconds double precision)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT name, paused::integer, ready, scheduled, waiting, running,
           coalesce(extract(epoch FROM clock_timestamp() - oldest_due), 0)
      FROM bgjob.queues
$$;
CREATE FUNCTION pgcrew_monitoring.states() RETURNS TABLE (state text, jobs bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT state, count(*) FROM bgjob.jobs WHERE ended_at IS NULL GROUP BY state
$$;
CREATE FUNCTION pgcrew_monitoring.attention()
    RETURNS TABLE (stuck bigint, quarantined bigint, needs_attention bigint, schedules_in_trouble bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT (SELECT count(*) FROM bgjob.stuck()),
           (SELECT count(*) FROM bgjob.waiting WHERE state = 'quarantined'),
           (SELECT count(*) FROM bgjob.waiting WHERE state = 'needs_attention'),
           (SELECT count(*) FROM bgjob.schedules WHERE problem IS NOT NULL)
$$;
CREATE FUNCTION pgcrew_monitoring.tasks()
    RETURNS TABLE (queue text, state text, tasks bigint, late_seconds double precision)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT queue, state, count(*),
           coalesce(max(extract(epoch FROM clock_timestamp() - due_at)) FILTER (WHERE state = 'ready'), 0)
      FROM bgjob.tasks GROUP BY queue, state
$$;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA pgcrew_monitoring FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pgcrew_monitoring TO pgcrew_monitor;
