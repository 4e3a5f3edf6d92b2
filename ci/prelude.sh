# shellcheck shell=bash
# Sourced by the scripts of ci/: strict mode, the root of the source tree, and what they share.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PYTHONDONTWRITEBYTECODE=1
# Objects that see no server header are the same in all build folders: ccache compiles them once.
export CCACHE_NOHASHDIR=1
jobs=${PGCREW_JOBS:-2}

# configure FOLDER MESON_OPTION...: set a build folder up, or do so again when the options have
# changed or a folder of sources has, for the tests there are.
configure() {
	local folder=$1 stamp=$1/configured again=()
	shift
	if [ -e "$folder/build.ninja" ]; then
		if [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$*" ] &&
			[ -z "$(find common extensions tests -type d -newer "$stamp" -print -quit)" ]; then
			return 0
		fi
		again=(--reconfigure)
	fi
	meson setup ${again[@]+"${again[@]}"} "$folder" "$@" && echo "$*" >"$stamp"
}

# pg_config_of MAJOR: that of this system's PostgreSQL 15, or of another major from ../shared/tools/pgroot.
pg_config_of() {
	local bin=/usr/lib/postgresql/15/bin
	[ "$1" = 15 ] || bin=$(PGROOT_DIR=${PGROOT_DIR:-/var/cache/pgroot} bash ../shared/tools/pgroot prefix "$1") || return
	echo "$bin/pg_config"
}

# run_tests FOLDER MESON_OPTION... -- ARGUMENT...: configure, compile, run `meson test ARGUMENT...`
# and close on the counts. A build that fails counts as one failed test.
run_tests() {
	local folder=$1 options=() status=0 for_tests=meson-test-prereq # no part of `all` for newer mesons
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	[[ " $* " != *' --no-suite unit '* ]] || for_tests=tests/stage.stamp
	if ! { configure "$folder" "${options[@]}" && ninja -C "$folder" -j "$jobs" all "$for_tests"; }; then
		echo "failed: build in $folder"
		echo '0 passed, 1 failed, 0 skipped'
		return 1
	fi
	rm -f "$folder/meson-logs/testlog.json"
	meson test -C "$folder" --no-rebuild --num-processes $((jobs * 2)) --print-errorlogs "$@" || status=$?
	ci/count --failed "$folder/meson-logs/testlog.json" 2>/dev/null || :
	ci/count "$folder/meson-logs/testlog.json" || status=1
	return "$status"
}
