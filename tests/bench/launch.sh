# shellcheck shell=bash
# Sourced by ci/bench, which sets folder and results: bgjob's launched jobs.
#
# Each figure is a function bench.FIGURE_WAY() that times itself; launch.sql calls the ways of a figure in turn,
# in one session, round after round, so that noise of the machine meets all of them alike. Memory of the
# session is measured in sessions of their own (launch_growth.sql). launch.py makes the table of it.
#
# The peer pg_background is measured where a server has it: the one of PGCREW_BENCH_PEER (a pg_config), or
# the one that ../shared/tools/pgroot provides.
#
# From the environment: ROUNDS=5  TRIPS=300 a round  WAITS=30 a round  ROWS=1000000  LAUNCHES=2000

: "${folder:?}" "${results:?}" # set by ci/bench
samples=$results/launch.samples.tsv
: >"$samples"
chmod 644 "$samples"
rounds=${ROUNDS:-5}

bench_sql() {
	as_server psql --no-psqlrc --quiet --no-align --tuples-only --field-separator=$'\t' --set=ON_ERROR_STOP=1 \
		--dbname=bench "$@"
}

# grow EXTENSION: what a launch costs its session's memory.
grow() {
	local extension=$1 mode
	for mode in consumed held detached; do
		bench_sql --set=extension="$extension" --set=mode="$mode" --set=launches="${LAUNCHES:-2000}" \
			<tests/bench/launch_growth.sql
	done
}

# measure NAME PG_CONFIG: everything on this server. NAME is used for the build folder too.
measure() {
	local name=$1 pg_config=$2 peers=(direct dblink)
	echo "-- building for $("$pg_config" --version) in build-bench-$name/" >&2
	build_tree "build-bench-$name" "$pg_config" --buildtype=release -Dfault_points=false
	mkdir "$folder/$name"
	[ "$(id -u)" != 0 ] || chown "${PGCREW_TEST_USER:-postgres}:" "$folder/$name"
	start_server "$folder/$name" 'max_worker_processes = 64' 'max_connections = 100' 'jit = off' \
		'shared_buffers = 128MB'
	psql --no-psqlrc --quiet --command='CREATE DATABASE bench' postgres
	[ ! -e "$("$pg_config" --sharedir)/extension/pg_background.control" ] || peers+=(pg_background)
	note "PostgreSQL $name" "$(bench_sql --command='SHOW server_version'); peers: ${peers[*]}"
	note "PostgreSQL $name" "load average before: $(load_average)"

	echo "-- measuring on PostgreSQL $name: ${peers[*]}" >&2
	bench_sql <tests/bench/launch_setup.sql
	[[ " ${peers[*]} " != *' pg_background '* ]] || bench_sql <tests/bench/launch_pg_background.sql
	{
		bench_sql --set=rounds="$rounds" --set=trips="${TRIPS:-300}" --set=waits="${WAITS:-30}" \
			--set=rows="${ROWS:-1000000}" --set=connection="host=$PGHOST port=$PGPORT user=$PGUSER dbname=bench" \
			<tests/bench/launch.sql
		grow bgjob
		[[ " ${peers[*]} " != *' pg_background '* ]] || grow pg_background
	} | sed "s/^/$name\t/" >>"$samples"
	note "PostgreSQL $name" "load average after: $(load_average)"
	stop_server
}

major_of() { "$1" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/'; }

own=${PG_CONFIG:-pg_config}
measure "$(major_of "$own")" "$own"

peer=${PGCREW_BENCH_PEER:-}
if [ -z "$peer" ] && [ -x ../shared/tools/pgroot ]; then
	! bin=$(../shared/tools/pgroot prefix 18 postgresql-18-pg-background) || peer=$bin/pg_config
fi
if [ -n "$peer" ] && [ "$(major_of "$peer")" != "$(major_of "$own")" ]; then
	measure "$(major_of "$peer")" "$peer"
elif [ -z "$peer" ]; then
	note pg_background 'missing: no server here has it (PGCREW_BENCH_PEER names the pg_config of one)'
fi

python3 tests/bench/launch.py "$samples" "$results/launch.tsv"
