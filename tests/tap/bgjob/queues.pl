# Queues of durable jobs: what they limit, in which order jobs run, and that nothing else slows them down.
use strict;
use warnings;
use PgCrew;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node(
	conf => "shared_preload_libraries = 'bgjob'\nautovacuum = off",
	extensions => ['bgjob']);
$node->safe_psql('postgres', <<'END_SQL');
CREATE TABLE run (n serial, job text, began timestamptz, ended timestamptz, xid xid8 DEFAULT pg_current_xact_id());
CREATE ROLE many LOGIN; CREATE ROLE few LOGIN; CREATE ROLE locked_out;
GRANT ALL ON run, run_n_seq TO PUBLIC;
SELECT bgjob.grant_usage('many'), bgjob.grant_usage('few'), bgjob.grant_usage('locked_out');
CREATE FUNCTION public.work(job text, seconds float) RETURNS void LANGUAGE plpgsql AS $$
DECLARE start timestamptz := clock_timestamp();
BEGIN
	PERFORM pg_sleep(seconds);
	INSERT INTO run (job, began, ended) VALUES (job, start, clock_timestamp());
END $$;
END_SQL

sub sql { return $node->safe_psql('postgres', shift) }

# $n jobs that sleep, as one transaction.
sub add_work
{
	my ($n, $job, $seconds, $more) = @_;
	return sql("SELECT count(bgjob.enqueue('SELECT public.work(\$1, \$2)', '[\"$job\", $seconds]'" . ($more // '') . ")) FROM generate_series(1, $n)");
}

sub wait_for_runs
{
	my ($n, $job) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return poll_sql($node, "SELECT count(*) = $n FROM run WHERE job = '$job'");
}

# --- limits --------------------------------------------------------------------------------------
sql(q{SELECT bgjob.set_queue('two', '{"concurrency": 2}')});
add_work(12, 'two', 0.3, ", queue => 'two'");
wait_for_runs(12, 'two');
is( sql("SELECT max(n) FROM (SELECT (SELECT count(*) FROM run b WHERE b.job = 'two' AND b.began <= a.began AND b.ended > a.began) n FROM run a WHERE a.job = 'two') x"
	), 2, 'as many jobs run at a time as the queue says, and no more');

sql(q{SELECT bgjob.set_queue('slow', '{"rate": 20, "burst": 1}')});
add_work(11, 'slow', 0, ", queue => 'slow'");
wait_for_runs(11, 'slow');
cmp_ok(sql("SELECT extract(epoch FROM max(began) - min(began)) FROM run WHERE job = 'slow'"),
	'>', 0.4, 'jobs start at the rate of the queue');

# --- order and pauses ----------------------------------------------------------------------------
sql(q{SELECT bgjob.set_queue('one', '{"concurrency": 1}'), bgjob.pause_queue('one')});
sql(qq{SELECT bgjob.enqueue('SELECT public.work(\$1, 0)', jsonb_build_array('p' || p), queue => 'one', priority => p)
	FROM unnest('{0, 7, -3, 100}'::int[]) p});
sql(qq{SELECT bgjob.enqueue('SELECT public.work(\$1, 0)', '["early"]', queue => 'one', run_at => now() - interval '1 day')});
add_work(1, 'other', 0);
wait_for_runs(1, 'other');
is(sql("SELECT paused, ready, running FROM bgjob.queues WHERE name = 'one'"), 't|5|0', 'jobs of a paused queue wait');
is(sql("SELECT count(*) FROM run WHERE job LIKE 'p%'"), 0, '... and do not run');
sql(q{SELECT bgjob.resume_queue('one')});
poll_sql($node, "SELECT ready = 0 AND running = 0 FROM bgjob.queues WHERE name = 'one'");
is(sql("SELECT string_agg(job, ' ' ORDER BY n) FROM run WHERE job ~ '^(p|early)'"),
	'p100 p7 early p0 p-3', 'the highest priority first, then by time');

# --- a long job does not hold up short ones ----------------------------------------------------------
my $holder = session($node);
$holder->query_safe('SELECT pg_advisory_lock(7)');
sql(q{SELECT bgjob.enqueue('SELECT pg_advisory_xact_lock(7)')});
add_work(20, 'short', 0);
wait_for_runs(20, 'short');
is(sql('SELECT count(*) FROM bgjob.job'), 1, 'a long job does not hold up those behind it');
is(sql("SELECT running FROM bgjob.queues WHERE name = 'default'"), 1, '... and is shown as running');

# A worker that is killed loses its job; another one takes it, and those behind it.
sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'bgjob worker' AND wait_event = 'advisory'");
add_work(5, 'after', 0);
wait_for_runs(5, 'after');
$holder->query_safe('SELECT pg_advisory_unlock(7)');
$holder->quit;
poll_sql($node, 'SELECT count(*) = 0 FROM bgjob.job');

# --- keys ----------------------------------------------------------------------------------------
for my $end ('COMMIT', 'ROLLBACK')
{
	my ($first, $second) = (session($node), session($node));
	my $pid = backend_pid($second);
	my $add = "SELECT bgjob.enqueue('SELECT public.work(\$1, 0)', '[\"key $end\"]', key => 'key $end')";
	$first->query_safe('BEGIN');
	my $id = $first->query_safe($add);
	run_in_background($second, $add);
	poll_sql($node, "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $pid");
	$first->query_safe($end);
	my ($other) = $second->query_safe('SELECT 1') =~ /(\d+)/;
	if ($end eq 'COMMIT') { is($other, $id, 'a key that another session commits first is its job') }
	else { cmp_ok($other, '>', $id, 'a key whose transaction rolls back is free') }
	$_->quit for $first, $second;
	poll_sql($node, 'SELECT count(*) = 0 FROM bgjob.job');
	is(sql("SELECT count(*) FROM run WHERE job = 'key $end'"), 1, '... and it ran once');
	is(sql($add), $other, '... the key still stands for it');
}

# --- limits for who adds jobs --------------------------------------------------------------------
my $adder = session($node);
sql(q{SELECT bgjob.set_queue('small')});
$adder->query_safe(q{SELECT bgjob.enqueue('SELECT $1', '["0123456789"]', queue => 'small')});
sql(q{SELECT bgjob.set_queue('small', '{"max_payload": 5}')});
unlike($adder->query(q{SELECT bgjob.enqueue('SELECT $1', '["0123456789"]', queue => 'small')}), qr/\d/,
	'a session that knew the queue sees its new limit');
$adder->quit;
is((psql_error($node, q{SELECT bgjob.enqueue('SELECT $1', '["0123456789"]', queue => 'small')}))[0], '54000', 'payload too large');
is((psql_error($node, q{SELECT bgjob.enqueue('SELECT 1', queue => 'none')}))[0], '42704', 'unknown queue');
sql(q{SELECT bgjob.set_queue('quota', '{"max_live_jobs": 3}')});
is((psql_error($node, q{SET ROLE few; SELECT bgjob.enqueue('SELECT 1', queue => 'quota', run_at => 'tomorrow') FROM generate_series(1, 4)}))[0],
	'53400', 'too many unfinished jobs');
is((psql_error($node, q{SET ROLE few; SELECT bgjob.enqueue('SELECT 1', queue => 'quota', run_at => 'tomorrow') FROM generate_series(1, 3)}))[0],
	'', '... but as many as allowed');
is(sql(q{SELECT boot_val FROM pg_settings WHERE name = 'bgjob.allow_superuser_jobs'}), 'off', 'jobs of superusers are not allowed unless somebody says so');
is((psql_error($node, q{SET bgjob.allow_superuser_jobs = off; SELECT bgjob.enqueue('SELECT 1')}))[0], '42501', 'no jobs of superusers');
my $login = (psql_error($node, q{SET ROLE locked_out; SELECT bgjob.enqueue('SELECT public.work($1, 0)', '["nologin"]')}))[0];
if ($node->pg_version < 17) { is($login, '28000', 'a role without LOGIN cannot have jobs') }
else { is($login, '', 'a role without LOGIN can have jobs'); wait_for_runs(1, 'nologin') }
sql(q{DELETE FROM bgjob.job});

# --- groups --------------------------------------------------------------------------------------
sql(q{SELECT bgjob.set_queue('groups', '{"group": 10, "durability": "sync"}'), bgjob.pause_queue('groups')});
sql(q{SELECT bgjob.enqueue('INSERT INTO public.run (job) SELECT $1 || 1 / (13 - $2::int)', jsonb_build_array('g', i), queue => 'groups', options => '{"retry": {"attempts": 1}}')
	FROM generate_series(1, 25) i});
sql(q{SELECT bgjob.resume_queue('groups')});
poll_sql($node, 'SELECT count(*) = 0 FROM bgjob.job');
is(sql("SELECT count(*), count(DISTINCT xid) FROM run WHERE job LIKE 'g%'"), '24|3',
	'jobs of a group have one commit, and one that fails takes nobody along');
is(sql("SELECT count(*), min(sqlstate) FROM bgjob.failure WHERE message LIKE '%by zero%'"), '1|22012', '... its failure is written down');

# --- fairness ------------------------------------------------------------------------------------
sql(q{SELECT bgjob.set_queue('long')});
add_work(1500, 'long', 0.05, ", queue => 'long'");
add_work(3, 'brief', 0);
$node->safe_psql('postgres', qq{SET ROLE few; SELECT bgjob.enqueue('SELECT public.work(\$1, 0)', '["few"]', queue => 'long') FROM generate_series(1, 3)});
wait_for_runs(3, $_) for 'brief', 'few';
cmp_ok(sql("SELECT count(*) FROM run WHERE job = 'long'"), '<', 1500, 'neither another queue nor another role waits for the end of a long queue');
sql(q{SELECT bgjob.pause_queue('long'); DELETE FROM bgjob.job WHERE queue = (SELECT id FROM bgjob.queue WHERE name = 'long')});
poll_sql($node, 'SELECT count(*) = 0 FROM bgjob.job');
sql('VACUUM bgjob.job'); # its dead entries are looked at with each safety scan

# --- what is not due, and what is done, costs nothing --------------------------------------------
sub index_reads
{
	return sql("SELECT idx_tup_read FROM pg_stat_all_indexes WHERE indexrelname = 'job_due'");
}

sub reads_of
{
	my ($jobs, $job) = @_;
	my $before = index_reads();
	my $script = $node->basedir . '/jobs.sql';
	append_to_file($script, join '', map { "SELECT bgjob.enqueue('SELECT public.work(\$1, 0)', '[\"$job\"]');\n" } 1 .. $jobs);
	$node->safe_psql('postgres', "\\i $script\n\\q");
	unlink $script;
	wait_for_runs($jobs, $job);
	poll_until(sub { index_reads() >= $before + $jobs }, 'statistics of the dispatcher');
	return index_reads() - $before;
}

sql(q{INSERT INTO bgjob.job (id, queue, priority, state, kind, cancel_asked, attempt, role, due_at, enqueued_at, search_path, command)
	SELECT nextval('bgjob.job_id'), 0, 0, 1, 1, false, 0, 'postgres'::regrole, now() + i * interval '1 second' + interval '1 hour', now(), 'public', 'SELECT 1'
	FROM generate_series(1, 50000) i});
reads_of(1, 'first'); # who looked while they were being inserted has come by all of them
cmp_ok(reads_of(300, 'present'), '<', 20_000, 'jobs of the future are not looked at');
sql('DELETE FROM bgjob.job; VACUUM bgjob.job');

my $old = session($node);
$old->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM bgjob.job');
cmp_ok(reads_of(1500, 'old snapshot'), '<', 60_000, 'jobs that are done are not looked at while an old snapshot keeps them');
$old->query_safe('COMMIT');
$old->quit;

# --- dump and restore ----------------------------------------------------------------------------
sql(q{SELECT bgjob.enqueue('SELECT 1', queue => 'one', run_at => 'tomorrow'), bgjob.pause_queue('one')});
my $dump = $node->basedir . '/queues.dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, 'postgres' ], 'dump');
sql('CREATE DATABASE copy');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', 'copy', $dump ], 'restore');
my $queues = 'SELECT name, paused, options, ready, scheduled FROM bgjob.queues ORDER BY name';
is($node->safe_psql('copy', $queues), sql($queues), 'queues and their jobs are restored');
is($node->safe_psql('copy', q{SELECT bgjob.set_queue('another'); SELECT count(*), count(DISTINCT id) FROM bgjob.queue}) =~ s/^\n//r,
	sql('SELECT count(*) + 1, count(DISTINCT id) + 1 FROM bgjob.queue'), '... and new ones get ids of their own');

$node->stop;
done_testing();
