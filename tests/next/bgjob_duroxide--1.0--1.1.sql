\echo Use "ALTER EXTENSION bgjob_duroxide UPDATE" to load this file. \quit

CREATE FUNCTION bgjob.duroxide_is_next() RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'bgjob_is_next';
COMMENT ON FUNCTION bgjob.duroxide_is_next() IS 'of the next version';
