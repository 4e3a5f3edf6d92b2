\echo Use "ALTER EXTENSION walrus UPDATE" to load this file. \quit

ALTER TABLE walrus.history ADD COLUMN note text;

CREATE FUNCTION walrus.is_next() RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'walrus_is_next';
REVOKE ALL ON FUNCTION walrus.is_next() FROM PUBLIC;
