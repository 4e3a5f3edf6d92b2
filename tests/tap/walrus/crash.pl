# What makes figures meaningless restarts the window: reset statistics, a crash. What was learned stays.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use PgCrew;
use Test::More;
use Walrus;

my $node = walrus_node(conf => "restart_after_crash = on\nmax_wal_size = 2GB\nwalrus.threshold = 1");
my $state = $node->data_dir . '/pg_stat/walrus.json';
my $full = sub { poll_until(sub { why($node, 'full_window') eq 't' }, 'a full window') };

# The statistics go back to zero.
$node->safe_psql('postgres', 'CREATE TABLE t AS SELECT generate_series(1, 10000) AS i; CHECKPOINT; UPDATE t SET i = 0');
$full->();
clock($node, 1); # a young window is to be seen as one
$node->safe_psql('postgres', "SELECT pg_stat_reset_shared('wal')");
poll_until(sub { why($node, 'window_seconds < 20') eq 't' }, '[walrus-51] reset statistics restart the window');
is(why($node, 'action'), 'hold', '[walrus-51] and cause no change');
clock($node, 10);
$full->();

# A crash with WAL to replay.
my $rate = sub { $node->safe_psql('postgres', "SELECT value FROM walrus.metrics WHERE name LIKE 'walrus%replay%'") };
is($rate->(), '', 'how fast the server replays WAL is not known');
my ($pid) = worker_pids($node);
clock($node, 1);
$node->safe_psql('postgres', "SELECT pg_logical_emit_message(false, 'x', repeat('x', 1000000)) FROM generate_series(1, 200)");
$node->safe_psql('postgres', 'INSERT INTO t SELECT generate_series(1, 300000)');
my $victim = session($node);
my $log = -s $node->logfile;
kill_backend($victim->query_safe('SELECT pg_backend_pid()'));
eval { $victim->quit };
poll_until(sub { count_in_log($node, qr/pg_walrus worker started/, $log) }, 'the worker of the next life');
poll_sql($node, 'SELECT count(*) > 0 FROM walrus.why', 't');
is(events($node), '', '[walrus-51] after a crash nothing is decided at once');
isnt((worker_pids($node))[0], $pid, 'the worker is a new process');
cmp_ok(why($node, 'window_seconds'), '<', 20, '[walrus-51] and the window a new one');
cmp_ok($rate->(), '>', 1e6, '[walrus-53] how fast it replays is known from the crash');
is(count_in_log($node, qr/WARNING:  (pg_)?walrus/, $log), 0, 'without a warning');

# walrus.recovery_budget then limits what may be set.
clock($node, 10);
my $least = why($node, 'floor_mb');
my $learned = $rate->();
configure($node, 'walrus.recovery_budget = 1s', 'walrus.max = 1TB', 'walrus.disk_share = 1');
my $replayed = int($learned / 1024 / 1024);
cmp_ok(why($node, 'cap_mb'), '<=', $replayed > $least ? $replayed : $least, 'walrus.recovery_budget limits what may be set');

# All that is known outlives a restart.
poll_until(sub { why($node, 'peak_mb > 0 AND full_window') eq 't' || !switch_wal($node) }, 'a peak');
poll_until(sub { why($node, 'demand_mb < 1') eq 't' }, 'silence');
my $peak = why($node, 'peak_mb');
$node->restart;
wait_for_looks($node, 1);
cmp_ok(why($node, 'peak_mb'), '>=', $peak, '[walrus-53] the peak outlives a restart');
is($rate->(), $learned, '[walrus-53] and so does the rate of replay');

# A damaged state file: one warning, and it is learned anew.
for my $damage ('{"version": 1', "\0" x 100, '{"version": 99}')
{
	$node->stop;
	open(my $file, '>', $state) or die "$state: $!";
	print $file $damage;
	close $file;
	$log = -s $node->logfile;
	$node->start;
	wait_for_looks($node, 1);
	is(count_in_log($node, qr/WARNING:  walrus forgets what it learned: file "pg_stat\/walrus.json" cannot be understood$/m, $log),
		1, '[walrus-53] a damaged state file: one warning');
	is(status($node, 'standing'), 'active', 'and it goes on');
}
$log = -s $node->logfile;
$node->restart;
wait_for_looks($node, 1);
is(count_in_log($node, qr/WARNING/, $log), 0, 'the file is whole again');
$node->stop;
done_testing();
