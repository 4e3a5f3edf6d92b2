# shellcheck shell=bash
# Sourced by ci/demo: SQL talks to an Erlang node with a small key-value server, docs/examples/erlang/kv.erl, on
# an epmd of its own. Both end with the demo.
: "${folder:?}" "${helpers=}" # set by ci/demo

# start_epmd: on some free port, $ERL_EPMD_PORT.
start_epmd() {
	for _ in {1..10}; do
		export ERL_EPMD_PORT=$((20000 + RANDOM % 12000))
		beside epmd -address 127.0.0.1 -port "$ERL_EPMD_PORT"
		for _ in {1..100}; do
			kill -0 "${helpers[-1]}" 2>/dev/null || continue 2 # the port is taken
			[ -z "$(epmd -port "$ERL_EPMD_PORT" -names 2>/dev/null)" ] || return 0
			sleep 0.05
		done
	done
	echo "ci/demo: epmd did not start: see ${folder:?}/helpers/log" >&2
	return 1
}

# start_kv: kv@127.0.0.1, until its store has begun, which is after it was registered. It finds its cookie in its home.
start_kv() {
	as_server rm -f helpers/kv.begun
	beside erl -noinput -start_epmd false -name kv@127.0.0.1 -pa helpers \
		-kernel inet_dist_use_interface '{127,0,0,1}' -s kv -eval 'ok = file:write_file("helpers/kv.begun", "")'
	kv=${helpers[-1]}
	wait_until 'the store of the node has begun' test -e "$folder/helpers/kv.begun"
}
kv_is() { [ "$(ask "SELECT state FROM erlang_nodes WHERE node = 'kv@127.0.0.1'")" = "$1" ]; }

show_node() {
	sql <<'SQL'
SELECT node, state, breaker, otp_release AS otp, calls, messages, errors, connects, last_failure FROM erlang_nodes;
SQL
}

erlang_part() {
	step 'erlang_bridge: an Erlang node'
	as_server rm -rf helpers
	as_server mkdir -m 700 helpers
	as_server sh -c 'umask 077; od -An -N 20 -t x1 /dev/urandom | tr -d " \n" >helpers/.erlang.cookie
		chmod 400 helpers/.erlang.cookie'
	as_server erlc -o helpers "$PWD/docs/examples/erlang/kv.erl"
	start_epmd
	start_kv
	say "kv@127.0.0.1 runs docs/examples/erlang/kv.erl; it is registered with an epmd on port $ERL_EPMD_PORT."
	say 'The server is told its name and its cookie, once. It keeps the cookie encrypted, and a connection all the time.'
	sql --variable="port=$ERL_EPMD_PORT" <<'SQL'
CREATE EXTENSION IF NOT EXISTS erlang_bridge;
ALTER SYSTEM SET erlang_bridge.epmd_port = :port;        -- this and the next for the demo only:
ALTER SYSTEM SET erlang_bridge.breaker_pause = '2s';     -- the defaults are 4369 and 10 s
SELECT pg_reload_conf();
\set cookie `cat helpers/.erlang.cookie`
SELECT erlang_node_add('kv@127.0.0.1', :'cookie', automatic => true);
SQL
	wait_until 'the node is connected' kv_is up

	step 'Calls'
	sql <<'SQL'
SELECT erlang_call('kv@127.0.0.1', 'kv', 'put', '["colour", {"is": "red", "rgb": [255, 0, 0]}]');
SELECT erlang_call('kv@127.0.0.1', 'kv', 'get', '["colour"]') -> 'rgb' -> 0 AS red;
-- By the name under which a gen_server is registered:
SELECT erlang_gen_call('kv@127.0.0.1', 'kv', '["get", "colour"]');
-- Terms that JSON does not have, in the natural and in the exact form:
SELECT erlang_call('kv@127.0.0.1', 'lists', 'keyfind', '[{"$atom": "b"}, 1, [{"$tuple": [{"$atom": "b"}, 2.0]}]]');
SELECT erlang_call('kv@127.0.0.1', 'lists', 'keyfind', '[{"$atom": "b"}, 1, [{"$tuple": [{"$atom": "b"}, 2.0]}]]',
                   options => '{"form": "exact"}');
SQL
	say 'Errors come with their reason, and what would give control over the node is not allowed, even to a superuser:'
	sql --set=ON_ERROR_STOP=0 --set=VERBOSITY=verbose <<'SQL' | grep -v LOCATION
SELECT erlang_call('kv@127.0.0.1', 'lists', 'nth', '[4, ["a", "b"]]');
SELECT erlang_call('kv@127.0.0.1', 'os', 'cmd', '[{"$str": "id"}]');
SQL

	step '10,000 calls at once'
	sql <<'SQL'
SELECT jsonb_agg(jsonb_build_array('kv', 'put', jsonb_build_array(aid, abalance))) AS calls
  FROM pgbench_accounts WHERE aid <= 10000 \gset
SELECT clock_timestamp() AS begun \gset
SELECT count(result) AS answered, count(sqlstate) AS failed,
       round(count(*) / extract(epoch FROM clock_timestamp() - :'begun')) AS calls_a_second
  FROM erlang_call_many('kv@127.0.0.1', :'calls');
SELECT jsonb_array_length(erlang_call('kv@127.0.0.1', 'kv', 'keys')) AS keys_there;
SQL

	step 'Messages go when the transaction commits'
	sql <<'SQL'
BEGIN;
UPDATE pgbench_accounts SET abalance = 0 WHERE aid = 1;
SELECT erlang_gen_cast('kv@127.0.0.1', 'kv', '["delete", "colour"]');
SELECT node, kind, function AS receiver, state FROM erlang_pending;
ROLLBACK;
SELECT erlang_gen_call('kv@127.0.0.1', 'kv', '["get", "colour"]') AS still_there;
BEGIN;
SELECT erlang_gen_cast('kv@127.0.0.1', 'kv', '["delete", "colour"]');
SELECT erlang_gen_call('kv@127.0.0.1', 'kv', '["get", "colour"]') AS still_there;
COMMIT;
SELECT erlang_gen_call('kv@127.0.0.1', 'kv', '["get", "colour"]') AS gone;
SQL

	step 'The node dies (kill -9)'
	kill -KILL "$kv"
	wait "$kv" 2>/dev/null || :
	sql --set=ON_ERROR_STOP=0 --set=VERBOSITY=verbose <<'SQL' | grep -v LOCATION
SELECT erlang_call('kv@127.0.0.1', 'kv', 'get', '["colour"]');
-- Or, where nothing is as good as an answer:
SELECT coalesce(erlang_call('kv@127.0.0.1', 'kv', 'get', '["colour"]', options => '{"on_error": "null"}'),
                '"unknown"') AS colour;
SQL
	show_node

	step 'It comes back'
	start_kv
	local came=${EPOCHREALTIME/[.,]/}
	wait_until 'the node is connected again' kv_is up
	say "Connected again $(((${EPOCHREALTIME/[.,]/} - came) / 1000)) ms after it had begun; nobody had to ask for it."
	sql <<'SQL'
SELECT erlang_call('kv@127.0.0.1', 'kv', 'put', '["colour", "green"]');
SELECT erlang_call('kv@127.0.0.1', 'kv', 'get', '["colour"]') AS colour;
SELECT erlang_health('kv@127.0.0.1') AS round_trip;
SQL
	show_node

	step 'What it took'
	sql <<'SQL'
SELECT function, calls, errors, round(mean_ms::numeric, 3) AS mean_ms, round(p50_ms::numeric, 3) AS p50,
       round(p99_ms::numeric, 3) AS p99, round(max_ms::numeric, 3) AS max
  FROM erlang_stats ORDER BY calls DESC, function;
SQL
}

if command -v erl epmd erlc >/dev/null; then
	erlang_part
else
	step 'erlang_bridge'
	say 'It needs Erlang to show something: the package erlang-base.'
fi
