# The history of durable jobs: its partitions, what becomes of them, and that they can be dumped,
# restored and dropped with the extension.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use PgCrew;
use Test::More;

my $node = new_node(conf => "shared_preload_libraries = 'bgjob'", extensions => ['bgjob']);
$node->safe_psql('postgres', <<'END');
CREATE ROLE alice LOGIN;
SELECT bgjob.grant_usage('alice');
CREATE TABLE done (i int);
GRANT ALL ON done TO alice;
END

my $alice = 'SET SESSION AUTHORIZATION alice; ';
sub sql { return $node->safe_psql('postgres', $_[0]) }
sub enqueue { return sql($alice . "SELECT bgjob.enqueue('$_[0]')") }

sub ends
{
	my ($job) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	poll_sql($node, "SELECT ended_at IS NOT NULL FROM bgjob.status($job)");
	return sql("SELECT state FROM bgjob.status($job)");
}
my $partitions = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'bgjob.job_run'::regclass";
my $some = "SELECT count(*) >= 4 FROM pg_inherits WHERE inhparent = 'bgjob.job_run'::regclass";
sub partition_of { return sql("SELECT tableoid::regclass FROM bgjob.job_run WHERE id = $_[0]") }

# Ends the dispatcher; the next job starts another one, which looks after the history at once.
sub new_dispatcher
{
	my $old = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'bgjob dispatcher'";
	my $pid = sql($old);
	sql("SELECT pg_terminate_backend($pid, 10000)") if $pid ne '';
	ends(enqueue('INSERT INTO done VALUES (0)'));
	return;
}

# --- partitions ------------------------------------------------------------------------------

my $job = enqueue('INSERT INTO done VALUES (1)');
is(ends($job), 'succeeded', 'a job is remembered');
poll_sql($node, $some);
pass('there are partitions for today and two more days, and one for the rest');
is(partition_of($job), sql("SELECT 'bgjob.job_run_' || to_char(ended_at AT TIME ZONE 'UTC', 'YYYYMMDD') FROM bgjob.jobs WHERE id = $job"),
	'the job stands in that of the day');

# Someone reads the history for long: no partition can be made, and nobody waits for that.
# A dispatcher may make them again in between.
my $reader = session($node);
$reader->query_safe('BEGIN');
poll_until(
	sub {
		$reader->query_safe('ROLLBACK');
		sql("SELECT bgjob.drop_partition(relname) FROM pg_class WHERE relispartition AND relname ~ '^job_run_\\d+\$'");
		$reader->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM bgjob.jobs;');
		return sql("SELECT count(*) FROM pg_class WHERE relispartition AND relname ~ '^job_run_\\d+\$'") == 0;
	},
	'no partition while somebody reads the history');
my $offset = -s $node->logfile;
new_dispatcher();
$job = enqueue('INSERT INTO done VALUES (2)');
is(ends($job), 'succeeded', 'jobs end while the history is locked');
is(partition_of($job), 'bgjob.job_run_default', '... and stand in the partition for the rest');
poll_until(sub { log_since($node, $offset) =~ /canceling statement due to lock timeout/ }, 'the attempt failed');
poll_sql($node, "SELECT oldest_xmin_holder FROM bgjob.storage WHERE table_name = 'job'", 'session ' . backend_pid($reader));
pass('the one whose snapshot keeps dead rows is shown');
$reader->query_safe('COMMIT');
new_dispatcher();
poll_sql($node, $some);
like(partition_of($job), qr/^bgjob\.job_run_\d+$/, 'they move when their partition comes');
is(sql("SELECT state FROM bgjob.status($job)"), 'succeeded', '... and are still known');
$reader->quit;

# --- retention -------------------------------------------------------------------------------

# A day that is long over, with jobs that have steps, failures, children and keys.
sub old_day
{
	my ($date, $jobs) = @_;
	my $name = 'job_run_' . $date =~ s/-//gr;
	sql(<<"END");
CREATE TABLE bgjob.$name (LIKE bgjob.job_run);
CREATE INDEX ${name}_id ON bgjob.$name (id);
ALTER TABLE bgjob.job_run ATTACH PARTITION bgjob.$name FOR VALUES FROM ('$date 00:00:00+00') TO (timestamptz '$date 00:00:00+00' + interval '24 h');
WITH old AS (
    INSERT INTO bgjob.job_run (id, queue, priority, state, kind, attempt, role, due_at, enqueued_at, ended_at, command, key)
    SELECT nextval('bgjob.job_id'), 0, 0, 11, 1 + i % 2, 0, 'alice'::regrole, '$date', '$date', '$date 12:00+00', 'old',
           CASE WHEN i % 3 = 0 THEN '$date ' || i END
      FROM generate_series(1, $jobs) i RETURNING id, kind, role, key),
keys AS (INSERT INTO bgjob.job_key (role, key, job) SELECT role, key, id FROM old WHERE key IS NOT NULL),
children AS (INSERT INTO bgjob.child (parent, job, state) SELECT id, id + 1000000, 11 FROM old WHERE kind = 2),
failures AS (INSERT INTO bgjob.failure (job, seq, attempt, began_at, ended_at, sqlstate, message)
             SELECT id, 1, 1, now(), now(), '22012', 'division by zero' FROM old WHERE kind = 2)
INSERT INTO bgjob.step (job, seq, kind, state, occurrence, attempt, began_at, name)
SELECT id, 1, 1, 1, 1, 0, now(), 'one' FROM old WHERE kind = 2;
END
	return;
}
my $linked = 'SELECT (SELECT count(*) FROM bgjob.job_key) || $$ $$ || (SELECT count(*) FROM bgjob.child)'
  . ' || $$ $$ || (SELECT count(*) FROM bgjob.failure) || $$ $$ || (SELECT count(*) FROM bgjob.step)';
my $young = sql("SELECT date(now() AT TIME ZONE 'UTC') - 10");
old_day('2020-01-01', 3000);
old_day('2020-01-02', 30);
old_day($young, 300);
is(sql($linked), '1110 1665 1665 1665', 'old jobs with much that hangs on them');
new_dispatcher();
poll_sql($node, "SELECT count(*) FROM pg_class WHERE relname ~ '^job_run_2020'", 0);
pass('days that are over are dropped');
is(sql($linked), '100 150 150 150', '... with all that hung on their jobs');
is(sql("SELECT count(*) FROM bgjob.jobs WHERE command = 'old'"), 300, '... and no others');

# A signal that was committed after the end of its job, and one whose job waits elsewhere.
my $later = sql(q(CREATE PROCEDURE later(input jsonb) LANGUAGE sql AS ''; SELECT bgjob.start('later', run_at => now() + '1 day')));
sql("INSERT INTO bgjob.signal SELECT id, 1, id, now() - interval '2 hours', 'go' FROM unnest(ARRAY[$later, 1000000]) id");
new_dispatcher();
poll_sql($node, 'SELECT job FROM bgjob.signal', $later);
pass('a signal that came too late is forgotten');
sql("SELECT bgjob.cancel($later)");

# A queue keeps its jobs for a shorter time than the partitions stay; failed ones go with them.
sql("INSERT INTO bgjob.job_dead (id, queue, priority, state, kind, cancel_asked, attempt, role, due_at, enqueued_at, search_path, command)"
	  . " SELECT nextval('bgjob.job_id'), 0, 0, 12, 1, false, 1, 'alice'::regrole, now() - i * interval '4 days', now(), '', 'dead' FROM generate_series(1, 2) i");
sql(q(INSERT INTO bgjob.queue (id, name, options) VALUES (0, 'default', '{"keep": "5 days"}'), (100, 'long', '{"keep": "60 days"}')
 ON CONFLICT (id) DO UPDATE SET options = excluded.options));
new_dispatcher();
poll_sql($node, "SELECT count(*) FROM bgjob.jobs WHERE command IN ('old', 'dead')", 1);
is(sql("SELECT command || extract(day FROM now() - ended_at) FROM bgjob.jobs WHERE command IN ('old', 'dead')"),
	'dead4', 'jobs older than their queue keeps them are forgotten');
is(sql($linked), '0 0 0 0', '... with all that hung on them');
is(sql("SELECT count(*) FROM pg_class WHERE relname = 'job_run_' || replace('$young', '-', '')"), 1, 'their partition stays for the other queue');

# --- told is safe ----------------------------------------------------------------------------

$job = enqueue('INSERT INTO done VALUES (3)');
is(ends($job), 'succeeded', 'the end of a job is told');
$node->stop('immediate');
$node->start;
is(sql("SELECT state FROM bgjob.status($job)"), 'succeeded', '... and known after a crash');
is(sql('SELECT count(*) FROM done WHERE i = 3'), 1, '... as is what it did');

# --- dump and restore ------------------------------------------------------------------------

my $failed = enqueue('SELECT 1/0');
is(ends($failed), 'failed', 'a job has failed');
sql($alice . "SELECT bgjob.enqueue('SELECT 4', run_at => now() + interval '1 year')");
my $all = 'SELECT * FROM bgjob.jobs ORDER BY id';
my $before = sql($all);
for my $format ('plain', 'custom')
{
	my $file = "$PostgreSQL::Test::Utils::tmp_check/history.$format";
	$node->command_ok([ 'pg_dump', "--format=$format", "--file=$file", $node->connstr('postgres') ], "pg_dump, $format");
	$node->safe_psql('template1', "CREATE DATABASE restored_$format");
	my $target = $node->connstr("restored_$format");
	$node->command_ok(
		$format eq 'plain'
		? [ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $file, $target ]
		: [ 'pg_restore', '--exit-on-error', '-d', $target, $file ],
		'... and back');
	is($node->safe_psql("restored_$format", $all), $before, 'all jobs are there');
	is($node->safe_psql("restored_$format", $partitions), sql($partitions), '... in as many partitions');
	is($node->safe_psql("restored_$format", "SELECT state FROM bgjob.status($job)"), 'succeeded', '... and found');
	my $new = $node->safe_psql("restored_$format", $alice . "SELECT bgjob.enqueue('SELECT 5')");
	poll_until(sub { $node->safe_psql("restored_$format", "SELECT state FROM bgjob.status($new)") eq 'succeeded' }, 'a job of the copy');
	like($node->safe_psql("restored_$format", "SELECT tableoid::regclass FROM bgjob.job_run WHERE id = $new"),
		qr/^bgjob\.job_run_\d+$/, 'the copy goes on');
	$node->safe_psql("restored_$format", 'DROP EXTENSION bgjob');
	is($node->safe_psql("restored_$format", "SELECT count(*) FROM pg_class WHERE relname ~ '^job'"), 0, '... and leaves nothing');
}

# --- dropped and created under load ----------------------------------------------------------

for my $round (1 .. 3)
{
	sql($alice . "SELECT count(bgjob.enqueue('INSERT INTO public.done VALUES (100 + $round)')) FROM generate_series(1, 2000)");
	poll_sql($node, "SELECT count(*) > 10 FROM done WHERE i = 100 + $round");
	my ($code, $message) = psql_error($node, 'DROP EXTENSION bgjob');
	is($code, '', "the extension is dropped while jobs run ($message)");
	is(sql("SELECT count(*) FROM pg_class WHERE relname ~ '^job_'"), 0, '... and nothing is left');
	sql("CREATE EXTENSION bgjob; SELECT bgjob.grant_usage('alice')");
}
is(ends(enqueue('SELECT 6')), 'succeeded', 'jobs run in the new one');
poll_sql($node, $some);
pass('... and it has its partitions');

$node->stop;
done_testing();
