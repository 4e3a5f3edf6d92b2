# The classic law, current * (forced + 1) once per checkpoint_timeout; its limits, which are those of
# both laws, and what is told of them.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use PgCrew;
use Test::More;
use Walrus;

my $node = walrus_node(conf => "walrus.algorithm = classic\nwalrus.max = 4GB\nlog_min_messages = debug1");

# So many checkpoints by WAL within one checkpoint_timeout, then what follows from them: it begins
# with the first look after a rest, and the clock of walrus crawls while WAL is written.
my $force = sub {
	my ($count) = @_;
	configure($node, 'walrus.enable = off');
	$node->append_conf('postgresql.conf', 'walrus.enable = on');
	clock($node, 1);
	wait_for_looks($node, 1);
	force_checkpoints($node, $count);
	clock($node, 10);
	return;
};
my $log = -s $node->logfile;
$force->(1);
wait_for_looks($node, 12);
is(size($node), 64, '[walrus-14] one forced checkpoint is below the threshold of 2: unchanged');

$force->(3);
poll_until(sub { status($node, 'total_adjustments') > 0 }, 'growth');
is(join(' ', written($node)), 256, '[walrus-14] 3 forced checkpoints: 64 * (3 + 1) MB in postgresql.auto.conf');
like(log_since($node, $log), qr/pg_walrus: detected 3 forced checkpoints over \d+ seconds$/m, '[walrus-30] the log says how many');
poll_sql($node, "SELECT string_agg(concat_ws(' ', action, old_size_mb, new_size_mb, forced_checkpoints), ', ') FROM walrus.history",
	'increase 64 256 3');
is($node->safe_psql('postgres', 'SELECT forced_checkpoints FROM walrus.history'), 3,
	'[walrus-D12] the history has those of the window, not all since the start');

# More than walrus.max allows: exactly walrus.max, and one warning.
configure($node, 'walrus.max = 304MB');
$log = -s $node->logfile;
$force->(2);
poll_until(sub { size($node) > 256 }, 'growth to the limit');
is(size($node), 304, '[walrus-27] above the cap: exactly the cap');
like(log_since($node, $log), qr/WARNING:  pg_walrus: requested max_wal_size of 768 MB exceeds maximum of 304 MB; using maximum$/m,
	'[walrus-27] with a warning');
poll_sql($node, "SELECT metadata->>'want_mb' FROM walrus.history WHERE action = 'capped'", 768);
is($node->safe_psql('postgres', "SELECT new_size_mb FROM walrus.history WHERE action = 'capped'"), 304,
	'[walrus-27] the history says capped, and what it would need');
is(status($node, 'bound'), 'walrus.max', '[walrus-26] status() names the limit');
is(status($node, 'at_ceiling'), 'true', 'and that it is reached');

# At the limit: nothing is written, and no further warning.
my $inode = (stat $node->data_dir . '/postgresql.auto.conf')[1];
$log = -s $node->logfile;
$force->(2);
poll_until(sub { count_in_log($node, qr/DEBUG:  pg_walrus: max_wal_size is already at its maximum of 304 MB$/m, $log) },
	'[walrus-26] at the cap: a message at DEBUG1');
is(count_in_log($node, qr/WARNING:  pg_walrus/, $log), 0, '[walrus-27] [walrus-D16] and no warning again');
is((stat $node->data_dir . '/postgresql.auto.conf')[1], $inode, '[walrus-26] and no ALTER SYSTEM');
is(events($node), 'increase capped', 'and no further event');

# Settings count from the next look on.
configure($node, 'walrus.max = 4GB', 'walrus.threshold = 1');
$force->(1);
poll_until(sub { size($node) == 608 }, '[walrus-20] a new threshold and a new maximum hold from the next look on');
$node->stop;
done_testing();
