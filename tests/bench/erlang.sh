# shellcheck shell=bash
# Sourced by ci/bench, which sets folder and results: what a call to an Erlang node costs.
#
# The same call, erlang_bench:reply/2, is made by each way in turn, round after round, so that noise of the machine
# meets all of them alike:
#   tcp     bare TCP, so many bytes there and back      direct  erlang_call() in the session itself
#   erl     Erlang to Erlang, erpc:call()               worker  erlang_call() through the bridge worker
#   ei      C, ei_rpc() of erl_interface
# In the server a PL/pgSQL loop times each call within one session (erlang_setup.sql). erlang.py makes the table.
#
# From the environment: ROUNDS=5  SMALL=5000 calls a round  LARGE=1000 of 100 KB  HUGE=20 of 10 MB
#   BATCH=10000 calls at once  SESSIONS='1 2 4 8 16 32 64'  SECONDS_EACH=2

: "${folder:?}" "${results:?}" # set by ci/bench
samples=$results/erlang.samples.tsv
: >"$samples"
rounds=${ROUNDS:-5} seconds=${SECONDS_EACH:-2} batch=${BATCH:-10000}
read -ra sessions <<<"${SESSIONS:-1 2 4 8 16 32 64}"
pg_config=${PG_CONFIG:-pg_config}
node=server@127.0.0.1 cookie=benchmark

value() { printf '%s\t' "${@:1:$#-1}" && printf '%s\n' "${!#}"; } >>"$samples"
bench_sql() {
	as_server psql --no-psqlrc --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 --dbname=postgres "$@"
}

# beside COMMAND...: run it in the background, as the user and in the folder of the server, which keeps what it says.
beside() {
	# shellcheck disable=SC2154 # as_user is set by private_server.sh
	(cd "$server_folder" && HOME=$server_folder exec ${as_user[@]+"${as_user[@]}"} "$@" >>"$folder/helpers.log" 2>&1) &
	helpers+=($!)
}

# erlang EXPRESSION: what it prints on a node of its own.
erlang() {
	as_server erl -noinput -start_epmd false -name "client$RANDOM@127.0.0.1" -setcookie "$cookie" -pa "$server_folder" \
		-eval "$1, halt()."
}

free_port() {
	python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

start_erlang() {
	ERL_EPMD_PORT=$(free_port)
	export ERL_EPMD_PORT
	as_server erlc -o . "$PWD/tests/bench/erlang_bench.erl"
	beside epmd -address 127.0.0.1 -port "$ERL_EPMD_PORT"
	until epmd -port "$ERL_EPMD_PORT" -names >/dev/null 2>&1; do
		kill -0 "${helpers[0]}"
		sleep 0.1
	done
	beside erl -noinput -start_epmd false -name "$node" -setcookie "$cookie" -pa .
	until epmd -port "$ERL_EPMD_PORT" -names | grep -q '^name server '; do
		kill -0 "${helpers[1]}"
		sleep 0.1
	done
	cc -O2 -D_REENTRANT tests/bench/ei_rpc.c -o "$folder/ei_rpc" -lei -lpthread
}

# calls WAY REQUEST REPLY COUNT: median, p99 and least, in microseconds.
calls() {
	local way=$1
	shift
	case $way in
	tcp) "$folder/ei_rpc" tcp "$@" ;;
	ei) "$folder/ei_rpc" ei "$node" "$cookie" "$@" ;;
	erl) erlang "erlang_bench:calls('$node', $1, $2, $3)" ;;
	direct | worker) bench_sql --command="SET erlang_bridge.mode = $way" --command="SELECT bench.calls($1, $2, $3)" ;;
	esac
}

# measure_calls ROUND FIGURE REQUEST REPLY COUNT: by all ways.
measure_calls() {
	local way median p99 least
	for way in tcp worker erl direct ei; do
		read -r median p99 least < <(calls "$way" "${@:3}")
		value "$1" "$2 median" "$way" "$median"
		value "$1" "$2 p99" "$way" "$p99"
		value "$1" "$2 least" "$way" "$least"
	done
}

measure_batch() {
	value "$1" batch erl "$(erlang "erlang_bench:batch('$node', $batch)")"
	value "$1" batch worker "$(bench_sql --command="SELECT bench.batch($batch)")"
}

# measure_sessions ROUND COUNT: so many at the same time.
measure_sessions() {
	local way rate median p99
	bench_sql --command='TRUNCATE bench.took'
	as_server pgbench --no-vacuum --client="$2" --jobs=2 --transactions=1 --file=session.sql \
		--define=sessions="$2" --define=seconds="$seconds" postgres >/dev/null 2>&1
	for way in worker erl; do
		if [ "$way" = worker ]; then
			read -r rate median p99 < <(bench_sql --command="SELECT bench.of_sessions($seconds)")
		else
			read -r rate median p99 < <(erlang "erlang_bench:sessions('$node', $2, $seconds)")
		fi
		value "$1" "$2 sessions rate" "$way" "$rate"
		value "$1" "$2 sessions median" "$way" "$median"
		value "$1" "$2 sessions p99" "$way" "$p99"
	done
}

# --------------------------------------------------------------------------------------------------
helpers=()
trap 'trap "" INT TERM HUP; stop_server || :; kill ${helpers[@]+"${helpers[@]}"} 2>/dev/null || :
	rm -rf "$folder"' EXIT

ci/setup erlang-base erlang-dev libssl-dev
major=$("$pg_config" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
build=build-bench-erlang-$major
echo "-- building for $("$pg_config" --version) in $build/" >&2
build_tree "$build" "$pg_config" --buildtype=release -Dfault_points=false -Derlang_bridge=enabled

server_folder=$folder
start_erlang
start_server "$folder" "shared_preload_libraries = 'erlang_bridge'" "erlang_bridge.epmd_port = $ERL_EPMD_PORT" \
	'max_connections = 100' 'jit = off' 'fsync = off' "erlang_bridge.call_timeout = '1min'"
bench_sql <tests/bench/erlang_setup.sql
bench_sql --command="SELECT erlang_node_add('$node', '$cookie')"
as_server tee session.sql >/dev/null <<<'CALL bench.session(:sessions, :seconds);'
note server "PostgreSQL $(bench_sql --command='SHOW server_version'), OTP $(erlang \
	'io:put_chars(erlang:system_info(otp_release))'), $(nproc) cores"
for ((round = 1; round <= rounds; round++)); do
	echo "-- round $round of $rounds" >&2
	note "round $round" "load average before: $(load_average)"
	measure_calls "$round" 'small call' 64 64 "${SMALL:-5000}"
	measure_calls "$round" '100 KB reply' 64 102400 "${LARGE:-1000}"
	measure_calls "$round" '100 KB there and back' 102400 102400 "${LARGE:-1000}"
	measure_calls "$round" '10 MB reply' 64 10485760 "${HUGE:-20}"
	measure_calls "$round" '10 MB there and back' 10485760 10485760 "${HUGE:-20}"
	measure_batch "$round"
	for count in "${sessions[@]}"; do measure_sessions "$round" "$count"; done
done
note "round $rounds" "load average after: $(load_average)"
stop_server

python3 tests/bench/erlang.py "$samples" "$results/erlang.tsv"
