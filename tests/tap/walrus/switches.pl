# walrus.enable, walrus.mode and walrus.dry_run: rest and advice write nothing; reloads are no looks.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use PgCrew;
use Test::More;
use Walrus;

my $node = walrus_node(conf => "walrus.threshold = 1");
my $file = auto_conf($node);
my $load = sub { switch_wal($node, 2) for 1 .. 2; wait_for_looks($node, 12) };

# Off: WAL is no concern of ours, nor is it afterwards.
configure($node, 'walrus.enable = off');
is(status($node, 'standing'), 'off', 'status() says off');
force_checkpoints($node, 4);
$load->();
is(events($node), '', '[walrus-18] off: no change, no history');
configure($node, 'walrus.enable = on');
is(status($node, 'standing'), 'active', 'on again');
wait_for_looks($node, 15);
is(why($node, 'full_window, wal_checkpoints, action'), 't|0|hold', '[walrus-18] on again: a fresh window, without what happened meanwhile');
is(auto_conf($node), $file, '[walrus-18] nothing was written');
configure($node, "walrus.mode = 'off'");
is(status($node, 'standing'), 'off', 'walrus.mode = off is the same');

# Advice: the decision is logged and recorded, with the statement to run, and never applied.
for my $how ("walrus.mode = 'advise'", "walrus.mode = 'auto'\nwalrus.dry_run = on")
{
	my $log = -s $node->logfile;
	$node->safe_psql('postgres', 'SELECT walrus.reset()');
	my $before = $node->safe_psql('postgres', "SELECT count(*) FROM walrus.events WHERE action = 'dry_run'");
	configure($node, $how);
	poll_until(sub { why($node, 'action') eq 'increase' || why($node, 'reason') eq 'advised' || !switch_wal($node) }, 'advice');
	my ($name) = $how =~ /(advise|dry_run)/;
	is(status($node, 'standing'), 'advising', "$name: status() says so");
	$load->();
	like(log_since($node, $log), qr/LOG:  pg_walrus \[DRY-RUN\]: would change max_wal_size from 64 MB to \d+ MB \((?:threshold exceeded|high utilisation)\)$/m, "$name: the log says what would be done");
	poll_until(
		sub { why($node, 'statement') =~ /^ALTER SYSTEM SET max_wal_size = '\d+MB'; SELECT pg_reload_conf\(\);$/ || !switch_wal($node) },
		"$name: walrus.why has the statement");
	is($node->safe_psql('postgres', 'SELECT (walrus.analyze(apply => true))->>$$applied$$'), 'false', "[walrus-47] $name: analyze(apply) does not apply either");
	is(auto_conf($node), $file, "[walrus-47] $name: postgresql.auto.conf is byte for byte as before");
	is(size($node), 64, "and so is max_wal_size");
	cmp_ok($node->safe_psql('postgres', "SELECT count(*) FROM walrus.events WHERE action = 'dry_run'"), '>', $before, "$name: an event tells");
	configure($node, "walrus.mode = 'off'", 'walrus.dry_run = off');
}

# With writing allowed, analyze(apply) does what was advised, at once and in spite of any pause.
configure($node, "walrus.mode = 'advise'", 'walrus.max_changes_per_hour = 0');
$load->();
poll_until(sub { $node->safe_psql('postgres', "SELECT walrus.recommendation()->>'action'") eq 'increase' || !switch_wal($node) }, 'a recommendation');
configure($node, "walrus.mode = 'auto'");
is(size($node), 64, 'no change within an hour without any');
is((psql_error($node, 'BEGIN; SELECT walrus.analyze(apply => true)'))[0], '25001', 'analyze(apply) is not for a transaction block');
my $answer;
poll_until(
	sub {
		$answer = $node->safe_psql('postgres', 'SELECT walrus.analyze(apply => true)');
		return $answer =~ /"applied": true/ || !switch_wal($node, 2);
	},
	'analyze(apply) applies') or diag($answer);
cmp_ok(size($node), '>', 64, 'max_wal_size has grown');
is(scalar(() = auto_conf($node) =~ /max_wal_size/g), 1, 'by ALTER SYSTEM');
$node->stop;
done_testing();
