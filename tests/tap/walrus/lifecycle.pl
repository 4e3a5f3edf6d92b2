# The worker's life: start, reload, termination, shutdown; what it may and may not notice.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use PgCrew;
use Test::More;
use Time::HiRes qw(time);
use Walrus;

# A checkpoint_timeout of 30 s: the worker looks every 3 s.
my $node = new_node(start => 0,
	conf => "shared_preload_libraries = 'walrus'\ncheckpoint_timeout = 30s\nlog_min_messages = debug1");
$node->start;
poll_until(sub { worker_pids($node) == 1 }, 'the worker');
is(scalar worker_pids($node), 1, '[walrus-01] [walrus-16] [walrus-17] it runs in the module built for this server, by the C entry point it names');
is($node->safe_psql('postgres', "SELECT backend_start - pg_postmaster_start_time() < '5 s' FROM pg_stat_activity WHERE backend_type = 'pg_walrus'"),
	't', '[walrus-23] the worker starts within 5 s');
is($node->safe_psql('postgres', 'SHOW shared_preload_libraries'), 'walrus', '[walrus-34] on a private cluster that preloads it');
is(scalar worker_pids($node), 1, '[walrus-06] [walrus-35] pg_stat_activity has exactly one pg_walrus');
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_settings WHERE name IN ('walrus.enable', 'walrus.max', 'walrus.threshold') AND context = 'sighup'"),
	3, '[walrus-06] its settings are there without the extension');
is(count_in_log($node, qr/LOG:  pg_walrus worker started$/m), 1, '[walrus-21] its start is logged');
poll_until(sub { count_in_log($node, qr/DEBUG:  pg_walrus: established baseline of \d+ forced checkpoints$/m) },
	'[walrus-29] the first look sets a baseline');
is(count_in_log($node, qr/pg_walrus: (detected|resizing|shrinking)/), 0, '[walrus-15] and nothing else');

# The worker holds no connection to a database.
is($node->safe_psql('postgres', "SELECT datname IS NULL FROM pg_stat_activity WHERE backend_type = 'pg_walrus'"),
	't', '[walrus-D18] the worker is connected to no database');
is((psql_error($node, 'CREATE DATABASE copy TEMPLATE postgres', dbname => 'template1'))[0], '', '[walrus-D18] postgres may be copied');

# A reload is heard.
$node->safe_psql('postgres', 'CREATE EXTENSION walrus');
my $log = -s $node->logfile;
$node->reload;
poll_until(sub { count_in_log($node, qr/\[\d+\] pg_walrus .*DEBUG:  pg_walrus: configuration reloaded$/m, $log) },
	'[walrus-19] a reload is told at DEBUG1');

# A terminated worker comes back, as another process; a cancel is nothing to it.
my ($pid) = worker_pids($node);
$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
wait_for_looks($node, 1);
$log = -s $node->logfile;
is($node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)"), 't', 'a cancel does not end the worker');
poll_until(sub { my ($now) = worker_pids($node); defined $now && $now != $pid }, '[walrus-24] [walrus-D9] a terminated worker comes back');
is(scalar worker_pids($node), 1, 'and is alone');
unlike(log_since($node, $log), qr/WARNING|ERROR|FATAL/, 'without complaints');
wait_for_looks($node, 1);
is(status($node, 'worker_pid'), (worker_pids($node))[0], 'status() names the new one');

# Every kind of shutdown; a fast one is told in one line.
for my $mode (qw(fast smart))
{
	$log = -s $node->logfile;
	my $start = time;
	$node->stop($mode);
	cmp_ok(time - $start, '<', 30, "a $mode shutdown is soon done");
	is(count_in_log($node, qr/LOG:  pg_walrus worker shutting down$/m, $log), 1, "[walrus-22] $mode shutdown: one line tells");
	# The backend of a client that has just left may still be there to be terminated.
	is(join("\n", grep { /walrus|background worker|WARNING|ERROR|FATAL/ && !/shutting down$|DEBUG:|logical replication launcher|client backend/ } split /\n/, log_since($node, $log)),
		'', "[walrus-22] $mode shutdown: no other noise");
	$node->start;
	poll_until(sub { worker_pids($node) == 1 }, 'the worker again');
}
$node->stop('immediate');

# Not preloaded: the functions work and say so, and there is no worker.
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$node->start;
is(status($node, 'preloaded'), 'false', '[walrus-05] not preloaded: status() says so');
is(scalar worker_pids($node), 0, '[walrus-05] and there is no worker');
is((psql_error($node, 'SELECT walrus.reset()'))[0], '55000', '[walrus-05] reset() cannot be served');
$node->stop;
done_testing();
