\echo Use "CREATE EXTENSION erlang_bridge" to load this file. \quit

CREATE SCHEMA erlang_bridge;
COMMENT ON SCHEMA erlang_bridge IS 'tables of the extension erlang_bridge';

-- Nodes and permissions ----------------------------------------------------------------------

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'erlang_call') THEN
        CREATE ROLE erlang_call NOLOGIN;
        COMMENT ON ROLE erlang_call IS 'may use Erlang nodes, as far as erlang_grant() allows';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'erlang_admin') THEN
        CREATE ROLE erlang_admin NOLOGIN;
        COMMENT ON ROLE erlang_admin IS 'may add Erlang nodes and grant their use';
    END IF;
END $$;

CREATE TABLE erlang_bridge.node (
    name text PRIMARY KEY,
    sealed bytea NOT NULL,
    automatic boolean NOT NULL DEFAULT false,
    added_at timestamptz NOT NULL DEFAULT now(),
    cookie_set_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE erlang_bridge.node IS 'the Erlang nodes that may be reached, kept by erlang_node_add(), erlang_node_set_cookie() and erlang_node_remove()';
COMMENT ON COLUMN erlang_bridge.node.name IS 'name@host';
COMMENT ON COLUMN erlang_bridge.node.sealed IS 'its cookie, encrypted with the key in erlang_bridge.key_file';
COMMENT ON COLUMN erlang_bridge.node.automatic IS 'whether the server keeps a connection to it';
COMMENT ON COLUMN erlang_bridge.node.added_at IS 'when it was added';
COMMENT ON COLUMN erlang_bridge.node.cookie_set_at IS 'when its cookie was last set';

CREATE TABLE erlang_bridge.permission (
    role regrole,
    node text,
    what text,
    PRIMARY KEY (role, node, what)
);
COMMENT ON TABLE erlang_bridge.permission IS 'who may do what on which Erlang node, kept by erlang_grant() and erlang_revoke()';
COMMENT ON COLUMN erlang_bridge.permission.role IS 'the role, whose members may too';
COMMENT ON COLUMN erlang_bridge.permission.node IS 'name of a node, * stands for any run of characters';
COMMENT ON COLUMN erlang_bridge.permission.what IS 'module:function for calls or !server for messages, likewise';

CREATE FUNCTION erlang_bridge.table_changed() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'erlang_bridge_table_changed';
COMMENT ON FUNCTION erlang_bridge.table_changed() IS 'behind the tables: sessions forget what they have read';
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON erlang_bridge.node
    FOR EACH STATEMENT EXECUTE FUNCTION erlang_bridge.table_changed();
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON erlang_bridge.permission
    FOR EACH STATEMENT EXECUTE FUNCTION erlang_bridge.table_changed();
-- Who may write all tables (pg_write_all_data) could else grant himself any function of any node.
CREATE FUNCTION erlang_bridge.refuse_others() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'erlang_bridge_refuse_others';
COMMENT ON FUNCTION erlang_bridge.refuse_others() IS 'behind the tables: only their owner writes them';
CREATE TRIGGER refuse_others BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON erlang_bridge.node
    FOR EACH STATEMENT EXECUTE FUNCTION erlang_bridge.refuse_others();
CREATE TRIGGER refuse_others BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON erlang_bridge.permission
    FOR EACH STATEMENT EXECUTE FUNCTION erlang_bridge.refuse_others();
-- replication writes rows too
ALTER TABLE erlang_bridge.node ENABLE ALWAYS TRIGGER changed;
ALTER TABLE erlang_bridge.permission ENABLE ALWAYS TRIGGER changed;

-- A role that was dropped is left out: what comes into its place in another cluster is not known.
SELECT pg_catalog.pg_extension_config_dump('erlang_bridge.node', '');
SELECT pg_catalog.pg_extension_config_dump('erlang_bridge.permission', 'WHERE role IN (SELECT oid FROM pg_catalog.pg_roles)');

CREATE FUNCTION erlang_node_add(node text, cookie text, automatic boolean DEFAULT false) RETURNS void
    LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'erlang_bridge_node_add';
COMMENT ON FUNCTION erlang_node_add(text, text, boolean) IS
    'let a node be reached by its name and its cookie, which is stored encrypted; an automatic one is kept connected';

CREATE FUNCTION erlang_node_set_cookie(node text, cookie text) RETURNS void
    LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'erlang_bridge_node_set_cookie';
COMMENT ON FUNCTION erlang_node_set_cookie(text, text) IS 'replace the cookie of a node';

CREATE FUNCTION erlang_node_remove(node text) RETURNS boolean
    LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'erlang_bridge_node_remove';
COMMENT ON FUNCTION erlang_node_remove(text) IS 'forget a node and its cookie; false if it was not known';

CREATE FUNCTION erlang_bridge.check_cookie(node text) RETURNS void
    LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'erlang_bridge_check_cookie';
COMMENT ON FUNCTION erlang_bridge.check_cookie(text) IS
    'an error if the cookie of a node cannot be decrypted, say after a restore on a server with another key';

CREATE FUNCTION erlang_grant(role regrole, node text, what text) RETURNS boolean
    LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'erlang_bridge_grant';
COMMENT ON FUNCTION erlang_grant(regrole, text, text) IS
    'let a role call module:function or send to !server on a node, each with * for any run of characters; what gives control over a node must be named and needs a superuser; false if it was granted before';

CREATE FUNCTION erlang_revoke(role regrole, node text, what text) RETURNS boolean
    LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'erlang_bridge_revoke';
COMMENT ON FUNCTION erlang_revoke(regrole, text, text) IS
    'take back what erlang_grant() gave, written in the same way; false if it was not granted';

CREATE FUNCTION erlang_bridge.permitted(role regrole, node text, what text) RETURNS boolean
    LANGUAGE c STABLE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'erlang_bridge_permitted';
COMMENT ON FUNCTION erlang_bridge.permitted(regrole, text, text) IS
    'whether a role may call module:function or send to !server on a node';

-- Terms --------------------------------------------------------------------------------------

CREATE FUNCTION erlang_encode(value jsonb, options jsonb DEFAULT NULL) RETURNS bytea
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'erlang_bridge_encode';
COMMENT ON FUNCTION erlang_encode(jsonb, jsonb) IS
    'the value as a term in the external term format of Erlang, as term_to_binary/1 gives it';

CREATE FUNCTION erlang_decode(term bytea, options jsonb DEFAULT NULL) RETURNS jsonb
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'erlang_bridge_decode';
COMMENT ON FUNCTION erlang_decode(bytea, jsonb) IS
    'the value of a term in the external term format of Erlang, as term_to_binary/1 gives it';

-- Connections --------------------------------------------------------------------------------

CREATE FUNCTION erlang_connect(node text, cookie text) RETURNS boolean
    LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'erlang_bridge_connect';
COMMENT ON FUNCTION erlang_connect(text, text) IS
    'connect to a node by its name and cookie; true once it is connected, also if it was before';

CREATE FUNCTION erlang_connect(node text) RETURNS boolean
    LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'erlang_bridge_connect';
COMMENT ON FUNCTION erlang_connect(text) IS
    'connect to a node that was added; calls do so by themselves';

CREATE FUNCTION erlang_disconnect(node text) RETURNS boolean
    LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'erlang_bridge_disconnect';
COMMENT ON FUNCTION erlang_disconnect(text) IS
    'close the connections to a node, for all sessions: what is under way fails; false if there were none';

CREATE FUNCTION erlang_health(node text) RETURNS interval
    LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'erlang_bridge_health';
COMMENT ON FUNCTION erlang_health(text) IS
    'how long one round trip to the node takes';

CREATE FUNCTION erlang_peers(node text) RETURNS SETOF text
    LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'erlang_bridge_peers';
COMMENT ON FUNCTION erlang_peers(text) IS
    'the nodes that a node is connected to';

CREATE FUNCTION erlang_discover(host text) RETURNS TABLE (name text, port integer)
    LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'erlang_bridge_discover';
COMMENT ON FUNCTION erlang_discover(text) IS
    'the nodes of a host and their ports, by its epmd';

-- Calls --------------------------------------------------------------------------------------

CREATE FUNCTION erlang_call(node text, module text, function text, args jsonb DEFAULT '[]', timeout interval DEFAULT NULL, options jsonb DEFAULT NULL) RETURNS jsonb
    LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'erlang_bridge_call';
COMMENT ON FUNCTION erlang_call(text, text, text, jsonb, interval, jsonb) IS
    'call module:function with the elements of args and wait for its value; the timeout is erlang_bridge.call_timeout if none is given';

CREATE FUNCTION erlang_call_async(node text, module text, function text, args jsonb DEFAULT '[]', timeout interval DEFAULT NULL, options jsonb DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'erlang_bridge_call_async';
COMMENT ON FUNCTION erlang_call_async(text, text, text, jsonb, interval, jsonb) IS
    'begin a call whose value erlang_result() takes later, from any session of the same role';

CREATE FUNCTION erlang_result(id bigint, timeout interval DEFAULT NULL, options jsonb DEFAULT NULL) RETURNS jsonb
    LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'erlang_bridge_result';
COMMENT ON FUNCTION erlang_result(bigint, interval, jsonb) IS
    'take the value of an asynchronous call, once; waits for it until the timeout';

CREATE FUNCTION erlang_cancel(id bigint) RETURNS boolean
    LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'erlang_bridge_cancel';
COMMENT ON FUNCTION erlang_cancel(bigint) IS
    'give up an asynchronous call: its process on the node is killed, its value dropped; false if there is no such call';

CREATE FUNCTION erlang_call_many(node text, calls jsonb, timeout interval DEFAULT NULL, options jsonb DEFAULT NULL) RETURNS TABLE (n integer, result jsonb, sqlstate text, error text, detail text)
    LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'erlang_bridge_call_many';
COMMENT ON FUNCTION erlang_call_many(text, jsonb, interval, jsonb) IS
    'make many calls at once, each [module, function, args]; the n-th may fail without the others';

CREATE FUNCTION erlang_gen_call(node text, server text, request jsonb, timeout interval DEFAULT NULL, options jsonb DEFAULT NULL) RETURNS jsonb
    LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'erlang_bridge_gen_call';
COMMENT ON FUNCTION erlang_gen_call(text, text, jsonb, interval, jsonb) IS
    'gen_server:call to a server: its name, global:name, via:module:name or the JSON of a pid';

-- Messages -----------------------------------------------------------------------------------

CREATE FUNCTION erlang_cast(node text, module text, function text, args jsonb DEFAULT '[]', immediate boolean DEFAULT false) RETURNS void
    LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'erlang_bridge_cast';
COMMENT ON FUNCTION erlang_cast(text, text, text, jsonb, boolean) IS
    'call module:function at commit, without waiting; at once if immediate';

CREATE FUNCTION erlang_send(node text, name text, message jsonb, immediate boolean DEFAULT false) RETURNS void
    LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'erlang_bridge_send';
COMMENT ON FUNCTION erlang_send(text, text, jsonb, boolean) IS
    'send a message at commit, to a registered name, global:name, via:module:name or the JSON of a pid; at once if immediate';

CREATE FUNCTION erlang_gen_cast(node text, server text, request jsonb, immediate boolean DEFAULT false) RETURNS void
    LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'erlang_bridge_gen_cast';
COMMENT ON FUNCTION erlang_gen_cast(text, text, jsonb, boolean) IS
    'gen_server:cast at commit; at once if immediate';

-- Views --------------------------------------------------------------------------------------

CREATE FUNCTION erlang_bridge.nodes(OUT node text, OUT state text, OUT since timestamptz, OUT breaker text,
    OUT connections integer, OUT in_flight integer, OUT waiting integer, OUT otp_release text, OUT peer_flags text[],
    OUT calls bigint, OUT messages bigint, OUT errors bigint, OUT errors_by_sqlstate jsonb,
    OUT connect_attempts bigint, OUT connects bigint, OUT bytes_in bigint, OUT bytes_out bigint,
    OUT frames_dropped bigint, OUT last_failure text, OUT last_failure_at timestamptz) RETURNS SETOF record
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'erlang_bridge_nodes';
COMMENT ON FUNCTION erlang_bridge.nodes() IS 'behind the view erlang_nodes: the nodes of this database that are in use';

CREATE VIEW erlang_nodes AS
SELECT coalesce(n.name, u.node) AS node, n.name IS NOT NULL AS registered, coalesce(n.automatic, false) AS automatic,
       coalesce(u.state, 'down') AS state, u.since, coalesce(u.breaker, 'closed') AS breaker,
       coalesce(u.connections, 0) AS connections, coalesce(u.in_flight, 0) AS in_flight,
       coalesce(u.waiting, 0) AS waiting, u.otp_release, u.peer_flags, coalesce(u.calls, 0) AS calls,
       coalesce(u.messages, 0) AS messages, coalesce(u.errors, 0) AS errors,
       coalesce(u.errors_by_sqlstate, '{}') AS errors_by_sqlstate,
       coalesce(u.connect_attempts, 0) AS connect_attempts, coalesce(u.connects, 0) AS connects,
       coalesce(u.bytes_in, 0) AS bytes_in, coalesce(u.bytes_out, 0) AS bytes_out,
       coalesce(u.frames_dropped, 0) AS frames_dropped, u.last_failure, u.last_failure_at
FROM erlang_bridge.node n FULL JOIN erlang_bridge.nodes() u ON u.node = n.name;
COMMENT ON VIEW erlang_nodes IS 'the Erlang nodes of this database: those that were added, and those in use';

CREATE FUNCTION erlang_bridge.stats(OUT node text, OUT function text, OUT calls bigint, OUT errors bigint,
    OUT total_ms double precision, OUT mean_ms double precision, OUT max_ms double precision,
    OUT p50_ms double precision, OUT p95_ms double precision, OUT p99_ms double precision) RETURNS SETOF record
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'erlang_bridge_stats';
COMMENT ON FUNCTION erlang_bridge.stats() IS 'behind the view erlang_stats';
CREATE VIEW erlang_stats AS SELECT * FROM erlang_bridge.stats();
COMMENT ON VIEW erlang_stats IS 'how the calls of each function of each node went, through the bridge worker; times in milliseconds, percentiles within 1/32';

CREATE FUNCTION erlang_bridge.pending(OUT id bigint, OUT role oid, OUT node text, OUT kind text,
    OUT function text, OUT state text, OUT asynchronous boolean, OUT age interval, OUT bytes bigint) RETURNS SETOF record
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'erlang_bridge_pending';
COMMENT ON FUNCTION erlang_bridge.pending() IS 'behind the view erlang_pending';
CREATE VIEW erlang_pending AS
SELECT id, role::regrole AS role, node, kind, function, state, asynchronous, age, bytes FROM erlang_bridge.pending();
COMMENT ON VIEW erlang_pending IS 'the requests to nodes that have not ended, or whose results nobody has taken; of roles whose rights one has';

CREATE FUNCTION erlang_stats_reset() RETURNS void
    LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'erlang_bridge_stats_reset';
COMMENT ON FUNCTION erlang_stats_reset() IS
    'forget the counters of nodes and functions';

-- Rights -------------------------------------------------------------------------------------

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA erlang_bridge FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA erlang_bridge FROM PUBLIC;
REVOKE ALL ON SCHEMA erlang_bridge FROM PUBLIC;
REVOKE ALL ON FUNCTION
    erlang_node_add(text, text, boolean), erlang_node_set_cookie(text, text), erlang_node_remove(text),
    erlang_grant(regrole, text, text), erlang_revoke(regrole, text, text) FROM PUBLIC;

GRANT USAGE ON SCHEMA erlang_bridge TO erlang_call, erlang_admin;
GRANT EXECUTE ON FUNCTION erlang_bridge.permitted(regrole, text, text) TO erlang_call, erlang_admin;
GRANT EXECUTE ON FUNCTION
    erlang_node_add(text, text, boolean), erlang_node_set_cookie(text, text), erlang_node_remove(text),
    erlang_bridge.check_cookie(text), erlang_grant(regrole, text, text), erlang_revoke(regrole, text, text)
    TO erlang_admin;

REVOKE ALL ON FUNCTION
    erlang_encode(jsonb, jsonb),
    erlang_decode(bytea, jsonb),
    erlang_connect(text, text),
    erlang_connect(text),
    erlang_disconnect(text),
    erlang_health(text),
    erlang_peers(text),
    erlang_call(text, text, text, jsonb, interval, jsonb),
    erlang_call_async(text, text, text, jsonb, interval, jsonb),
    erlang_result(bigint, interval, jsonb),
    erlang_cancel(bigint),
    erlang_call_many(text, jsonb, interval, jsonb),
    erlang_gen_call(text, text, jsonb, interval, jsonb),
    erlang_cast(text, text, text, jsonb, boolean),
    erlang_send(text, text, jsonb, boolean),
    erlang_gen_cast(text, text, jsonb, boolean),
    erlang_discover(text),
    erlang_stats_reset() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    erlang_encode(jsonb, jsonb),
    erlang_decode(bytea, jsonb),
    erlang_connect(text, text),
    erlang_connect(text),
    erlang_disconnect(text),
    erlang_health(text),
    erlang_peers(text),
    erlang_call(text, text, text, jsonb, interval, jsonb),
    erlang_call_async(text, text, text, jsonb, interval, jsonb),
    erlang_result(bigint, interval, jsonb),
    erlang_cancel(bigint),
    erlang_call_many(text, jsonb, interval, jsonb),
    erlang_gen_call(text, text, jsonb, interval, jsonb),
    erlang_cast(text, text, text, jsonb, boolean),
    erlang_send(text, text, jsonb, boolean),
    erlang_gen_cast(text, text, jsonb, boolean)
    TO erlang_call, erlang_admin;
GRANT EXECUTE ON FUNCTION erlang_discover(text),
    erlang_stats_reset() TO erlang_admin;
REVOKE ALL ON erlang_nodes, erlang_stats, erlang_pending FROM PUBLIC;
GRANT SELECT ON erlang_nodes, erlang_stats, erlang_pending TO erlang_call, erlang_admin, pg_monitor;
GRANT EXECUTE ON FUNCTION erlang_bridge.nodes(), erlang_bridge.stats(), erlang_bridge.pending() TO erlang_call, erlang_admin, pg_monitor;
GRANT USAGE ON SCHEMA erlang_bridge TO pg_monitor;
