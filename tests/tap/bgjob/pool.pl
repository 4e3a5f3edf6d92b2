# The pool of workers: they are used again, leave when idle, give way, and are waited for.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jobs;
use PgCrew;
use Test::More;
use Time::HiRes qw(time);

my $node = new_node(conf => "shared_preload_libraries = 'bgjob'", extensions => ['bgjob']);
my $psql = session($node);

# [pgbg-d18] no process and no segment for each call
my $pids = $psql->query_safe(<<'END');
SELECT count(DISTINCT r.pid) FROM generate_series(1, 100) i, LATERAL bgjob.launch('SELECT pg_backend_pid() + 0 * ' || i) h,
    LATERAL bgjob.result(h.id, h.cookie) AS r(pid int);
END
is($pids, 1, '[pgbg-d18] a hundred calls in a row are served by one process');
my $segments = "SELECT count(*) FROM pg_ls_dir('/dev/shm') WHERE pg_ls_dir ~ '^PostgreSQL'";
my $before = $psql->query_safe($segments);
$psql->query_safe("SELECT count(*) FROM generate_series(1, 100) i, bgjob.launch('SELECT ' || i)");
$psql->query_safe('SELECT bgjob.wait(id, cookie) FROM bgjob.launched');
cmp_ok($psql->query_safe($segments), '<', $before + 50, '[pgbg-d18] and a hundred results lie in no segment of their own');
$psql->query_safe('SELECT bgjob.detach_all()');

# Several jobs at once run at once.
$psql->query_safe("SELECT bgjob.launch('SELECT pg_sleep(600)') FROM generate_series(1, 6)");
poll_sql($node, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'", 6);
cmp_ok($psql->query_safe('SELECT count(*) FROM bgjob.activity'), '>=', 6, 'on six workers');
$psql->query_safe('SELECT bgjob.cancel_all()');
$psql->query_safe('SELECT bgjob.detach_all()');

# Idle workers leave in time, while the pool goes on; one whose job sleeps hears of the reload, too.
my $holder = session($node);
$holder->query_safe('SELECT pg_advisory_lock(2)');
launch($psql, q('DO $d$ BEGIN WHILE NOT pg_try_advisory_xact_lock_shared(2) LOOP PERFORM pg_sleep(0.01); END LOOP; END $d$'));
poll_sql($node, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'bgjob worker' AND wait_event = 'PgSleep'", 1);
$node->append_conf('postgresql.conf', "bgjob.worker_idle_timeout = '300ms'");
$node->reload;
poll_sql($node, "SELECT setting FROM pg_settings WHERE name = 'bgjob.worker_idle_timeout'", 300);
$holder->query_safe('SELECT pg_advisory_unlock(2)');
$holder->quit;
$psql->query_safe('SELECT bgjob.wait(id, cookie) FROM bgjob.launched');
$psql->query_safe('SELECT bgjob.detach_all()');
poll_sql($node, 'SELECT count(*) FROM bgjob.activity', 0, 30);
pass('idle workers leave after worker_idle_timeout, which a reload changes');
is($psql->query_safe("SELECT * FROM bgjob.run('SELECT 1 AS x')"), '{"x": 1}', 'the next job gets a new one');
$node->append_conf('postgresql.conf', "bgjob.worker_idle_timeout = '1min'");
$node->reload;

# Out of slots is a queue and no error.
$node->append_conf('postgresql.conf', "bgjob.max_workers = 2");
$node->reload;
poll_sql($node, "SELECT setting FROM pg_settings WHERE name = 'bgjob.max_workers'", 2);
poll_sql($node, 'SELECT count(*) <= 2 FROM bgjob.activity');
my $lock = session($node);
$lock->query_safe('SELECT pg_advisory_lock(1)');
my @jobs = map { launch($psql, "'SELECT $_ FROM pg_advisory_xact_lock_shared(1)'") } 1 .. 10;
poll_sql($node, 'SELECT running, queued FROM bgjob.stats', '2|8');
pass('two jobs run, eight are queued');
my ($code, $message) = psql_error($node, "SELECT bgjob.launch('SELECT 1', nowait => true)");
is($code, '53000', 'nowait: 53000');
is($message, 'no background worker is free for the job', 'nowait: the message');
is($psql->query_safe('SELECT queued FROM bgjob.stats'), 8, 'nowait: nothing stays in the queue');
is($psql->query_safe('SELECT count(*) FROM bgjob.launched'), 10, 'nowait: nor in the list');
$lock->query_safe('SELECT pg_advisory_unlock(1)');
is($psql->query_safe("SELECT x FROM bgjob.result($jobs[$_ - 1]) AS (x int)"), $_, "job $_ of the queue had its turn")
  for 1 .. 10;
$psql->query_safe('SELECT bgjob.detach_all()');
wait_until_idle($node);
is($psql->query_safe("SELECT r.x FROM bgjob.launch('SELECT 1', nowait => true) h, bgjob.result(h.id, h.cookie) AS r(x int)"),
	1, 'nowait: a free worker takes the job');
$psql->query_safe('SELECT bgjob.detach_all()');

# An idle worker gives its slot to another role.
$node->safe_psql('postgres',
	"CREATE ROLE alice LOGIN; CREATE ROLE bob LOGIN; SELECT bgjob.grant_usage('alice'), bgjob.grant_usage('bob')");
$node->append_conf('postgresql.conf', "bgjob.max_workers = 1");
$node->reload;
poll_sql($node, "SELECT setting FROM pg_settings WHERE name = 'bgjob.max_workers'", 1);
for my $role (qw(postgres alice bob alice))
{
	my $start = time;
	is($node->safe_psql('postgres', "SET ROLE $role; SELECT j ->> 'u' FROM bgjob.run('SELECT session_user AS u') j"),
		$role, "the one slot serves $role");
	cmp_ok(time - $start, '<', 30, '... long before an idle worker would have left');
}
is($psql->query_safe('SELECT count(*) FROM bgjob.activity'), 1, 'there is still one worker');

# A limit raised later is used by what waits already.
$lock->query_safe('SELECT pg_advisory_lock(1)');
launch($psql, "'SELECT pg_advisory_xact_lock_shared(1)'") for 1 .. 3;
poll_sql($node, 'SELECT running, queued FROM bgjob.stats', '1|2');
$node->append_conf('postgresql.conf', "bgjob.max_workers = -1");
$node->reload;
poll_sql($node, 'SELECT running, queued FROM bgjob.stats', '3|0');
pass('a raised limit is used at once');
$lock->query_safe('SELECT pg_advisory_unlock(1)');

# The server's own limit: three slots, two of which are the supervisor's and the replication launcher's.
$_->quit for $psql, $lock;
$node->append_conf('postgresql.conf', "max_worker_processes = 3");
$node->restart;
$psql = session($node);
$psql->query_safe("SELECT bgjob.launch('SELECT ' || i) FROM generate_series(1, 20) i");
is($psql->query_safe('SELECT bool_and(bgjob.wait(id, cookie)) FROM bgjob.launched'), 't', 'twenty jobs with one slot');
$psql->query_safe("SELECT bgjob.launch('SELECT pg_sleep(60)')");
($code) = psql_error($node, "SELECT bgjob.launch('SELECT 1', nowait => true)");
is($code, '53000', 'nowait with max_worker_processes used up');
$psql->query_safe('SELECT bgjob.cancel_all()');
$psql->quit;

# Not preloaded, the supervisor itself may find no slot: the job waits for one.
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''\nmax_worker_processes = 2");
$node->restart;
$psql = session($node);
my $start = time;
my $job = launch($psql, "'SELECT 1'");
cmp_ok(time - $start, '<', 30, 'a launch does not wait for a slot');
is($psql->query_safe("SELECT bgjob.wait($job, '1200 ms')"), 'f', 'without any slot a job is queued');
is($psql->query_safe("SELECT state FROM bgjob.outcome($job)"), 'queued', 'and says so');
is($psql->query_safe("SELECT bgjob.cancel($job)"), 't', 'and can be cancelled');
$psql->quit;

$node->stop;
done_testing();
