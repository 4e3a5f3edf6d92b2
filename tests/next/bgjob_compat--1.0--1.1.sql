\echo Use "ALTER EXTENSION bgjob_compat UPDATE" to load this file. \quit

CREATE FUNCTION pg_background_is_next() RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'bgjob_is_next';
COMMENT ON FUNCTION pg_background_is_next() IS 'of the next version';
