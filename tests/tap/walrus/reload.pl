# Reloads are heard and are no looks; a new checkpoint_timeout begins a new window.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use PgCrew;
use Test::More;
use Walrus;

# A look each 5 s.
my $node = walrus_node(
	conf => "log_min_messages = debug1\ncheckpoint_timeout = 300s\nwalrus.clock_rate = 2\nwalrus.shrink_intervals = 1");
my $heard = sub { count_in_log($node, qr/DEBUG:  pg_walrus: configuration reloaded$/m, $_[0]) };

# All of it between two looks; a machine that is too slow for that tries again.
my ($before, $after, $reloads);
for (1 .. 5)
{
	wait_for_looks($node, 1);
	$before = $node->safe_psql('postgres', 'SELECT checked_at, window_seconds, (walrus.status()->>$$quiet_intervals$$) FROM walrus.why');
	my $log = -s $node->logfile;
	$node->safe_psql('postgres', "SELECT pg_reload_conf(), pg_sleep(0.05) FROM generate_series(1, 20)");
	poll_until(sub { ($reloads = $heard->($log)) > 1 }, 'reloads');
	$after = $node->safe_psql('postgres', 'SELECT checked_at, window_seconds, (walrus.status()->>$$quiet_intervals$$) FROM walrus.why');
	last if $after eq $before;
}
cmp_ok($reloads, '>', 1, 'the worker hears of 20 reloads in a second');
is($after, $before, '[walrus-13] [walrus-D4] and takes no sample, nor is a quiet interval over');
is(events($node), '', '[walrus-13] [walrus-D4] and decides nothing');

# checkpoint_timeout is taken over, and the window begins anew.
configure($node, 'checkpoint_timeout = 30s', 'walrus.clock_rate = 10');
poll_until(sub { why($node, 'full_window') eq 't' }, 'a full window');
configure($node, 'checkpoint_timeout = 60s', 'walrus.clock_rate = 2'); # which leaves 30 s to look at it
is(status($node, 'checkpoint_timeout_sec'), 60, '[walrus-09] a changed checkpoint_timeout is picked up');
is(why($node, 'checkpoint_timeout, full_window'), '00:01:00|f', '[walrus-09] with a window of its own');
clock($node, 10);
poll_until(sub { why($node, 'full_window') eq 't' }, 'a full window');
cmp_ok(why($node, 'window_seconds'), '>=', 60, '[walrus-09] as long as the new checkpoint_timeout');
$node->stop;
done_testing();
