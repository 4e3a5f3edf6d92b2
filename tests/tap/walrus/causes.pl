# Only checkpoints forced by WAL are a signal, and all causes are counted.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use PgCrew;
use Test::More;
use Walrus;

my $node = walrus_node(conf => "walrus.algorithm = classic\nwalrus.threshold = 1");

# Commands, a backup and databases: none of them is WAL.
my $before = checkpoints($node, 'other');
$node->safe_psql('postgres', "CHECKPOINT;\n" x 10);
$node->safe_psql('postgres', "SELECT pg_backup_start('x', true); SELECT 1 FROM pg_backup_stop(false)");
$node->safe_psql('postgres', 'CREATE DATABASE copy STRATEGY file_copy');
$node->safe_psql('postgres', 'DROP DATABASE copy');
is(checkpoints($node, 'other') - $before, 14, '[walrus-41] [walrus-D1] each of them is counted as another cause');
is(checkpoints($node, 'wal'), 0, '[walrus-D1] and none as WAL');
my $requested = $node->pg_version >= 17 ? 'num_requested FROM pg_stat_checkpointer' : 'checkpoints_req FROM pg_stat_bgwriter';
cmp_ok($node->safe_psql('postgres', "SELECT $requested"), '>=', 10, 'though the server counts them as requested');
poll_sql($node, "SELECT (SELECT value FROM walrus.metrics WHERE name = 'walrus_requested_checkpoints_total') = (SELECT $requested)");
pass("[walrus-07] the server's own count is read from the right field");
wait_for_looks($node, 12);
is(why($node, 'full_window'), 't', 'a whole window has passed');
is(join('|', size($node), events($node)), '64|', '[walrus-41] [walrus-D1] and nothing changes');

force_checkpoints($node, 1);
poll_until(sub { size($node) > 64 }, 'one by WAL makes it grow');
$node->stop;
done_testing();
