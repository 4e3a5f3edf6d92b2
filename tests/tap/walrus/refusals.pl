# ALTER SYSTEM that fails: the worker lives on, says so once, advises, tries again later, and goes on
# as soon as it works.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use PgCrew;
use Test::More;
use Walrus;

my $node = walrus_node();
my $file = $node->data_dir . '/postgresql.auto.conf';
my $set_fault = sub { configure($node, "walrus.fault = '$_[0]'") };
my $allow = sub { configure($node, "allow_alter_system = $_[0]") };
my @cases = (
	[ 'disk full', 53100, sub { $set_fault->('alter_system') }, sub { $set_fault->('') } ],
	[ 'read-only file', 42501, sub { chmod 0400, $file }, sub { chmod 0600, $file } ],
	[ 'read-only folder', 42501, sub { chmod 0500, $node->data_dir }, sub { chmod 0700, $node->data_dir } ]);
push @cases, [ 'allow_alter_system', '0A000', sub { $allow->('off') }, sub { $allow->('on') } ]
  if $node->pg_version >= 17;
my ($pid) = worker_pids($node);

for (@cases)
{
	my ($name, $sqlstate, $break, $mend) = @$_;
	my $log = -s $node->logfile;
	$break->();
	load_until_standing($node, 'write_failed');
	is(status($node, 'failure_sqlstate'), $sqlstate, "[walrus-32] $name: status() has the SQLSTATE");
	isnt(status($node, 'retry_at'), '', '... and when it is tried again');
	poll_until(sub { why($node, "statement ~ '^ALTER SYSTEM SET max_wal_size'") eq 't' || !switch_wal($node) },
		'... and walrus.why what to run by hand');
	my $tries = sub { status($node, 'retry_at') };
	my $next = $tries->();
	poll_until(sub { $tries->() ne $next || !switch_wal($node) }, 'it is tried again');
	like(log_since($node, $log), qr/WARNING:  pg_walrus: failed to execute ALTER SYSTEM, will retry next cycle\n.*DETAIL:  SQLSTATE $sqlstate: .*\n.*HINT:  .*ALTER SYSTEM SET max_wal_size = '\d+MB'/,
		"[walrus-32] $name: a warning with the SQLSTATE");
	is(count_in_log($node, qr/WARNING:  pg_walrus/, $log), 1, "[walrus-32] $name: once");
	is(join(' ', worker_pids($node)), $pid, "[walrus-32] [walrus-D8] $name: the worker is the same process");
	is(size($node), 64, 'nothing has changed');
	$mend->();
	is((psql_error($node, "SET lock_timeout = '10s'; ALTER SYSTEM SET work_mem = '5MB'"))[0], '', '[walrus-11] no lock is left behind');
	grow_beyond($node, 64);
	is(status($node, 'standing'), 'active', "[walrus-32] $name: it recovers") if poll_until(sub { status($node, 'standing') eq 'active' }, 'active');
	is(status($node, 'failure_sqlstate'), '', 'and the failure is forgotten');
	configure($node, 'walrus.enable = off');
	$node->safe_psql('postgres', 'SELECT walrus.restore()');
	configure($node, 'walrus.enable = on');
}
is($node->safe_psql('postgres', "SELECT count(*) FROM walrus.events WHERE action = 'failed'"), scalar @cases, 'an event for each');
poll_sql($node, "SELECT count(*) = " . @cases . " FROM walrus.history WHERE action = 'failed' AND metadata ? 'sqlstate'");

# Somebody who asks for a change is told.
$set_fault->('alter_system');
load_until_standing($node, 'write_failed');
poll_until(sub { (psql_error($node, 'SELECT walrus.analyze(apply => true)'))[0] eq '53100' || !switch_wal($node) },
	'[walrus-32] analyze(apply) raises what ALTER SYSTEM raised');

# No statistics: one warning.
my $log = -s $node->logfile;
$node->append_conf('postgresql.conf', "walrus.fault = 'statistics'");
$node->reload;
poll_until(sub { count_in_log($node, qr/WARNING:  pg_walrus: checkpoint statistics unavailable, skipping cycle$/m, $log) },
	'[walrus-25] a warning without statistics');
my $looked = looks($node);
switch_wal($node, 4);
$set_fault->('');
isnt(looks($node), $looked, 'it goes on when they are back');
is(count_in_log($node, qr/statistics unavailable/, $log), 1, '[walrus-25] the warning came once');
is(join(' ', worker_pids($node)), $pid, '[walrus-32] the worker is the same process to the end');
$node->stop;
done_testing();
