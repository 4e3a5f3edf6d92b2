# The dispatchers of many databases on a server with few worker slots.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Flows;
use PgCrew;
use Test::More;

my $dispatchers = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'bgjob dispatcher'";
my $node = durable_node(name => 'few', conf => "max_worker_processes = 6\nbgjob.worker_idle_timeout = '1 s'");

# ---- more databases than slots ----------------------------------------------------------------------
my @databases = map { "d$_" } 1 .. 5;
sql($node, 'CREATE DATABASE d0');
$node->safe_psql('d0', "CREATE EXTENSION bgjob; CREATE TABLE done (n serial, what text); SELECT bgjob.pause_queue('default')");
for my $database (@databases)
{
	poll_sql($node, "SELECT count(*) FROM pg_stat_activity WHERE datname = 'd0'", 0);
	sql($node, "CREATE DATABASE $database TEMPLATE d0");
}
# Each has something that is due soon, so that no dispatcher leaves by itself, and something else at once.
$node->safe_psql($_, "SELECT bgjob.enqueue('INSERT INTO done (what) VALUES (''soon'')', run_at => now() + '25 s')") for @databases;
$node->safe_psql($_, "SELECT bgjob.resume_queue('default')") for @databases;
$node->safe_psql($_, "SELECT bgjob.enqueue('INSERT INTO done (what) VALUES (''x'')')") for @databases;
my $most = 0;
poll_until(
	sub {
		my $now = sql($node, $dispatchers);
		$most = $now if $now > $most;
		return !grep { $node->safe_psql($_, 'SELECT count(*) FROM done') == 0 } @databases;
	},
	'a job of each database');
cmp_ok($most, '<=', 3, 'dispatchers of five databases take half of six slots and share them');
is(sql($node, "SELECT bgjob.wait(h.id, h.cookie, '20 s') FROM bgjob.launch('SELECT 1') h"), 't', '... and a launched job gets a worker');
poll_until(sub { !grep { $node->safe_psql($_, 'SELECT count(*) FROM done') < 2 } @databases }, 'jobs that were due later');
pass('a dispatcher that has given way is there again when there is something to do');

# ---- what comes later needs no process --------------------------------------------------------------
$node->safe_psql('d1', "SELECT bgjob.schedule('yearly', '\@yearly', 'SELECT 1')");
$node->safe_psql('d2', "SELECT bgjob.enqueue('SELECT 1', run_at => now() + '1 day')");
poll_sql($node, $dispatchers, 0);
pass('no dispatcher waits for what comes in a day or a year');
$node->stop;

# ---- not preloaded ----------------------------------------------------------------------------------
$node = durable_node(name => 'bare', preload => 0, conf => "bgjob.worker_idle_timeout = '1 s'");
enqueue($node, q(INSERT INTO done (what) VALUES ('delayed')), q(run_at => now() + '8 s'));
poll_sql($node, $dispatchers, 1);
sql($node, "SELECT pg_terminate_backend(pid, 20000) FROM pg_stat_activity WHERE backend_type = 'bgjob dispatcher'");
jobs_end($node);
is(effects($node), 'delayed', 'not preloaded: the supervisor stays as long as a dispatcher may be needed');
$node->stop;

done_testing();
