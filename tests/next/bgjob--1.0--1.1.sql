\echo Use "ALTER EXTENSION bgjob UPDATE" to load this file. \quit

ALTER TABLE bgjob.queue ADD COLUMN note text;
COMMENT ON COLUMN bgjob.queue.note IS 'of the next version';

CREATE OR REPLACE FUNCTION bgjob.revoke_usage(role regrole) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, pg_temp
    AS $$ SELECT bgjob.usage_privileges($1, 'REVOKE', 'FROM') $$;

CREATE VIEW bgjob.notes WITH (security_barrier) AS SELECT q.name, q.note FROM bgjob.queue q;

CREATE FUNCTION bgjob.is_next() RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'bgjob_is_next';
COMMENT ON FUNCTION bgjob.is_next() IS 'of the next version';
REVOKE ALL ON FUNCTION bgjob.is_next() FROM PUBLIC;
