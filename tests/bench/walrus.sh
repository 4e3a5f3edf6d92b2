# shellcheck shell=bash
# Sourced by ci/bench, which sets folder and results: rules for max_wal_size under the same load.
#
# A model of a server at the defaults, in a tenth of its time: checkpoint_timeout is 30 s for 5 min, and
# max_wal_size starts at 64 MB, where 16 MB of WAL force a checkpoint. pgbench keeps a constant rate (-R), so
# counts and volumes depend on the rule and hardly on the machine. At 400 transactions a second on 3 branches the
# WAL of a checkpoint_timeout is some three times the trigger, as 5 MB/s are for 1 GB and 5 min, and each page is
# hit some two and a half times in it, as at 4000 a second on 30 branches.
#
# The rules, each on a server of its own, copied from one cluster, all side by side:
#   rate       walrus                           classic    walrus.algorithm = classic
#   fixed      max_wal_size stays               unlimited  8 GB from the start
#   pg_walrus  its rule, driven from here: it is a module in Rust that no package serves
# Times of the settings are scaled like checkpoint_timeout. For the first 75 s a rule may settle; the next
# 60 s are counted as steady. Then servers without load are given a CHECKPOINT every 5 s. At the end the same law
# sizes four days in walrus_sim.cpp. walrus.py makes the table of it all.
#
# From the environment: ROUNDS=3  RATE=400  SCALE=3  RULES='rate classic pg_walrus fixed unlimited'  IDLE=130 (0: not)

: "${folder:?}" "${results:?}" # set by ci/bench
samples=$results/walrus.samples.tsv
: >"$samples"
rounds=${ROUNDS:-3} rate=${RATE:-400} scale=${SCALE:-3} idle=${IDLE:-130}
read -ra rules <<<"${RULES:-rate classic pg_walrus fixed unlimited}"
timeout=30 start_mb=64 cap_mb=8192 settle=75 steady=60
pg_config=${PG_CONFIG:-pg_config}

settings=("shared_preload_libraries = 'walrus'" "checkpoint_timeout = '${timeout}s'" "min_wal_size = '32MB'"
	"shared_buffers = '512MB'" 'synchronous_commit = off' 'autovacuum = off' "log_line_prefix = '%n '"
	'max_connections = 20' "walrus.max = '${cap_mb}MB'" "walrus.min_size = '${start_mb}MB'"
	"walrus.cooldown_sec = $timeout" 'walrus.max_changes_per_hour = 40')

value() { printf '%s\t' "${@:1:$#-1}" && printf '%s\n' "${!#}"; } >>"$samples"

# start_rule NAME RULE: a server of its own, with the data of the cluster that was made first.
start_rule() {
	local home=$folder/$1 mb=$start_mb mode=off algorithm=rate
	case $2 in
	rate) mode=auto ;;
	classic) mode=auto algorithm=classic ;;
	unlimited) mb=$cap_mb ;;
	esac
	trap 'trap "" INT TERM HUP; stop_server || :' EXIT
	trap 'exit 130' INT TERM HUP
	mkdir "$home"
	cp -a "$folder/base/data" "$home/data"
	[ "$(id -u)" != 0 ] || chown "${PGCREW_TEST_USER:-postgres}:" "$home"
	start_server "$home" "${settings[@]}" "max_wal_size = '${mb}MB'" "walrus.mode = $mode" "walrus.algorithm = $algorithm"
	ask 'CHECKPOINT'
	[ "$mode" = off ] || ask 'SELECT walrus.reset()' >/dev/null
}

# follow_pg_walrus SECONDS: one look each checkpoint_timeout, with the settings that pg_walrus has by default.
# It counts requested checkpoints, whatever requested them. Its limit of changes an hour never binds here.
follow_pg_walrus() {
	local requested seen='' delta quiet=0 size=$start_mb target changed=-$timeout now
	for ((now = timeout; now <= $1; now += timeout)); do
		sleep "$timeout"
		requested=$(ask "$requested_checkpoints")
		delta=$((requested - ${seen:-$requested}))
		[ -z "$seen" ] || quiet=$((delta >= 2 ? 0 : quiet + 1))
		seen=$requested
		target=$size
		if [ "$delta" -ge 2 ]; then
			target=$((size * (delta + 1) < cap_mb ? size * (delta + 1) : cap_mb))
		elif [ "$quiet" -ge 5 ] && [ "$size" -gt "$start_mb" ]; then
			target=$(((size * 3 + 3) / 4 > start_mb ? (size * 3 + 3) / 4 : start_mb)) quiet=0
		fi
		if [ "$target" != "$size" ] && [ $((now - changed)) -ge "$timeout" ]; then
			ask "ALTER SYSTEM SET max_wal_size = '${target}MB'"
			ask 'SELECT pg_reload_conf()' >/dev/null
			size=$target changed=$now
		fi
	done
}

# measured PHASE COMMAND...: what the server wrote while the command ran.
measured() {
	local phase=$1 wal images pages wal_now images_now pages_now
	shift
	IFS='|' read -r wal images pages < <(ask "$written")
	"$@"
	IFS='|' read -r wal_now images_now pages_now < <(ask "$written")
	value "$round" "$rule" "$phase wal" $((wal_now - wal))
	value "$round" "$rule" "$phase images" $((images_now - images))
	value "$round" "$rule" "$phase pages" $((pages_now - pages))
}

# pgbench_for PHASE SECONDS: the same transactions for all rules of a round.
pgbench_for() {
	as_server pgbench --no-vacuum --client=4 --rate="$rate" --time="$2" --random-seed="$round$2" \
		>"${server_folder:?}/$1" 2>&1
	value "$round" "$rule" "$1 transactions" \
		"$(sed -n 's/^number of transactions actually processed: \([0-9]*\).*/\1/p' "${server_folder:?}/$1")"
	value "$round" "$rule" "$1 lag" "$(sed -n 's/^rate limit schedule lag: avg \([0-9.]*\).*/\1/p' "${server_folder:?}/$1")"
}

# tell_log BEGIN: when checkpoints were forced by WAL and when the size changed, in seconds since BEGIN.
tell_log() {
	awk -v begin="$1" -v run="$round	$rule" '
		$1 >= begin && /checkpoint starting:.* wal/ { printf "%s\tforced\t%.1f\n", run, $1 - begin }
		$1 >= begin && /parameter "max_wal_size" changed/ { printf "%s\tchange\t%.1f\n", run, $1 - begin }
	' "$server_folder/log" >>"$samples"
	value "$round" "$rule" final "$(ask "SELECT pg_size_bytes(current_setting('max_wal_size')) / 1048576")"
}

# forced_by_log and by walrus, of the whole life of the server.
compare_counts() {
	value "$round" "$rule" 'forced, told by the log' "$(grep -c 'checkpoint starting:.* wal' "$server_folder/log")"
	value "$round" "$rule" 'forced, told by walrus' \
		"$(ask "SELECT count FROM walrus.checkpoint_causes WHERE kind = 'checkpoint' AND cause = 'wal'")"
}

run_loaded() (
	round=$1 rule=$2
	start_rule "$round-$rule" "$rule"
	begin=$EPOCHREALTIME
	[ "$rule" != pg_walrus ] || follow_pg_walrus $((settle + steady)) &
	measured settling pgbench_for settling "$settle"
	measured steady pgbench_for steady "$steady"
	wait
	tell_log "$begin"
	compare_counts
	stop_server
	rm -rf "${server_folder:?}/data"
)

run_idle() (
	round=idle rule=$1
	start_rule "idle-$rule" "$rule"
	begin=$EPOCHREALTIME
	[ "$rule" != pg_walrus ] || follow_pg_walrus "$idle" &
	worker=$(ask "SELECT pid FROM pg_stat_activity WHERE backend_type = 'pg_walrus'")
	read -r before _ <"/proc/$worker/schedstat"
	for ((second = 0; second < idle; second += 5)); do
		sleep 5
		ask 'CHECKPOINT'
	done
	read -r after _ <"/proc/$worker/schedstat"
	value idle "$rule" 'worker ns' $((after - before))
	value idle "$rule" seconds "$(awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }')"
	wait
	tell_log "$begin"
	stop_server
)

# side_by_side COMMAND RULE...: COMMAND RULE, all at once; fails if one of them does.
side_by_side() {
	local command=$1 rule failed=no
	shift
	runs=()
	for rule in "$@"; do
		# The command may have an argument of its own.
		# shellcheck disable=SC2086
		$command "$rule" &
		runs+=($!)
	done
	for rule in "${runs[@]}"; do wait "$rule" || failed=yes; done
	runs=()
	[ $failed = no ]
}

# --------------------------------------------------------------------------------------------------
runs=()
trap 'trap "" INT TERM HUP; kill ${runs[@]+"${runs[@]}"} 2>/dev/null || :; wait; stop_server || :; rm -rf "$folder"' EXIT

major=$("$pg_config" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
build=build-bench-$major
echo "-- building for $("$pg_config" --version) in $build/" >&2
build_tree "$build" "$pg_config" --buildtype=release -Dfault_points=false
ninja -C "$build" -j "${jobs:?}" tests/walrus_sim >/dev/null

mkdir "$folder/base"
[ "$(id -u)" != 0 ] || chown "${PGCREW_TEST_USER:-postgres}:" "$folder/base"
start_server "$folder/base" "${settings[@]}" "max_wal_size = '4GB'" 'walrus.mode = off'
ask 'CREATE EXTENSION walrus'
as_server pgbench --initialize --quiet --scale="$scale" >/dev/null 2>&1
ask 'VACUUM ANALYZE'
if [ "$major" -ge 17 ]; then
	requested_checkpoints='SELECT num_requested FROM pg_stat_checkpointer'
	pages='buffers_written FROM pg_stat_checkpointer'
else
	requested_checkpoints='SELECT checkpoints_req FROM pg_stat_bgwriter'
	pages='buffers_checkpoint FROM pg_stat_bgwriter'
fi
written="SELECT pg_current_wal_insert_lsn() - '0/0', (SELECT wal_fpi FROM pg_stat_wal), $pages"
note server "PostgreSQL $(ask 'SHOW server_version'), $(nproc) cores"
note load "$rate transactions a second, scale $scale, each of ${#rules[@]} servers side by side, $rounds rounds"
stop_server

for ((round = 1; round <= rounds; round++)); do
	echo "-- round $round of $rounds: ${rules[*]}" >&2
	note "round $round" "load average before: $(load_average)"
	side_by_side "run_loaded $round" "${rules[@]}"
	note "round $round" "load average after: $(load_average)"
done
if [ "$idle" != 0 ]; then
	echo '-- no load, a CHECKPOINT every 5 s' >&2
	side_by_side run_idle rate classic pg_walrus
	note idle "load average after: $(load_average)"
fi
echo '-- simulating four days' >&2
"$build/tests/walrus_sim" --tsv | sed 's/^/simulated\t/' >>"$samples"

python3 tests/bench/walrus.py "$samples" "$results/walrus.tsv"
