# shellcheck shell=bash
# Sourced by the tests of the installed packages: `on_each_server.sh MODULE [SETTING...]`. What follows in the
# test runs once for each PostgreSQL that has the module, on a throw-away server that has preloaded it.
set -euo pipefail
module=$1
shift

if [ -z "${PGCREW_ON_SERVER:-}" ]; then
	found=no
	for library in /usr/lib/postgresql/*/lib/"$module".so; do
		[ -e "$library" ] || continue
		found=yes version=${library#/usr/lib/postgresql/} version=${version%%/*}
		echo "$module on PostgreSQL $version"
		settings=(-o "shared_preload_libraries=$module")
		for setting; do settings+=(-o "$setting"); done
		PGCREW_ON_SERVER=yes pg_virtualenv -v "$version" "${settings[@]}" "$0"
	done
	[ "$found" = yes ] || echo "$module is installed for no PostgreSQL" >&2
	[ "$found" = yes ]
	exit
fi

# ask QUERY: its answer.
ask() { psql --no-psqlrc --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 --command="$1"; }

# is WHAT GOT EXPECTED
is() {
	if [ "$2" != "$3" ]; then
		echo "not ok $1: got '$2', expected '$3'"
		exit 1
	fi
	echo "ok $1"
}

# until_true COMMAND...: repeat it until it succeeds, for two minutes.
until_true() {
	local end=$((SECONDS + 120))
	until "$@"; do
		if [ "$SECONDS" -ge "$end" ]; then
			echo "not ok: in vain: $*"
			exit 1
		fi
		sleep 0.2
	done
}

# until_answer ANSWER QUERY: until the query gives it; a server that is just starting gives none.
until_answer() { until_true answers "$@"; }
answers() { [ "$(ask "$2" 2>/dev/null)" = "$1" ]; }

restart_server() { pg_ctlcluster --skip-systemctl-redirect --mode="${1:-fast}" "${PGVERSION:?}" regress restart; }
