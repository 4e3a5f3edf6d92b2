# Values that the server does not take: max_wal_size on the command line, and a broken postgresql.conf.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use PgCrew;
use PostgreSQL::Test::Utils;
use Test::More;
use Walrus;

my $node = walrus_node();
my $file = auto_conf($node);

# On the command line: walrus advises, and does not touch the file.
$node->stop;
my $log = -s $node->logfile;
system_or_bail('pg_ctl', '-w', '-D', $node->data_dir, '-l', $node->logfile, '-o',
	'-c max_wal_size=64MB --cluster-name=' . $node->name, 'start');
$node->_update_pid(1);
wait_for_looks($node, 1);
is(status($node, 'standing'), 'overridden', '[walrus-45] status() says so');
poll_until(sub { why($node, 'recommended_mb') > 64 || !switch_wal($node) }, 'advice');
wait_for_looks($node, 8);
is(count_in_log($node, qr/WARNING:  pg_walrus: max_wal_size is out of reach of ALTER SYSTEM\n.*DETAIL:  Its value comes from the command line\./, $log),
	count_in_log($node, qr/out of reach/, $log), '[walrus-45] a warning names the source');
is(count_in_log($node, qr/out of reach/, $log), 1, '[walrus-45] once');
is(auto_conf($node), $file, '[walrus-45] [walrus-D10] postgresql.auto.conf is not touched');
is(why($node, "source || ': ' || obstacle"),
	'command line: max_wal_size comes from the source "command line", which ALTER SYSTEM does not reach: change it there',
	'[walrus-45] walrus.why explains');
is($node->safe_psql('postgres', "SELECT walrus.analyze(apply => true)->>'applied'"), 'false', 'analyze(apply) does not apply');
is(auto_conf($node), $file, '[walrus-45] and writes nothing');
unlike(events($node), qr/increase/, 'no change is claimed');
$node->stop;
$node->start;
wait_for_looks($node, 1);
is(status($node, 'standing'), 'active', 'without it walrus is active again');

# postgresql.conf is broken: what was written does not come into force until it is mended.
my $good = slurp_file($node->data_dir . '/postgresql.conf');
$node->append_conf('postgresql.conf', 'this is no setting');
$log = -s $node->logfile;

# A worker that ends while it waits for that says nothing of what the server does not take. It waits for 5 s: a
# machine that is too slow to end it meanwhile tries again.
for (1 .. 5)
{
	$log = -s $node->logfile;
	poll_until(sub { written($node) || !switch_wal($node) }, 'a value in postgresql.auto.conf');
	my ($pid) = worker_pids($node);
	$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
	poll_until(sub { count_in_log($node, qr/worker started/, $log) }, 'another worker');
	$node->safe_psql('postgres', 'ALTER SYSTEM RESET max_wal_size');
	last unless count_in_log($node, qr/WARNING:  pg_walrus/, $log);
}
is(count_in_log($node, qr/WARNING:  pg_walrus/, $log), 0, 'a worker that ends claims nothing');
my $earlier = events($node);
$log = -s $node->logfile;
load_until_standing($node, 'not_taken');
my ($written) = written($node);
cmp_ok($written, '>', 64, 'the value is in postgresql.auto.conf');
is(size($node), 64, 'and not in force');
like(log_since($node, $log), qr/WARNING:  pg_walrus: the server did not take max_wal_size = $written MB\n.*DETAIL:  It is in postgresql.auto.conf, and 64 MB are still in force\./, 'a warning says so');
is(events($node) =~ s/^\Q$earlier\E ?//r, 'ignored', 'no change is claimed');
switch_wal($node, 2);
wait_for_looks($node, 3);
is(count_in_log($node, qr/WARNING:  pg_walrus/, $log), 1, 'it warns once');
open(my $conf, '>', $node->data_dir . '/postgresql.conf') or die "postgresql.conf: $!";
print $conf $good;
close $conf;
$node->reload;
poll_until(sub { status($node, 'standing') eq 'active' }, 'active again');
is(size($node), (written($node))[0], 'when it is mended, the value counts');
like(events($node), qr/ignored increase/, 'and is an event');
$node->stop;
done_testing();
