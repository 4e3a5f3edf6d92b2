# WAL makes max_wal_size grow: how the change looks in file, setting, log, events and history, and
# that it comes to rest.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use PgCrew;
use Test::More;
use Time::HiRes qw(time);
use Walrus;

# The number of forced checkpoints alone would never do.
my $node = walrus_node(conf => 'walrus.threshold = 1000');
my ($pid) = worker_pids($node);
is(status($node, 'current_max_wal_size_mb'), 64, '[walrus-08] status() has the size in MB');
is(scalar(my @none = written($node)), 0, 'nothing is written before there is WAL');

my $log = -s $node->logfile;
poll_until(sub { written($node) || !switch_wal($node) }, 'a change');
my $changed = time;
my ($written) = written($node);
poll_until(sub { size($node) >= $written }, 'a new session sees it');
cmp_ok(time - $changed, '<', 10, '[walrus-12] a new session sees the new value at once');
poll_until(sub { status($node, 'total_adjustments') > 0 }, 'the change is told');
cmp_ok($written, '>', 64, 'it is larger');
is(scalar(() = auto_conf($node) =~ /max_wal_size/g), 1, '[walrus-10] postgresql.auto.conf holds exactly one line for max_wal_size');
like(log_since($node, $log), qr/LOG:  pg_walrus: resizing max_wal_size from 64 MB to \d+ MB\n.*DETAIL:  Within \d+ s: \d+ checkpoints by WAL, \d+ by time, \d+ for other reasons\. Demand is [\d.]+ [MG]B per checkpoint_timeout; 16 MB force a checkpoint\./,
	'[walrus-30] the log has old, new, causes, seconds and demand');

# It settles, on what its first windows needed; then a constant load changes nothing.
# How much a round is to the clock of walrus depends on the machine, hence a first load that is much larger.
my $demand;
my $load = sub {
	my ($segments, $rounds) = @_;
	$demand = 0;
	for (1 .. $rounds)
	{
		switch_wal($node, $segments);
		wait_for_looks($node, 2);
		my $now = why($node, 'demand_mb');
		$demand = $now if $now > $demand;
	}
	return join(' ', map { status($node, $_) } qw(total_adjustments current_max_wal_size_mb));
};
my $settled = $load->(4, 10);
is($load->(1, 12), $settled, '[walrus-42] [walrus-D2] under a constant load nothing changes after settling, for two windows and more');
cmp_ok($demand, '>', 16, '[walrus-43] [walrus-D3] though a window has WAL that forced a checkpoint before');
my $size = size($node);
is(status($node, 'current_max_wal_size_mb'), $size, '[walrus-08] status() equals pg_settings after the reloads');
is((written($node))[0] % 16, 0, '[walrus-44] the size is a multiple of a segment');
is(scalar(() = auto_conf($node) =~ /max_wal_size/g), 1, '[walrus-10] there is still one line');

my $changes = status($node, 'total_adjustments');
poll_sql($node, "SELECT count(*) FROM walrus.history WHERE action = 'increase'", $changes);
is($node->safe_psql('postgres', 'SELECT old_size_mb FROM walrus.history() LIMIT 1'), 64, 'the history has all changes');
is($node->safe_psql('postgres', "SELECT string_agg(new_size_mb::text, ' ' ORDER BY id) FROM walrus.history WHERE action = 'increase'"),
	$node->safe_psql('postgres', "SELECT string_agg(new_size_mb::text, ' ' ORDER BY id) FROM walrus.events WHERE action = 'increase'"),
	'and so has walrus.events');
is(status($node, 'original_max_wal_size_mb'), 64, 'the size before is remembered');
is((worker_pids($node))[0], $pid, 'the worker is the same process');

# The server can be started with what was written.
$node->restart;
is(size($node), $size, '[walrus-44] [walrus-D7] the server starts with it');
$node->stop;
done_testing();
