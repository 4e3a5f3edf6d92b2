-- The table of nodes.
CREATE EXTENSION erlang_bridge;
\set SHOW_CONTEXT never

SELECT erlang_node_add('app@db1.example.org', 'first secret');
SELECT erlang_node_add('other-1@10.0.0.7', E'caf\u00e9 \u00ff', true);
SELECT name, automatic, added_at = cookie_set_at AS untouched FROM erlang_bridge.node ORDER BY name;
SELECT erlang_bridge.check_cookie('app@db1.example.org'), erlang_bridge.check_cookie('other-1@10.0.0.7');

-- [erl-F3] what is stored tells nothing of the cookie, not even its size, and is never the same twice
SELECT count(DISTINCT length(sealed)) AS sizes, bool_or(position('secret'::bytea IN sealed) > 0) AS readable FROM erlang_bridge.node;
SELECT sealed AS before FROM erlang_bridge.node WHERE name = 'app@db1.example.org' \gset
SELECT erlang_node_set_cookie('app@db1.example.org', 'first secret');
SELECT sealed = :'before' AS same, cookie_set_at > added_at AS later FROM erlang_bridge.node WHERE name = 'app@db1.example.org';
SELECT erlang_bridge.check_cookie('app@db1.example.org');

-- [erl-F3] a sealed cookie opens for its own node alone, and not if a bit of it has changed
BEGIN;
UPDATE erlang_bridge.node SET sealed = (SELECT sealed FROM erlang_bridge.node WHERE name = 'other-1@10.0.0.7') WHERE name = 'app@db1.example.org';
SELECT erlang_bridge.check_cookie('app@db1.example.org');
ROLLBACK;
BEGIN;
UPDATE erlang_bridge.node SET sealed = set_bit(sealed, 1000, 1 - get_bit(sealed, 1000)) WHERE name = 'app@db1.example.org';
SELECT erlang_bridge.check_cookie('app@db1.example.org');
ROLLBACK;
BEGIN;
UPDATE erlang_bridge.node SET sealed = '' WHERE name = 'app@db1.example.org';
SELECT erlang_bridge.check_cookie('app@db1.example.org');
ROLLBACK;
-- what a transaction has read is forgotten with it
SELECT erlang_bridge.check_cookie('app@db1.example.org');
BEGIN;
SELECT erlang_node_add('passing@host', 'secret');
SELECT erlang_bridge.check_cookie('passing@host');
SAVEPOINT s;
SELECT erlang_node_remove('passing@host');
SELECT erlang_bridge.check_cookie('passing@host');
ROLLBACK TO s;
SELECT erlang_bridge.check_cookie('passing@host');
ROLLBACK;
SELECT erlang_bridge.check_cookie('passing@host');
BEGIN;
SELECT erlang_bridge.check_cookie('app@db1.example.org');
TRUNCATE erlang_bridge.node;
SELECT erlang_bridge.check_cookie('app@db1.example.org');
ROLLBACK;

-- there and not there
SELECT erlang_node_add('app@db1.example.org', 'another secret');
SELECT erlang_node_set_cookie('nobody@nowhere', 'secret');
SELECT erlang_node_remove('nobody@nowhere');
SELECT erlang_node_remove('other-1@10.0.0.7');
SELECT erlang_node_remove('other-1@10.0.0.7');
SELECT erlang_bridge.check_cookie('other-1@10.0.0.7');

-- [erl-F1] names
CREATE FUNCTION state_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE message text; detail text; hint text;
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN others THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN SQLSTATE || CASE WHEN concat_ws(' ', message, detail, hint) LIKE '%KEEPOUT%' THEN ' and the cookie' ELSE '' END;
END $$;
SELECT left(replace(name, E'\n', '\n'), 30) AS name, octet_length(name) AS size, state_of(format('SELECT erlang_node_add(%L, %L)', name, 'KEEPOUT')) AS state
  FROM unnest(ARRAY['', 'app', '@', 'app@', '@host', 'a b@host', 'a@b@c', 'app@ho st', 'app@-host', 'app@host.', 'app@127.1', 'app@0x7f000001',
                    E'app\n@host', 'äpp@host', 'app@hóst', 'app.1@host', '*@host', 'app@*', 'app@::1', 'a@b',
                    repeat('a', 248) || '@host', repeat('a', 251) || '@host']) WITH ORDINALITY AS t(name, n) ORDER BY n;
SELECT erlang_node_add('not a node', 'KEEPOUT');

-- [erl-F2] cookies
SELECT n, state_of(format('SELECT erlang_node_add(%L, %L)', 'cookie' || n || '@host', cookie)) AS state
  FROM unnest(ARRAY['', 'KEEPOUT', E'KEEPOUT\n', E'KEEPOUT\t', E'KEEPOUT\u007f', E'KEEPOUT\u0080', E'KEEPOUT\u00a0', E'KEEPOUT\u00ff', E'KEEPOUT\u0100', 'KEEPOUT€',
                    rpad('KEEPOUT', 255, 'x'), rpad('KEEPOUT', 256, 'x'), rpad('KEEPOUT', 255, 'ÿ'), rpad('KEEPOUT', 256, 'ÿ'), rpad('KEEPOUT', 1000000, 'x'),
                    NULL]) WITH ORDINALITY AS t(cookie, n) ORDER BY n;
SELECT state_of(format('SELECT erlang_bridge.check_cookie(%L)', name)) AS state, count(*) FROM erlang_bridge.node GROUP BY 1;
-- a cookie that was stored compressed
CREATE TABLE given (cookie text);
INSERT INTO given VALUES (repeat('KEEPOUT', 100000));
SELECT erlang_node_add('stored@host', cookie) FROM given;
SELECT erlang_node_add('stored@host', left(cookie, 200)) FROM given;
SELECT erlang_bridge.check_cookie('stored@host');
SELECT erlang_node_add(NULL, 'KEEPOUT');
SELECT erlang_node_add('app@host', 'KEEPOUT', NULL);
SELECT erlang_node_set_cookie('stored@host', E'KEEPOUT\n');

-- which other nodes may be reached is a list of names and patterns
ALTER SYSTEM SET erlang_bridge.allowed_nodes = 'app@host, *@10.0.0.*,,';
ALTER SYSTEM SET erlang_bridge.allowed_nodes = 'app@host; other';
ALTER SYSTEM RESET erlang_bridge.allowed_nodes;
SET erlang_bridge.allowed_nodes = '*';
SET erlang_bridge.key_file = '/etc/hostname';
SELECT name, setting, context FROM pg_settings WHERE name IN ('erlang_bridge.allowed_nodes', 'erlang_bridge.key_file') ORDER BY name;

DROP TABLE given;
DROP FUNCTION state_of;
DROP EXTENSION erlang_bridge;
SELECT rolname, rolcanlogin, rolsuper FROM pg_roles WHERE rolname LIKE 'erlang%' ORDER BY rolname;
-- again, with the roles of before
CREATE EXTENSION erlang_bridge;
SELECT count(*) FROM erlang_bridge.node;
DROP EXTENSION erlang_bridge;
