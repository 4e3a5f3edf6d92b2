# Many sessions at once, jobs of mixed sizes, cancels and detaches: nothing is lost and nothing is left.
package Load;

use strict;
use warnings;
use Exporter 'import';
use Jobs;
use PgCrew;
use Test::More;

our @EXPORT = qw(load_test);

my $script = <<'END';
\set kind random(1, 12)
\set n random(0, 3000)
\set ms random(0, 20)
SELECT one_job(:kind, :n, :ms);
END

# What a job does, and what its launcher does with it, by kind. Each leaves a row in `done`.
my $functions = <<'END';
CREATE TABLE effects (session int, n int);
CREATE FUNCTION one_job(kind int, n int, ms int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	h bgjob.handle;
	seen bigint;
	sql text := format('SELECT i, md5(i::text) FROM generate_series(1, %s) i', n);
BEGIN
	CASE kind
	WHEN 1, 2, 3 THEN    -- all rows
		h := bgjob.launch(sql, CASE kind WHEN 1 THEN 64 WHEN 2 THEN 0 ELSE 1000000 END);
		seen := (SELECT count(*) FROM bgjob.result(h.id, h.cookie) AS (i int, m text) WHERE m = md5(i::text));
		IF seen <> n THEN RAISE EXCEPTION 'saw % of % rows', seen, n; END IF;
		PERFORM bgjob.detach(h.id, h.cookie);
	WHEN 4 THEN          -- wait first
		h := bgjob.launch(sql, 64);
		PERFORM bgjob.wait(h.id, h.cookie);
		seen := (SELECT count(*) FROM bgjob.result(h.id, h.cookie) AS (i int, m text));
		IF seen <> n THEN RAISE EXCEPTION 'saw % of % rows', seen, n; END IF;
		PERFORM bgjob.detach(h.id, h.cookie);
	WHEN 5 THEN          -- JSON
		seen := (SELECT count(*) FROM bgjob.run(sql));
		IF seen <> n THEN RAISE EXCEPTION 'saw % of % rows', seen, n; END IF;
	WHEN 6 THEN          -- an effect, exactly once
		h := bgjob.submit(format('INSERT INTO effects VALUES (%s, %s)', pg_backend_pid(), n));
		PERFORM bgjob.wait(h.id, h.cookie);
		PERFORM bgjob.detach(h.id, h.cookie);
		PERFORM nextval('expected');
	WHEN 7 THEN          -- an effect of a job nobody waits for
		h := bgjob.submit(format('INSERT INTO effects VALUES (%s, %s)', pg_backend_pid(), n));
		PERFORM bgjob.detach(h.id, h.cookie);
		PERFORM nextval('expected');
	WHEN 8 THEN          -- cancelled at some moment
		h := bgjob.launch(sql || format(' UNION ALL SELECT 0, %L FROM pg_sleep(60)', ''), 64);
		PERFORM pg_sleep(ms / 1000.0);
		PERFORM bgjob.cancel(h.id, h.cookie);
		PERFORM bgjob.wait(h.id, h.cookie);
		IF (bgjob.outcome(h.id, h.cookie)).state <> 'cancelled' THEN
			RAISE EXCEPTION 'not cancelled: %', bgjob.outcome(h.id, h.cookie);
		END IF;
		PERFORM bgjob.detach(h.id, h.cookie);
	WHEN 9 THEN          -- detached at some moment
		h := bgjob.launch(sql, 64);
		PERFORM pg_sleep(ms / 1000.0);
		PERFORM bgjob.detach(h.id, h.cookie);
	WHEN 10 THEN         -- an error
		h := bgjob.launch('SELECT 1/0');
		BEGIN
			PERFORM * FROM bgjob.result(h.id, h.cookie) AS (x int);
			RAISE EXCEPTION 'no error';
		EXCEPTION WHEN division_by_zero THEN
			PERFORM bgjob.detach(h.id, h.cookie);
		END;
	WHEN 11 THEN         -- out of time
		h := bgjob.launch('SELECT pg_sleep(60)', timeout => '10 ms');
		PERFORM bgjob.wait(h.id, h.cookie);
		IF (bgjob.outcome(h.id, h.cookie)).sqlstate <> '57014' THEN RAISE EXCEPTION 'not timed out'; END IF;
		PERFORM bgjob.detach(h.id, h.cookie);
	ELSE                 -- onlookers
		PERFORM count(*) FROM bgjob.launched;
		PERFORM count(*) FROM bgjob.activity;
		PERFORM * FROM bgjob.stats;
		PERFORM bgjob.wait_any(handles, '1 s') FROM
			(SELECT array_agg(bgjob.launch('SELECT ' || i)) AS handles FROM generate_series(1, 3) i) x;
		PERFORM bgjob.detach_all();
	END CASE;
END $$;
CREATE SEQUENCE expected;
END

# load_test($sessions, $launches): for each session.
sub load_test
{
	my ($sessions, $launches) = @_;
	my $node = new_node(
		conf => "shared_preload_libraries = 'bgjob'\nmax_worker_processes = 10\nmax_connections = 50",
		extensions => ['bgjob']);
	$node->safe_psql('postgres', $functions);
	my $file = $node->basedir . '/load.sql';
	PostgreSQL::Test::Utils::append_to_file($file, $script);
	$node->command_ok(
		[ 'pgbench', '-n', '-c', $sessions, '-t', $launches, '-f', $file, 'postgres' ],
		"[pgbg-32] $sessions sessions with $launches calls each");

	poll_sql($node, 'SELECT queued + running FROM bgjob.stats', 0);
	is($node->safe_psql('postgres', 'SELECT count(*) FROM bgjob.launched'), 0, 'no entry is left');
	is( $node->safe_psql('postgres', 'SELECT retained, lost, shared_memory_bytes FROM bgjob.stats'),
		'0|0|0', 'no job was lost, no byte is left');
	is( $node->safe_psql('postgres', 'SELECT launched = succeeded + failed + cancelled AND timed_out <= failed FROM bgjob.stats'),
		't', 'the counters add up');
	is( $node->safe_psql('postgres', 'SELECT count(*) - (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM expected) FROM effects'),
		0, 'every effect happened once');
	is(scalar spool_files($node), 0, 'no file is left');
	wait_until_idle($node);
	is($node->safe_psql('postgres', 'SELECT count(*) FROM bgjob.activity a LEFT JOIN pg_stat_activity p USING (pid) WHERE p.pid IS NULL'),
		0, 'no slot is held by nobody');
	is($node->safe_psql('postgres', "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), 0, 'no lock is left');
	$node->append_conf('postgresql.conf', "bgjob.worker_idle_timeout = '100ms'");
	$node->reload;
	poll_sql($node, 'SELECT workers FROM bgjob.stats', 0, 30);
	pass('all slots come back');
	$node->stop;
	return;
}

1;
