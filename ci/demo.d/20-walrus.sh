# shellcheck shell=bash
# Sourced by ci/demo: walrus finds the max_wal_size that a constant load needs. checkpoint_timeout is 30 s.

# chart SECONDS [QUERY]: what the server writes, a line each 3 s, until QUERY is true or the time is up.
chart() {
	local began=$SECONDS lsn size forced last_lsn last_forced mb bar marks
	IFS='|' read -r last_lsn _ last_forced < <(ask "$chart_query")
	while [ $((SECONDS - began)) -lt "$1" ]; do
		sleep 3
		IFS='|' read -r lsn size forced < <(ask "$chart_query")
		mb=$(((lsn - last_lsn) >> 20))
		printf -v bar '%*s' $((mb < 60 ? mb : 60)) ''
		printf -v marks '%*s' $((forced - last_forced)) ''
		printf '      %3d s  %8s  %3d MB %s %s\n' $((SECONDS - load_began)) "$size" "$mb" "${bar// /=}" "${marks// /!}"
		last_lsn=$lsn last_forced=$forced
		[ $# -lt 2 ] || [ "$(ask "$2")" != t ] || return 0
	done
}
chart_query="SELECT pg_current_wal_insert_lsn() - '0/0', current_setting('max_wal_size'),
                    (SELECT count FROM walrus.checkpoint_causes WHERE kind = 'checkpoint' AND cause = 'wal')"

# log_lines: what walrus has written to the server log since the last call.
log_lines() {
	tail -n "+$((log_seen + 1))" "${folder:?}/log" | awk '
		/(LOG|WARNING): +pg_walrus/ { ours = 1 }
		!/(LOG|WARNING): +pg_walrus|(DETAIL|HINT): / { ours = 0 }
		ours { sub(/^.*\[[0-9]+\] /, ""); print }' | fold -s -w 110 | sed 's/^/      /'
	log_seen=$(wc -l <"$folder/log")
}
log_seen=$(wc -l <"$folder/log")
tall=(--expanded --pset=format=wrapped --pset=columns=110)

step 'walrus: why checkpoints began'
say 'It is in shared_preload_libraries, so it has counted since the server started: CREATE EXTENSION adds the views.'
say 'max_wal_size is 64 MB here, far too little. walrus rests (walrus.mode = off) and counts all the same.'
sql <<'SQL'
CREATE EXTENSION IF NOT EXISTS walrus;
SELECT kind, cause, count, last_at FROM walrus.checkpoint_causes WHERE kind = 'checkpoint';
SQL

step 'A constant load'
say '600 transactions a second. Each line is 3 s: max_wal_size, WAL written (=), checkpoints forced by it (!).'
as_server pgbench --no-vacuum --client=4 --rate=600 --time=60 >/dev/null 2>&1 &
load=$! load_began=$SECONDS
chart 18

step 'Advice'
sql <<'SQL'
ALTER SYSTEM SET walrus.mode = 'advise';
SELECT pg_reload_conf();
SQL
chart 20 "SELECT statement IS NOT NULL FROM walrus.why"
say 'What walrus would do, and why:'
sql "${tall[@]}" <<'SQL'
SELECT * FROM walrus.why;
SQL
say 'The server log says so too:'
log_lines

step 'Let it act'
sql <<'SQL'
ALTER SYSTEM SET walrus.mode = 'auto';
SELECT pg_reload_conf();
SQL
chart $((load_began + 58 - SECONDS))
log_lines
sql "${tall[@]}" <<'SQL'
SELECT current_mb, recommended_mb, action, reason, sentence, standing, demand_mb, trigger_mb, utilisation,
       wal_checkpoints, timed_checkpoints, binding_limit, source FROM walrus.why;
SQL
wait "$load"

step 'What happened'
sql --pset=format=wrapped --pset=columns=110 <<'SQL'
SELECT id, action, old_size_mb AS old, new_size_mb AS new, forced_checkpoints AS forced, sentence FROM walrus.events;
-- The same in a table, written by a short-lived worker:
SELECT count(*), min("timestamp"), max("timestamp") FROM walrus.history();
SELECT kind, cause, count FROM walrus.checkpoint_causes WHERE kind = 'checkpoint';
SQL

step 'What if'
say 'The recorded WAL under other settings, as checkpoints a day:'
sql <<'SQL'
SELECT s.max_wal_size_mb AS mb, s.timeout, round(s.forced_per_day) AS forced, round(s.timed_per_day) AS timed,
       s.needed_mb
  FROM (VALUES ('64MB', '30 s'), ('512MB', '30 s'), ('512MB', '5 min'), ('4GB', '5 min')) v(size, timeout),
       walrus.simulate(v.size, v.timeout::interval) s;
SQL

step 'Put back what was there'
sql <<'SQL'
ALTER SYSTEM RESET walrus.mode;
SELECT pg_reload_conf();
SELECT walrus.restore();
SHOW max_wal_size;
SQL
log_lines
