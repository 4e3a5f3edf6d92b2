-- Who may do what on which node.
CREATE EXTENSION erlang_bridge;
\set SHOW_CONTEXT never
CREATE ROLE anybody;
CREATE ROLE caller IN ROLE erlang_call;
CREATE ROLE manager IN ROLE erlang_admin;
CREATE ROLE team;
CREATE ROLE member IN ROLE team;
CREATE ROLE reluctant NOINHERIT IN ROLE team;
CREATE ROLE chief SUPERUSER;

-- [erl-F6] PUBLIC has nothing
SELECT role, has_schema_privilege(role, 'erlang_bridge', 'USAGE') AS usage, has_schema_privilege(role, 'erlang_bridge', 'CREATE') AS creates
  FROM unnest(ARRAY['anybody', 'caller', 'manager']) AS role;
SELECT p.oid::regprocedure AS function, has_function_privilege('anybody', p.oid, 'EXECUTE') AS anybody,
    has_function_privilege('caller', p.oid, 'EXECUTE') AS caller, has_function_privilege('manager', p.oid, 'EXECUTE') AS manager
  FROM pg_proc p WHERE p.probin LIKE '%erlang_bridge' AND p.oid::regprocedure::text ~ 'node_|grant|revoke|permitted|check_cookie|table_changed' ORDER BY p.oid::regprocedure::text COLLATE "C";
SELECT c.oid::regclass AS relation, role, has_table_privilege(role, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER') AS any
  FROM pg_class c, unnest(ARRAY['anybody', 'caller', 'manager']) AS role
 WHERE c.oid IN ('erlang_bridge.node'::regclass, 'erlang_bridge.permission'::regclass) ORDER BY 1, 2;

-- [erl-F6] what is granted, and nothing else
SELECT erlang_grant('team', 'app@*', 'lists:*');
SELECT erlang_grant('team', 'app@*', 'lists:*') AS again;
SELECT erlang_grant('caller', 'app@host', 'stats:get_*');
SELECT erlang_grant('caller', '*', '!kv');
SELECT erlang_grant('caller', '*', '!global:*');
SELECT role, node, what FROM erlang_bridge.permission ORDER BY role::text COLLATE "C", what COLLATE "C";
SELECT role, node, what, erlang_bridge.permitted(role::regrole, node, what)
  FROM unnest(ARRAY['anybody', 'member', 'reluctant', 'caller']) AS role, unnest(ARRAY['app@host', 'web@host']) AS node,
       unnest(ARRAY['lists:sum', 'stats:get_all', 'stats:set_all']) AS what ORDER BY 1, 2, 3;
SELECT what, erlang_bridge.permitted('caller', 'any@host', what)
  FROM unnest(ARRAY['!kv', '!kv2', '!global:bank', '!via:syn:bank', '!rex', '!pid', 'kv:get']) AS what;
GRANT team TO caller;
SELECT erlang_bridge.permitted('caller', 'app@host', 'lists:sum');
REVOKE team FROM caller;
SELECT erlang_bridge.permitted('caller', 'app@host', 'lists:sum');

-- [erl-F6] erlang_admin and superusers need no grant, but for what is forbidden
SELECT role, what, erlang_bridge.permitted(role::regrole, 'app@host', what)
  FROM unnest(ARRAY['manager', 'chief']) AS role,
       unnest(ARRAY['lists:sum', 'os:cmd', 'erlang:halt', 'init:stop', 'file:read_file', 'code:load_binary', 'erlang:apply', 'erlang:node', '!kv', '!rex']) AS what ORDER BY 1, 2;

-- [erl-F6] no pattern grants what is forbidden, its name does, and a superuser alone gives that
SELECT erlang_grant('member', '*', '*:*');
SELECT erlang_grant('member', '*', 'os:*');
SELECT erlang_grant('member', '*', '!*');
SELECT what, erlang_bridge.permitted('member', 'app@host', what)
  FROM unnest(ARRAY['any:thing', 'os:cmd', 'os:getpid', 'erlang:halt', 'init:stop', 'file:read_file', 'code:load_binary', 'rpc:call', 'gen_server:call', '!any', '!rex', '!pid']) AS what;
SET ROLE manager;
SELECT erlang_grant('member', '*', 'os:getpid');
SELECT erlang_grant('member', '*', '!rex');
SELECT erlang_grant('member', '*', 'calendar:local_time');
RESET ROLE;
SELECT erlang_grant('member', '*', 'os:getpid');
SELECT what, erlang_bridge.permitted('member', 'app@host', what) FROM unnest(ARRAY['os:cmd', 'os:getpid']) AS what;
SELECT erlang_bridge.permitted('chief', 'app@host', 'os:getpid') AS chief, erlang_bridge.permitted('manager', 'app@host', 'os:getpid') AS manager;
SET ROLE manager;
SELECT erlang_revoke('member', '*', 'os:getpid');
RESET ROLE;
SELECT erlang_bridge.permitted('member', 'app@host', 'os:getpid');

-- taken back, written as it was given
SELECT erlang_revoke('caller', '*', '!k*');
SELECT erlang_revoke('caller', '*', '!kv');
SELECT erlang_revoke('caller', '*', '!kv') AS again;
SELECT erlang_bridge.permitted('caller', 'any@host', '!kv');
BEGIN;
SELECT erlang_grant('caller', '*', '!kv');
SELECT erlang_bridge.permitted('caller', 'any@host', '!kv');
ROLLBACK;
SELECT erlang_bridge.permitted('caller', 'any@host', '!kv');

-- who may not
SET ROLE anybody;
SELECT erlang_node_add('app@host', 'secret');
SELECT erlang_bridge.permitted('anybody', 'app@host', 'lists:sum');
RESET ROLE;
SET ROLE caller;
SELECT erlang_grant('caller', '*', '*:*');
SELECT * FROM erlang_bridge.node;
SELECT * FROM erlang_bridge.permission;
SELECT erlang_bridge.permitted('caller', 'app@host', 'stats:get_all');
RESET ROLE;
-- not even with a right to the function
GRANT EXECUTE ON FUNCTION erlang_node_add(text, text, boolean), erlang_node_set_cookie(text, text), erlang_node_remove(text), erlang_grant(regrole, text, text),
    erlang_revoke(regrole, text, text), erlang_bridge.check_cookie(text) TO caller;
SET ROLE caller;
SELECT erlang_node_add('app@host', 'secret');
SELECT erlang_node_set_cookie('app@host', 'secret');
SELECT erlang_node_remove('app@host');
SELECT erlang_bridge.check_cookie('app@host');
SELECT erlang_grant('caller', '*', '*:*');
SELECT erlang_revoke('caller', '*', '!global:*');
RESET ROLE;
-- a manager needs no right to the tables
SET ROLE manager;
SELECT erlang_node_add('managed@host', 'secret');
SELECT erlang_bridge.check_cookie('managed@host');
SELECT erlang_node_set_cookie('managed@host', 'other');
SELECT erlang_node_remove('managed@host');
SELECT current_user;
DELETE FROM erlang_bridge.permission;
RESET ROLE;

-- nonsense
SELECT what, erlang_grant('caller', '*', what) FROM unnest(ARRAY['lists']) AS what;
SELECT erlang_grant('caller', '*', '');
SELECT erlang_grant('caller', '*', '!');
SELECT erlang_grant('caller', '*', ':sum');
SELECT erlang_grant('caller', '*', 'lists:');
SELECT erlang_grant('caller', '*', E'lists:\n');
SELECT erlang_grant('caller', '', 'lists:sum');
SELECT erlang_grant('caller', 'app', 'lists:sum');
SELECT erlang_grant('caller', 'app@*; *', 'lists:sum');
SELECT erlang_grant('nobody_there', '*', 'lists:sum');
SELECT erlang_grant(0, '*', 'lists:sum');
SELECT erlang_grant(NULL, '*', 'lists:sum');
SELECT erlang_bridge.permitted('caller', 'app@host', 'nonsense');
SELECT erlang_bridge.permitted('caller', NULL, 'lists:sum');
SELECT erlang_bridge.table_changed();
SELECT erlang_bridge.refuse_others();

-- who may write all tables cannot write these
CREATE ROLE scribe IN ROLE erlang_call, pg_write_all_data;
SET ROLE scribe;
INSERT INTO erlang_bridge.permission VALUES ('scribe', '*', 'os:cmd');
INSERT INTO erlang_bridge.node (name, sealed) VALUES ('mine@host', '');
UPDATE erlang_bridge.node SET automatic = true;
DELETE FROM erlang_bridge.permission;
TRUNCATE erlang_bridge.permission;
SELECT erlang_bridge.permitted('scribe', 'app@host', 'os:cmd');
RESET ROLE;

-- a role that is gone leaves nothing behind that matters
CREATE ROLE passing;
SELECT erlang_grant('passing', '*', '*:*');
DROP ROLE passing;
CREATE ROLE passing;
SELECT erlang_bridge.permitted('passing', 'app@host', 'lists:sum');

-- a query that runs in parallel may ask too
CREATE TABLE many AS SELECT generate_series(1, 1000) AS n;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT count, erlang_bridge.permitted('member', 'app@host', 'lists:parallel') FROM (SELECT count(*) FROM many) AS counted;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
DROP TABLE many;

-- the path cannot lead our statements astray
CREATE SCHEMA trap;
CREATE FUNCTION trap.eq(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$;
CREATE OPERATOR trap.= (LEFTARG = text, RIGHTARG = text, FUNCTION = trap.eq);
SET search_path = trap, public, pg_catalog;
SELECT erlang_revoke('member', '*', '*:*');
SELECT erlang_node_remove('app@host');
RESET search_path;
DROP SCHEMA trap CASCADE;

DROP EXTENSION erlang_bridge;
DROP ROLE anybody, caller, manager, team, member, reluctant, chief, passing, scribe;
