# Connections: shared by all sessions, closed when idle or old, watched for silence, up again after a start.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ErlangNode;
use PgCrew;
use Test::More;
use Time::HiRes qw(time);

my $erl = ErlangNode->new('kv');
my $node = bridge_node(conf => 'max_connections = 40');
add_node($node, $erl);
my $peers = 'length(nodes(hidden))';
my $configure = sub {
	$node->append_conf('postgresql.conf', join "\n", @_);
	$node->reload;
	poll_sql($node, 'SHOW ' . ($_[0] =~ s/ =.*//r), $_[0] =~ s/.*= '?([^']*)'?/$1/r);
};
my $call = 'SELECT ' . $erl->sql('call', "'erlang', 'node'");

# ---- sharing ---------------------------------------------------------------------------------------
my @sessions = map { session($node) } 1 .. 30;
my $sleep = 'SELECT ' . $erl->sql('call', "'test_node', 'sleep'", q('["forever"]'), "'1 min'");
run_in_background($_, $sleep) for @sessions;
$erl->poll('test_node:sleepers()', 30);
is($erl->eval($peers), 1, '[erl-D1] 30 sessions that call at the same time share a connection');
my $again = session($node);
is($again->query_safe($call), '"kv@127.0.0.1"', '[erl-D1] and one more call is not delayed');
$again->quit;
$node->safe_psql('postgres', 'SELECT ' . $erl->sql('disconnect'));
$_->query('SELECT 1') for @sessions;
$_->{stderr} = '' for @sessions;
$_->quit for @sessions;
$erl->poll('test_node:sleepers()', 0);

# ---- age and idleness ------------------------------------------------------------------------------
$node->safe_psql('postgres', $call);
is($erl->eval($peers), 1, 'a connection');
$configure->("erlang_bridge.idle_timeout = '1s'");
$erl->poll($peers, 0);
pass('[erl-D3] is closed when it was idle for long enough');
is($node->safe_psql('postgres', $call), '"kv@127.0.0.1"', '[erl-D3] and opened again when it is needed');
$configure->("erlang_bridge.idle_timeout = '0'", "erlang_bridge.max_age = '2s'");
my $connects = "SELECT connects FROM erlang_nodes WHERE node = 'kv\@127.0.0.1'";
my $earlier = $node->safe_psql('postgres', $connects);
$node->safe_psql('postgres', 'SELECT ' . $erl->sql('disconnect'));
my $psql = session($node);
$psql->query_safe($call);
poll_sql($node, $connects =~ s/connects/state = 'up' AND connections = 1 AND connects > $earlier/r);
my $first = $node->safe_psql('postgres', $connects);
run_in_background($psql, 'SELECT ' . $erl->sql('call', "'test_node', 'sleep'", q('["forever"]'), "'5 min'"));
$erl->poll('test_node:sleepers()', 1);
poll_until(
	sub {
		$node->safe_psql('postgres', $call);
		return $node->safe_psql('postgres', $connects) > $first;
	},
	'[erl-D3] a connection that is old enough is replaced');
is($erl->eval('test_node:sleepers()'), 1, '[erl-D3] a connection is replaced while a call is in flight over the old one, and new calls do not wait for that one');
$erl->eval('test_node:wake()');
like($psql->query('SELECT 1'), qr/^"slept"$/m, '[erl-D3] which ends well');
$psql->quit;
$erl->poll("$peers =< 1", 'true');
pass('[erl-D3] then the old one is closed');
$configure->("erlang_bridge.max_age = '0'");

# ---- silence ---------------------------------------------------------------------------------------
my $stopped = ErlangNode->new('stopped', options => ['-kernel', 'net_ticktime', '2']);
add_node($node, $stopped);
$configure->("erlang_bridge.tick_time = '2s'");
$node->safe_psql('postgres', 'SELECT ' . $stopped->sql('call', "'erlang', 'node'"));
$psql = session($node);
run_in_background($psql, "\\set VERBOSITY verbose\nSELECT " . $stopped->sql('call', "'test_node', 'sleep'", q('["forever"]'), "'1 min'"));
$stopped->poll('test_node:sleepers()', 1);
$stopped->signal('STOP');
my $began = time;
$psql->query('SELECT 1');
my $took = time - $began;
ok($took > 1 && $took < 30, sprintf('[erl-D5] a call to a node that is silent for 2 s ends after %.1f s', $took));
like($psql->{stderr}, qr/ERROR:  (?:08007|08X12): /, '[erl-D5] as the node is silent');
$psql->{stderr} = '';
$psql->quit;
$stopped->signal('CONT');

# ---- as many as there may be -----------------------------------------------------------------------
$node->append_conf('postgresql.conf', "erlang_bridge.max_nodes = 2");
$node->restart;
my $third = ErlangNode->new('third');
add_node($node, $third);
$node->safe_psql('postgres', 'SELECT ' . $_->sql('connect')) for $erl, $stopped;
like(error_of($node, 'SELECT ' . $third->sql('connect')), qr/^53400: /, '[erl-D3] a third node where there may be two');
$node->safe_psql('postgres', 'SELECT ' . $stopped->sql('disconnect'));
$node->safe_psql('postgres', "SELECT erlang_node_remove('stopped\@127.0.0.1')");
poll_until(sub { error_of($node, 'SELECT ' . $third->sql('connect')) eq '' }, '[erl-D3] there is room when one is gone');

# ---- automatic -------------------------------------------------------------------------------------
$node->safe_psql('postgres', "SELECT erlang_node_remove('kv\@127.0.0.1')");
add_node($node, $erl, automatic => 1);
$node->stop;
$erl->poll($peers, 0);
pass('[erl-D6] a fast shutdown closes the connections');
unlike($erl->log, qr/not responding/, '[erl-D6] and the node does not complain');
$node->start;
$erl->poll($peers, 1);
pass('[erl-D6] an automatic node is connected, with no SQL');

$node->stop;
done_testing();
