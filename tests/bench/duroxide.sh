# shellcheck shell=bash
# Sourced by ci/bench, which sets folder and results: the Duroxide runtime on schemas of bgjob_duroxide, beside the same
# runtime on the tables and functions that it makes itself. It runs on Node, and npm serves it: without npm the runtime
# is not measured, nor what its own functions do.
#
#   ci/bench duroxide [--quick] [FIGURE...]
#     stress    orchestrations of five activities of 10 ms, 20 of them at any time; 4 orchestration and 8 worker slots,
#               the runtime asks every 50 ms, and every 5 ms; 20 and 20 slots
#     backlog   a fetch with a million rows that are due tomorrow
#     fetchers  50 sessions fetch 200 ready instances
#     announce  8 sessions enqueue; work is announced, by the dispatcher or by a NOTIFY of each commit
#
# The systems take their turns in each round. duroxide_run.py measures, duroxide.py makes the table.
#
# From the environment: ROUNDS=3  SECONDS_EACH=5 of a run  MANY=1000000 rows of the backlog; --quick: 1, 3 and 100000

: "${folder:?}" "${results:?}" # set by ci/bench
if [ "${1:-}" = --quick ]; then
	export ROUNDS=${ROUNDS:-1} SECONDS_EACH=${SECONDS_EACH:-3} MANY=${MANY:-100000}
	shift
fi
for figure in "$@"; do
	case $figure in
	stress | backlog | fetchers | announce) ;;
	*)
		sed -n '6,12s/^# *//p' tests/bench/duroxide.sh >&2
		exit 2
		;;
	esac
done

samples=$results/duroxide.samples.tsv
: >"$samples"
pg_config=${PG_CONFIG:-pg_config}
name=$("$pg_config" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')

runtime=$(realpath "$results")/duroxide_node
node=$(tests/duroxide_node/install "$runtime") || {
	note 'the runtime' "missing: ${node##*$'\n'}"
	node=
}

echo "-- building for $("$pg_config" --version) in build-bench-$name/" >&2
build_tree "build-bench-$name" "$pg_config" --buildtype=release -Dfault_points=false
mkdir "$folder/$name"
[ "$(id -u)" != 0 ] || chown "${PGCREW_TEST_USER:-postgres}:" "$folder/$name"
start_server "$folder/$name" "shared_preload_libraries = 'bgjob'" 'max_worker_processes = 16' 'max_connections = 100' \
	'shared_buffers = 1GB' 'max_wal_size = 8GB' 'min_wal_size = 2GB' 'checkpoint_timeout = 15min' 'jit = off'
psql --no-psqlrc --quiet --command='CREATE ROLE bench LOGIN SUPERUSER' --command='CREATE DATABASE bench' postgres
export PGDATABASE=bench
psql --no-psqlrc --quiet --command='CREATE EXTENSION bgjob_duroxide CASCADE' 2>/dev/null
note "PostgreSQL $name" "$(psql --no-psqlrc --quiet --no-align --tuples-only --command='SHOW server_version')"
note 'load average before' "$(load_average)"
status=0
as_server env PGUSER=bench python3 "$PWD/tests/bench/duroxide_run.py" "$node" "$runtime" "$@" >>"$samples" || status=$?
note 'load average after' "$(load_average)"
stop_server

python3 tests/bench/duroxide.py "$samples" "$results/duroxide.tsv"
exit "$status"
