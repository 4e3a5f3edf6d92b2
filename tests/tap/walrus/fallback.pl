# A server that does not log checkpoints: causes are inferred from the distance of redo points.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use PgCrew;
use Test::More;
use Walrus;

my $node = walrus_node(conf => "log_checkpoints = off\nwalrus.algorithm = classic\nwalrus.threshold = 1");
my $inferred = sub {
	return $node->safe_psql('postgres', "SELECT inferred FROM walrus.checkpoint_causes WHERE kind = 'checkpoint' AND cause = '$_[0]'");
};
is(status($node, 'exact_causes'), 'false', 'status() says that causes are inferred');
for (1 .. 3)
{
	$node->safe_psql('postgres', 'CHECKPOINT');
	wait_for_looks($node, 1);
}
wait_for_looks($node, 12);
cmp_ok($inferred->('other'), '>=', 3, 'a checkpoint after little WAL has another cause');
is($inferred->('wal'), 0, 'none was by WAL');
is(size($node), 64, 'and nothing changes');

switch_wal($node, 2);
poll_until(sub { $inferred->('wal') > 0 || !switch_wal($node) }, 'a checkpoint after much WAL was by WAL');
poll_until(sub { size($node) > 64 }, 'and makes max_wal_size grow');
is(checkpoints($node, 'wal'), 0, 'the exact counts say nothing');

# Exact again: each checkpoint counts once.
configure($node, 'log_checkpoints = on', "walrus.mode = 'off'");
my $before = $inferred->('wal');
force_checkpoints($node, 1);
wait_for_looks($node, 2);
is($inferred->('wal'), $before, 'what is counted exactly is not inferred as well');
$node->stop;
done_testing();
