# shellcheck shell=bash
# Sourced by ci/demo: bgjob's launched jobs on the pgbench database.

# show_jobs: how they stand.
show_jobs() {
	as_server psql --no-psqlrc --quiet --pset=footer=off --pset=null=- --command="
		SELECT id, label, state, row_count AS rows, percent || '%' AS done, progress_message AS progress,
		       round(extract(epoch FROM finished_at - started_at), 1) AS seconds
		  FROM bgjob.launched ORDER BY id" | sed 's/^/      /'
}

# watch_jobs: show them each time something changed, until all have ended but the endless one.
watch_jobs() {
	local now='' before='' left=1 start=${EPOCHREALTIME/[.,]/} ms=0
	while [ "$left" != 0 ]; do
		ms=$(((${EPOCHREALTIME/[.,]/} - start) / 1000))
		[ "$ms" -lt $((600000 + scale * 6000)) ] || {
			echo 'ci/demo: the jobs did not end in time' >&2
			return 1
		}
		left=$(ask "SELECT count(*) FROM bgjob.launched WHERE finished_at IS NULL AND label <> 'all pairs'")
		now=$(show_jobs)
		if [ "$now" != "$before" ]; then
			say "After $((ms / 1000)).$((ms / 100 % 10)) s:"
			echo "$now"
			before=$now
		fi
		[ "$left" = 0 ] || sleep 0.3
	done
}

step 'bgjob: create the extension, and a report that tells how far it is'
sql <<'SQL'
CREATE EXTENSION bgjob;
CREATE FUNCTION branch_report() RETURNS TABLE (branch int, accounts bigint, used bigint, highest int)
LANGUAGE plpgsql AS $$
DECLARE
    branches int := (SELECT count(*) FROM pgbench_branches);
BEGIN
    FOR branch IN 1 .. branches LOOP
        PERFORM bgjob.report_progress(100 * (branch - 1) / branches, format('branch %s of %s', branch, branches));
        RETURN QUERY SELECT branch, count(*), count(*) FILTER (WHERE abalance <> 0), max(abalance)
                       FROM pgbench_accounts WHERE bid = branch;
    END LOOP;
    PERFORM bgjob.report_progress(100, 'done');
END $$;
SQL

step 'Five jobs at once: an index, statistics and three reports'
say 'launch keeps the rows of a job, submit throws them away. Both return at once.'
sql <<'SQL'
SELECT pg_backend_pid() AS this_session;
SELECT id FROM bgjob.submit('CREATE INDEX accounts_by_balance ON pgbench_accounts (abalance, bid)', label => 'index');
SELECT id FROM bgjob.submit('ANALYZE pgbench_history', label => 'statistics');
SELECT id FROM bgjob.launch('SELECT bid, count(*), sum(abalance) FROM pgbench_accounts GROUP BY bid ORDER BY bid',
                            label => 'totals');
SELECT id FROM bgjob.launch('SELECT * FROM branch_report()', label => 'branches');
SELECT id FROM bgjob.launch('SELECT count(*) FROM pgbench_accounts a, pgbench_accounts b WHERE a.abalance + b.abalance = 7',
                            label => 'all pairs');
-- The foreground goes on:
\timing on
SELECT count(*) AS tellers, sum(tbalance) AS balance FROM pgbench_tellers;
SQL

step 'Watch them, from other sessions'
watch_jobs

step 'Cancel the report that would take days'
sql <<'SQL'
SELECT bgjob.cancel(id, cookie, grace => '10 s') AS has_ended FROM bgjob.launched WHERE label = 'all pairs';
SELECT state, sqlstate, last_error FROM bgjob.launched WHERE label = 'all pairs';
SQL

step 'Fetch rows'
say 'The session that launched these jobs has ended; any session with the rights of their owner may read.'
sql <<'SQL'
SELECT launcher_pid, pg_backend_pid() AS this_session FROM bgjob.launched WHERE label = 'totals';
SELECT id, cookie FROM bgjob.launched WHERE label = 'totals' \gset
SELECT * FROM bgjob.result(:id, :cookie) AS r(branch int, accounts bigint, balance bigint) LIMIT 5;
-- The same rows again, as JSON, from the fourth on:
SELECT * FROM bgjob.result_json(:id, :cookie, skip => 3, max_rows => 2);
SQL
say 'And in a third session, the report that told its progress:'
sql <<'SQL'
SELECT id, cookie FROM bgjob.launched WHERE label = 'branches' \gset
SELECT * FROM bgjob.result(:id, :cookie) AS r(branch int, accounts bigint, used bigint, highest int)
 LIMIT 5;
SQL

step 'An error comes back as it was, with its SQLSTATE'
sql --set=ON_ERROR_STOP=0 --set=SHOW_CONTEXT=always <<'SQL'
SELECT id, cookie FROM bgjob.launch('INSERT INTO pgbench_branches (bid) VALUES (-1); SELECT 1 / 0') \gset
SELECT * FROM bgjob.result(:id, :cookie) AS r(x int);
SELECT state, sqlstate, message FROM bgjob.outcome(:id, :cookie);
-- The job was one transaction, so its INSERT is undone:
SELECT count(*) FROM pgbench_branches WHERE bid = -1;
SQL

step 'Launch, wait, fetch and forget in one call'
sql <<'SQL'
SELECT * FROM bgjob.run('SELECT tid, tbalance FROM pgbench_tellers ORDER BY tbalance DESC LIMIT 2', timeout => '1 min');
SQL

step 'What it took'
sql --expanded <<'SQL'
SELECT launched, succeeded, failed, cancelled, workers_started, rows_kept,
       round(avg_execution_ms) AS avg_execution_ms, shared_memory_bytes
  FROM bgjob.stats;
SELECT bgjob.purge() AS jobs_forgotten;
SQL
