#!/bin/sh
# regress.sh PG_REGRESS INPUTDIR TEST: one SQL or isolation test against the running server.
out=$PWD/out
mkdir "$out"
"$1" --use-existing --bindir="$(dirname "$(command -v psql)")" --inputdir="$2" --outputdir="$out" \
	--dbname=postgres --dlpath=/nonexistent "$3" && exit
cat "$out"/regression.diffs >&2
exit 1
