# Nodes that die, hang, lose their epmd or change their cookie while they are called, and one that is left alone for long.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ErlangNode;
use PgCrew;
use Test::More;

use Time::HiRes qw(time);

my $sessions = 50;
my $erl = ErlangNode->new('kv', options => ['-kernel', 'net_ticktime', '8']);
my $node = bridge_node(conf => <<'END');
max_connections = 80
erlang_bridge.tick_time = '4s'
erlang_bridge.breaker_failures = 0
erlang_bridge.backoff_cap = '200ms'
END
add_node($node, $erl);
my @sessions = map { session($node) } 1 .. $sessions;
my $call = 'SELECT ' . $erl->sql('call', "'erlang', 'node'", "'[]'", "'10 s'");
my $sleep = 'SELECT ' . $erl->sql('call', "'test_node', 'sleep'", q('["forever"]'), "'5 min'");
$_->query('\set VERBOSITY verbose') for @sessions;

# The SQLSTATEs of what all sessions were doing, how often each, and when the last one had it.
sub outcomes
{
	my %states;
	for my $psql (@sessions)
	{
		$psql->query('SELECT 1');
		$states{ $psql->{stderr} =~ /ERROR:  ([0-9A-Z]{5}):/ ? $1 : 'none' }++;
		$psql->{stderr} = '';
	}
	return join ' ', map { "$_ $states{$_}" } sort keys %states;
}

sub all_sleep
{
	run_in_background($_, $sleep) for @sessions;
	return $erl->poll('test_node:sleepers()', $sessions);
}

sub works_again
{
	my ($title) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	poll_until(sub { error_of($node, $call) eq '' }, $title);
	return is(join('', map { $_->query_safe($call) } @sessions), '"kv@127.0.0.1"' x $sessions, $title);
}

# ---- killed ----------------------------------------------------------------------------------------
for my $round (1 .. 3)
{
	all_sleep();
	my $start = time;
	$erl->kill;
	is(outcomes(), "08007 $sessions", "[erl-E2] killed during $sessions calls: all have an unknown outcome");
	cmp_ok(time - $start, '<', 30, '... at once');
	$erl->start;
	works_again('[erl-E1] when it is back all sessions can call it');
}

# ---- stopped ---------------------------------------------------------------------------------------
all_sleep();
my $start = time;
$erl->signal('STOP');
like(outcomes(), qr/^(?:08007|08X12) $sessions$/, "[erl-D5] stopped during $sessions calls: they end when it was silent for too long");
my $took = time - $start;
ok($took > 2 && $took < 30, sprintf '[erl-D5] after %.1f s', $took);
like(error_of($node, "SET erlang_bridge.call_timeout = '500ms'; SELECT " . $erl->sql('call', "'erlang', 'node'")), qr/^HYT00: /, 'it is not to be reached');
$erl->signal('CONT');
works_again('[erl-E1] when it goes on all sessions can call it');
$erl->poll('test_node:sleepers()', 0);
pass('no process of the calls is left there');

# ---- epmd ------------------------------------------------------------------------------------------
stop_epmd();
is(error_of($node, $call), '', 'a connection needs no epmd');
$node->safe_psql('postgres', 'SELECT ' . $erl->sql('disconnect'));
like(error_of($node, $call), qr/^08X02: /, 'connecting does');
start_epmd();
$erl->kill;
$erl->start;
works_again('when there is one again all sessions can call');

# ---- the cookie ------------------------------------------------------------------------------------
my $set_cookie = sub { $node->safe_psql('postgres', 'SELECT erlang_node_set_cookie(' . join(', ', map { quoted($_) } $erl->name, $_[0]) . ')') };
$erl->eval("erlang:set_cookie('changed')");
$set_cookie->('changed');
is(error_of($node, $call), '', '[erl-I7] a change of the cookie keeps the connection');
$node->safe_psql('postgres', 'SELECT ' . $erl->sql('disconnect'));
works_again('[erl-I7] and the next one has the new cookie');
$set_cookie->('wrong');
$node->safe_psql('postgres', 'SELECT ' . $erl->sql('disconnect'));
like(error_of($node, $call), qr/^08X06: /, 'a wrong one is told');
$set_cookie->('changed');
works_again('until it is right again');

$_->quit for @sessions;

# ---- left alone ------------------------------------------------------------------------------------
my $connection = $erl->eval('nodes(hidden)');
$start = time;
poll_until(sub { time - $start > 60 || $erl->eval('nodes(hidden)') ne $connection }, 'a minute passes', 90);
is($erl->eval('nodes(hidden)'), $connection, '[erl-D4] with net_ticktime 8 the connection outlives a minute without SQL');

$node->stop;
done_testing();
