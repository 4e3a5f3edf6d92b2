/^CREATE TABLE erlang_bridge\.permission (/,/^)/s/^    what text,/&\n    note text,/
/^REVOKE ALL ON ALL FUNCTIONS IN SCHEMA erlang_bridge FROM PUBLIC/i\
CREATE FUNCTION erlang_bridge.is_next() RETURNS boolean\
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'erlang_bridge_is_next';
/^GRANT USAGE ON SCHEMA erlang_bridge TO erlang_call/i\
GRANT EXECUTE ON FUNCTION erlang_bridge.is_next() TO erlang_admin;
