# A standby learns and advises; promoted, it goes on from there and acts.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use PgCrew;
use Test::More;
use Walrus;

my $primary = walrus_node(
	name => 'primary',
	init => { allows_streaming => 1 },
	conf => "walrus.enable = off\nmax_wal_size = 64MB");
$primary->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'copy', has_streaming => 1);
$standby->append_conf('postgresql.conf', 'walrus.enable = on');
$standby->start;
poll_until(sub { worker_pids($standby) == 1 }, 'the worker of a standby');
is($standby->safe_psql('postgres', "SELECT backend_start - pg_postmaster_start_time() < '5 s' FROM pg_stat_activity WHERE backend_type = 'pg_walrus'"),
	't', '[walrus-23] a hot standby has a worker within 5 s');
wait_for_looks($standby, 1);
is(status($standby, 'standing'), 'standby', '[walrus-23] its status() says standby');

# WAL of the primary makes it advise and no more.
my $file = auto_conf($standby);
my $advised = sub {
	$standby->safe_psql('postgres', "SELECT count(*) FROM walrus.events WHERE action = 'dry_run'") > 0;
};
poll_until(sub { $advised->() || !switch_wal($primary) }, '[walrus-23] it advises');
is(auto_conf($standby), $file, '[walrus-23] and writes nothing');
is(size($standby), 64, 'max_wal_size is as it was');
my $answer = $standby->safe_psql('postgres', 'SELECT walrus.analyze(apply => true)');
like($answer, qr/"applied": false/, 'analyze(apply) does not apply during recovery');
is((psql_error($standby, 'SELECT count(*) FROM walrus.history'))[0], '', 'all can be read');

# Promoted: a new window, then changes.
my ($pid) = worker_pids($standby);
$standby->promote;
poll_until(sub { status($standby, 'standing') eq 'active' }, 'active');
is((worker_pids($standby))[0], $pid, 'promoted: it is the same worker');
unlike(events($standby), qr/increase/, '[walrus-51] and nothing is decided at once');
grow_beyond($standby, 64);
poll_sql($standby, "SELECT count(*) > 0 FROM walrus.history WHERE action = 'increase'");
pass('then it acts and writes its history');
$_->stop for $standby, $primary;
done_testing();
