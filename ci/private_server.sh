# shellcheck shell=bash
# Sourced by ci/demo, ci/bench, ci/by_hand and ci/upgrade, after prelude.sh: a private installation with the
# modules in it, and a server of its own. Nothing is installed in the system and no server ever runs as root.

# What the caller's environment says of other servers does not count here.
for name in "${!PG@}"; do
	case $name in PGCREW_* | PGROOT_*) ;; PG[A-Z]*) unset "$name" ;; esac
done

as_user=()
[ "$(id -u)" != 0 ] || as_user=(setpriv "--reuid=${PGCREW_TEST_USER:-postgres}"
	"--regid=${PGCREW_TEST_USER:-postgres}" --init-groups --inh-caps=-all --)

# build_tree FOLDER PG_CONFIG MESON_OPTION...: build, and put server and modules together below
# FOLDER. Sets server_bin, the folder of the private installation's programs.
build_tree() {
	local folder=$1 pg_config=$2 log
	shift 2
	log=$(mktemp)
	if ! { configure "$folder" "$@" "-Dpg_config=$pg_config" &&
		ninja -C "$folder" -j "${jobs:?}" tests/stage.stamp; } >"$log" 2>&1; then
		tail -n 40 "$log" >&2
		rm -f "$log"
		return 1
	fi
	rm -f "$log"
	server_bin=$PWD/$folder/tests/tree$("$pg_config" --bindir)
}

# as_server COMMAND...: run it as the user the server runs as, in the server's folder.
as_server() {
	(cd "$server_folder" && HOME=$server_folder LC_ALL=C.UTF-8 exec ${as_user[@]+"${as_user[@]}"} "$@")
}

# ask QUERY: one value.
ask() { as_server psql --no-psqlrc --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 --command="$1"; }

# start_server FOLDER SETTING...: start the server of server_bin in FOLDER, which keeps its data,
# and point all clients at it. It listens on a socket in FOLDER alone.
start_server() {
	server_folder=$1
	shift
	[ ${#server_folder} -le 85 ] || {
		echo "$0: the name of the folder is too long for a socket: $server_folder" >&2
		return 1
	}
	export PATH=$server_bin:$PATH PGHOST=$server_folder PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
	if [ ! -e "$server_folder/data/PG_VERSION" ]; then
		as_server initdb --pgdata=data --username=postgres --auth=trust --encoding=UTF8 --locale=C \
			--no-instructions >/dev/null
		as_server tee -a data/postgresql.conf >/dev/null <<<"include 'private.conf'"
	fi
	printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$server_folder'" \
		'unix_socket_permissions = 0700' "$@" | as_server tee data/private.conf >/dev/null
	if ! as_server pg_ctl --pgdata=data --log=log --silent --wait start; then
		tail -n 20 "$server_folder/log" >&2
		return 1
	fi
}

stop_server() {
	[ ! -e "${server_folder:-/nonexistent}/data/postmaster.pid" ] ||
		as_server pg_ctl --pgdata=data --mode=fast --silent --wait stop
}
