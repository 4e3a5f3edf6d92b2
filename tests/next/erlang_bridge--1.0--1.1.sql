\echo Use "ALTER EXTENSION erlang_bridge UPDATE" to load this file. \quit

ALTER TABLE erlang_bridge.permission ADD COLUMN note text;

CREATE FUNCTION erlang_bridge.is_next() RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'erlang_bridge_is_next';
REVOKE ALL ON FUNCTION erlang_bridge.is_next() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erlang_bridge.is_next() TO erlang_admin;
