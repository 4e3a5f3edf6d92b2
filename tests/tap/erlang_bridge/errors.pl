# [erl-A5] Each cause of a failure has its own SQLSTATE, and the detail carries what the node said.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ErlangNode;
use PgCrew;
use Test::More;

my $erl = ErlangNode->new('kv');
my $node = bridge_node(conf => "erlang_bridge.connect_timeout = '30s'\nerlang_bridge.call_timeout = '30s'\nerlang_bridge.breaker_failures = 0");
add_node($node, $erl);

# fails($sql, $state, $rest, $title): the state, and what follows it
sub fails
{
	my ($sql, $state, $rest, $title) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return like(error_of($node, "SELECT $sql"), qr/^$state: $rest/s, "[erl-A5] $title: $state");
}

# ---- what the function did -------------------------------------------------------------------------
my %crashes = (throw => ['38X01', 'ball'], exit => ['38X02', 'bye'], error => ['38X03', 'oops'], killed => ['38X04', 'killed']);
for my $how (sort keys %crashes)
{
	my ($state, $term) = @{ $crashes{$how} };
	fails($erl->sql('call', "'test_node', 'crash'", qq('["$how"]')), $state, qr/.*\nDETAIL: .*\b$term\b/s, "a function's $how");
}
fails($erl->sql('call', "'no_such_module', 'f'"), '38X03', qr/.*\nDETAIL: .*\bundef\b/s, 'a function that there is not');
fails($erl->sql('call', "'test_node', 'sleep'", q('["forever"]'), "'100 ms'"), 'HYT00', qr/./, 'no answer in time');

# ---- what became of the connection -----------------------------------------------------------------
my $psql = session($node);
my $forever = 'SELECT ' . $erl->sql('call', "'test_node', 'sleep'", q('["forever"]'), "'1 min'");
for my $case (['08006', 'disconnected during a call', sub { $node->safe_psql('postgres', 'SELECT ' . $erl->sql('disconnect')) }],
	['08007', 'the node is killed during a call', sub { $erl->kill }])
{
	my ($state, $title, $happen) = @$case;
	$psql->{stderr} = '';
	$erl->poll('test_node:sleepers()', 0); # of the call before
	run_in_background($psql, "\\set VERBOSITY verbose\n$forever");
	$erl->poll('test_node:sleepers()', 1);
	$happen->();
	$psql->query('SELECT 1');
	like($psql->{stderr}, qr/ERROR:  $state: /, "[erl-A5] $title: $state");
}
$psql->{stderr} = '';
$psql->quit;

# ---- why there is no connection --------------------------------------------------------------------
sub add
{
	my ($name, $cookie) = @_;
	return $node->safe_psql('postgres', sprintf('SELECT erlang_node_add(%s, %s)', map { quoted($_) } $name, $cookie // 'cookie'));
}

fails("erlang_call('unknown\@127.0.0.1', 'erlang', 'node')", '08001', qr/.*\nHINT: /s, 'unknown node');
add('absent@127.0.0.1');
fails("erlang_call('absent\@127.0.0.1', 'erlang', 'node')", '08X04', qr/./, 'not registered in epmd');
add('kv@no-such-host.invalid');
fails("erlang_call('kv\@no-such-host.invalid', 'erlang', 'node')", '08X01', qr/./, 'unknown host');
for my $name ('kv', 'kv@', '@host', 'a b@127.0.0.1', 'kv@127.0.0.1@x', "kv\@127.0.0.1\n", 'k' x 250 . '@host.example')
{
	fails('erlang_call(' . quoted($name) . ", 'erlang', 'node')", '22023', qr/./, 'no name of a node [erl-F1]');
}

my $wrong = ErlangNode->new('wrong');
add($wrong->name, 'not its cookie');
fails($wrong->sql('call', "'erlang', 'node'"), '08X06', qr/(?!.*not its cookie)/s, 'wrong cookie');
$node->safe_psql('postgres', sprintf('SELECT erlang_node_set_cookie(%s, %s)', map { quoted($_) } $wrong->name, $wrong->cookie));
is($node->safe_psql('postgres', 'SELECT ' . $wrong->sql('call', "'erlang', 'node'")), '"wrong@127.0.0.1"', '... and with the right one it connects');

my %peers = (refused => '08X05', status_alive => '08X07', status_nok => '08X07', status_not_allowed => '08X08', other_name => '08X09',
	old_flags => '08P01');
for my $mode (sort keys %peers)
{
	my $hostile = hostile_node($mode);
	add($hostile->name, $hostile->cookie);
	fails($hostile->sql('call', "'erlang', 'node'"), $peers{$mode}, qr/./, $mode);
	$hostile->kill;
}

stop_epmd();
add('nowhere@127.0.0.1');
fails("erlang_call('nowhere\@127.0.0.1', 'erlang', 'node')", '08X02', qr/./, 'no epmd');
start_epmd();

# ---- what we refuse --------------------------------------------------------------------------------
$node->append_conf('postgresql.conf', "erlang_bridge.breaker_failures = 1\nerlang_bridge.breaker_pause = '1h'\nerlang_bridge.backoff_base = '1ms'");
$node->reload;
poll_sql($node, 'SHOW erlang_bridge.breaker_failures', 1);
add('broken@127.0.0.1');
error_of($node, "SELECT erlang_call('broken\@127.0.0.1', 'erlang', 'node')");
fails("erlang_call('broken\@127.0.0.1', 'erlang', 'node')", '08X10', qr/./, 'open circuit');
fails($wrong->sql('call', "'test_node', 'echo'", q(jsonb_build_array(repeat('x', 70000000)))), '5[34][0-9A-Z]{3}', qr/./, 'more than a term may have');

$node->stop;
done_testing();
