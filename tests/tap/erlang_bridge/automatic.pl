# Nodes that are kept connected, and settings that change while nodes are connected.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ErlangNode;
use PgCrew;
use Test::More;

my $erl = ErlangNode->new('kv');
my $node = bridge_node(conf => <<'END');
erlang_bridge.backoff_base = '50ms'
erlang_bridge.backoff_cap = '200ms'
erlang_bridge.breaker_failures = 0
END
my $call = 'SELECT ' . $erl->sql('call', "'erlang', 'node'");
my $is = sub { return "SELECT $_[0] FROM erlang_nodes WHERE node = 'kv\@127.0.0.1'" };
my $configure = sub { $node->safe_psql('postgres', $_) for (map { "ALTER SYSTEM SET $_" } @_), 'SELECT pg_reload_conf()' };

# ---- cookies ---------------------------------------------------------------------------------------
$node->safe_psql('postgres', "SELECT erlang_node_add('kv\@127.0.0.1', 'wrong', true)");
poll_sql($node, $is->("last_failure = 'cookie was rejected'"));
$node->safe_psql('postgres', 'BEGIN; SELECT ' . $erl->sql('node_set_cookie', quoted_cookie()) . '; ROLLBACK');
my $attempts = $node->safe_psql('postgres', $is->('connect_attempts'));
poll_sql($node, $is->("connect_attempts > $attempts + 2"));
is($node->safe_psql('postgres', $is->('connects')), 0, 'a cookie that was rolled back is not used');
$node->safe_psql('postgres', 'SELECT ' . $erl->sql('node_set_cookie', quoted_cookie()));
poll_sql($node, $is->("state = 'up'"));
pass('a new cookie reaches the worker at commit, though no session names the node');

# ---- the worker ends -------------------------------------------------------------------------------
my ($worker) = bridge_workers($node);
$node->safe_psql('postgres', "SELECT pg_terminate_backend($worker)");
poll_until(sub { my ($new) = bridge_workers($node); return $new && $new != $worker }, 'a new worker');
poll_sql($node, $is->("state = 'up'"));
pass('[erl-D7] the next worker connects automatic nodes again');
is($node->safe_psql('postgres', $call), '"kv@127.0.0.1"', '[erl-D7] and takes calls');

# ---- settings --------------------------------------------------------------------------------------
$configure->("erlang_bridge.denied_addresses = '127.0.0.0/8'");
poll_until(sub { error_of($node, $call) =~ /^08X13: / }, 'a connection to an address that is denied now');
like(error_of($node, $call), qr/^08X13: address of the Erlang node is denied/, '[erl-F5] a denied address is left when it is denied');
$configure->("erlang_bridge.denied_addresses = ''");
poll_until(sub { error_of($node, $call) eq '' }, 'it is allowed again');
is($node->safe_psql('postgres', $call), '"kv@127.0.0.1"', '... and connected when it is allowed again');

# ---- disconnected while the breaker is open --------------------------------------------------------
$configure->('erlang_bridge.breaker_failures = 2', "erlang_bridge.breaker_pause = '1h'");
$erl->kill;
poll_sql($node, $is->("breaker = 'open'"));
$node->safe_psql('postgres', 'SELECT ' . $erl->sql('disconnect'));
like(error_of($node, $call), qr/^08X10: /, '[erl-E3] an open circuit stays open when the node is disconnected');

# ---- removed and connected by hand -----------------------------------------------------------------
$erl->start;
$configure->("erlang_bridge.allowed_nodes = 'kv\@*'", 'erlang_bridge.breaker_failures = 0');
poll_until(sub { error_of($node, $call) eq '' }, 'connected again');
for my $round (1 .. 10)
{
	my $result = $node->safe_psql('postgres',
		'SELECT ' . $erl->sql('node_remove') . '; SELECT ' . $erl->sql('connect', quoted_cookie()) . "; $call; SELECT "
		  . $erl->sql('disconnect') . '; SELECT ' . $erl->sql('node_add', quoted_cookie()));
	is($result, qq(t\nt\n"kv\@127.0.0.1"\nt\n), "a node that is removed can be connected by hand at once, $round");
}

# ---- more of them than there is room for -----------------------------------------------------------
$node->safe_psql('postgres', 'SELECT ' . $erl->sql('node_remove'));
$node->safe_psql('postgres', "SELECT erlang_node_add('kv$_\@127.0.0.1', 'secret', true)") for 1 .. 3;
my $log = -s $node->logfile;
$node->append_conf('postgresql.conf', 'erlang_bridge.max_nodes = 2');
$node->restart;
poll_until(sub { log_since($node, $log) =~ /DETAIL:  too many Erlang nodes are in use\./ }, 'one that is not connected');
is(scalar(() = log_since($node, $log) =~ /WARNING:  could not connect to Erlang node "kv\d\@127\.0\.0\.1"/g), 1, 'one node more than max_nodes is refused, and logged');
poll_sql($node, "SELECT count(*) FROM erlang_nodes WHERE connect_attempts > 0", 2);
pass('... and the others are connected nevertheless');
done_testing();

sub quoted_cookie { return "'" . $erl->cookie =~ s/'/''/gr . "'" }
