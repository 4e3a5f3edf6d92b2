# Processes that die: workers, the supervisor, sessions, and the server with all of them.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jobs;
use PgCrew;
use Test::More;
use Time::HiRes qw(time);

my $node = new_node(
	conf => "shared_preload_libraries = 'bgjob'\nrestart_after_crash = on",
	extensions => ['bgjob']);
my $psql = session($node);
my $worker_of = sub {
	my ($job) = @_;
	poll_sql($node, "SELECT state FROM bgjob.outcome($job)", 'running');
	my ($id) = $job =~ /(\d+)/;
	return $node->safe_psql('postgres', "SELECT worker_pid FROM bgjob.launched WHERE id = $id");
};

# A worker that is terminated: its job is lost, with the reason, and whoever waits learns it.
my $job = launch($psql, "'SELECT i, pg_sleep(i / 1001 * 60) FROM generate_series(1, 2000) i', 64");
my $pid = $worker_of->($job);
run_in_background($psql, "SELECT 'ended ' || bgjob.wait($job)");
$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
like($psql->query_safe('SELECT 0'), qr/ended true/, 'a terminated worker: the waiter wakes');
is($psql->query_safe("SELECT state, sqlstate FROM bgjob.outcome($job)"), 'lost|57P01', 'the job is lost');
like($psql->query_safe("SELECT message FROM bgjob.outcome($job)"), qr/terminating background worker/, 'with the reason');
is((psql_error($node, "SELECT * FROM bgjob.result($job) AS (i int, v text)"))[0], '57P01', 'result raises it');
is($psql->query_safe("SELECT * FROM bgjob.run('SELECT 1 AS x')"), '{"x": 1}', 'the pool goes on');
is($psql->query_safe('SELECT lost FROM bgjob.stats'), 1, 'one is counted as lost');

# Jobs queued behind a worker that dies are run by the next.
$psql->query_safe('SET bgjob.max_workers_per_role = 1');
$job = launch($psql, "'SELECT pg_sleep(60)'");
my @queued = map { launch($psql, "'SELECT $_'") } 1 .. 5;
$pid = $worker_of->($job);
$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
is($psql->query_safe("SELECT x FROM bgjob.result($queued[$_ - 1]) AS (x int)"), $_, "queued job $_ is run all the same") for 1 .. 5;

# An idle worker that is terminated: nobody notices, and nothing is logged as an error.
wait_until_idle($node);
my $log = -s $node->logfile;
$node->safe_psql('postgres', 'SELECT pg_terminate_backend(pid) FROM bgjob.activity');
poll_sql($node, 'SELECT count(*) FROM bgjob.activity', 0);
is($psql->query_safe("SELECT * FROM bgjob.run('SELECT 1 AS x')"), '{"x": 1}', 'an idle worker is replaced');
unlike(log_since($node, $log), qr/ERROR|FATAL|WARNING/, 'and went quietly');
# ... a cancel of an idle worker neither
$node->safe_psql('postgres', 'SELECT pg_cancel_backend(pid) FROM bgjob.activity');
is($psql->query_safe("SELECT * FROM bgjob.run('SELECT pg_sleep(0.1), 1 AS x')"), '{"x": 1, "pg_sleep": ""}',
	'a cancel of an idle worker does not reach its next job');

# A cancel from outside ends the job like one of ours.
$job = launch($psql, "'SELECT pg_sleep(60)'");
$pid = $worker_of->($job);
$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
is($psql->query_safe("SELECT bgjob.wait($job, '30 s')"), 't', 'pg_cancel_backend of a worker ends its job');
is($psql->query_safe("SELECT state, sqlstate FROM bgjob.outcome($job)"), 'cancelled|57014', 'as cancelled');

# The supervisor is terminated: the postmaster brings the next one, jobs go on.
my $holder = session($node);
$holder->query_safe('SELECT pg_advisory_lock(1)');
my ($first) = supervisors($node);
$psql->query_safe('SET bgjob.max_workers_per_role = 0');
$job = launch($psql, "'SELECT 7 FROM pg_advisory_xact_lock_shared(1)'");
$worker_of->($job);
kill('TERM', $first);
poll_until(sub { !-e "/proc/$first" }, 'the supervisor ends');
@queued = map { launch($psql, "'SELECT $_ FROM pg_sleep(0.1)'") } 1 .. 5;
$holder->query_safe('SELECT pg_advisory_unlock(1)');
is($psql->query_safe("SELECT x FROM bgjob.result($job) AS (x int)"), 7, 'a job survives the supervisor');
is($psql->query_safe("SELECT x FROM bgjob.result($queued[$_ - 1]) AS (x int)"), $_, "job $_ of its absence is run") for 1 .. 5;
poll_until(sub { my @now = supervisors($node); @now == 1 && $now[0] != $first }, 'a new supervisor');
pass('there is a new supervisor');
$psql->query_safe('SELECT bgjob.detach_all()');

# A session that dies in the middle of result(): the job and its rows stay, and nothing leaks.
my $victim = session($node);
$pid = backend_pid($victim);
$holder->query_safe('SELECT pg_advisory_lock(1)');
$job = launch($victim, "'SELECT i FROM generate_series(1, 5000) i UNION ALL SELECT 1 FROM pg_advisory_xact_lock_shared(1)', 64");
run_in_background($victim, "SELECT count(*) FROM bgjob.result($job) AS (i int)");
wait_until_blocked($node, $pid);
$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
poll_sql($node, "SELECT count(*) FROM pg_stat_activity WHERE pid = $pid", 0);
eval { $victim->quit };
$holder->query_safe('SELECT pg_advisory_unlock(1)');
$holder->quit;
is($psql->query_safe("SELECT count(*) FROM bgjob.result($job) AS (i int)"), 5001, 'a session dies in result(): another reads it all');
$psql->query_safe("SELECT bgjob.detach($job)");

# ... in the middle of run(): the job is cancelled and forgotten.
$psql->query_safe('CREATE TABLE t (i int)');
$victim = session($node);
$pid = backend_pid($victim);
run_in_background($victim, "SELECT * FROM bgjob.run('INSERT INTO t VALUES (1); SELECT pg_sleep(60)')");
poll_sql($node, "SELECT count(*) FROM bgjob.launched WHERE state = 'running'", 1);
$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
eval { $victim->quit };
poll_sql($node, 'SELECT queued + running + retained FROM bgjob.stats', 0);
is($psql->query_safe('SELECT count(*) FROM t'), 0, 'a session dies in run(): its job is cancelled and forgotten');

# A session that just leaves: its jobs go on.
$victim = session($node);
launch($victim, "'INSERT INTO t SELECT 2 FROM pg_sleep(0.5)'");
$victim->quit;
poll_sql($node, 'SELECT count(*) FROM t WHERE i = 2', 1);
pass('the job of a session that left commits');
$psql->query_safe('SELECT bgjob.purge()');
is($psql->query_safe('SELECT shared_memory_bytes FROM bgjob.stats'), 0, 'nothing is left of all that');

# kill -9 of a worker: the server restarts, handles of before say so, nothing hangs.
my $done = launch($psql, "'SELECT 1'");
$psql->query_safe("SELECT bgjob.wait($done)");
$job = launch($psql, "'SELECT i, pg_sleep(i / 1001 * 60) FROM generate_series(1, 2000) i', 64");
$pid = $worker_of->($job);
kill_backend($pid);
eval { $psql->quit };
poll_sql($node, 'SELECT 1', 1);
$psql = session($node);
is($psql->query_safe("SELECT bgjob.wait($_)"), 't', 'after a crash: wait returns') for $done, $job;
is($psql->query_safe("SELECT bgjob.wait_any(ARRAY[($job)]::bgjob.handle[]) IS NOT NULL"), 't', 'wait_any too');
is($psql->query_safe("SELECT state, sqlstate FROM bgjob.outcome($_)"), 'lost|08006', 'outcome says lost') for $done, $job;
is((psql_error($node, "SELECT * FROM bgjob.result($job) AS (i int, v text)"))[0], '08006', 'result raises 08006');
is((psql_error($node, "SELECT bgjob.$_($job)"))[0], '08006', "$_ too") for qw(cancel detach progress command);
is($psql->query_safe('SELECT launched, retained FROM bgjob.stats'), '0|0', 'the counters begin anew');
my $again = launch($psql, "'SELECT 1'");
cmp_ok(($again =~ /(\d+)/)[0], '>', ($job =~ /(\d+)/)[0], 'an id is never given out twice');
is($psql->query_safe("SELECT x FROM bgjob.result($again) AS (x int)"), 1, 'and jobs are run');
is(scalar spool_files($node), 0, 'no file of the former life is left');

# kill -9 while sessions wait: they are told by the server, and none hangs.
$job = launch($psql, "'SELECT pg_sleep(60)'");
$pid = $worker_of->($job);
my @waiters = map { session($node) } 1 .. 3;
run_in_background($_, "SELECT bgjob.wait($job)") for @waiters;
wait_until_blocked($node, $_) for split /\n/,
  $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT bgjob.wait(%' AND pid <> pg_backend_pid()");
kill_backend($pid);
my $start = time;
eval { $_->quit } for @waiters, $psql;
cmp_ok(time - $start, '<', 20, 'waiters of a crashed server are let go');
poll_sql($node, "SELECT state FROM bgjob.outcome($job)", 'lost');

$node->stop;
done_testing();
