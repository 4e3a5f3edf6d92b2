# The classic law from PostgreSQL's default size: 1 GB and 3 forced checkpoints make 4 GB.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use PgCrew;
use Test::More;
use Walrus;

# Without fault points the clock of walrus cannot be made faster, and this takes its 5 minutes.
my $node = walrus_node(
	conf => "walrus.algorithm = classic\nmax_wal_size = 1GB\nmin_wal_size = 80MB\nwalrus.clock_rate = 1\ncheckpoint_timeout = 5min");
wait_for_looks($node, 1);
my $target = checkpoints($node, 'wal') + 3;
switch_wal($node) while checkpoints($node, 'wal') < $target;
is(size($node), 1024, 'within the interval nothing changes');
$node->append_conf('postgresql.conf', 'walrus.clock_rate = 100');
$node->reload;
poll_until(sub { size($node) > 1024 }, 'growth', 400);
is(join(' ', written($node)), 4096, '[walrus-14] 3 forced checkpoints: 1024 MB become 4096 MB in postgresql.auto.conf');
is($node->safe_psql('postgres', 'SELECT action, forced_checkpoints FROM walrus.events LIMIT 1'), 'increase|3', '[walrus-D12] 3 are recorded');
$node->stop;
done_testing();
