# [erl-H4] Which nodes there are, and [erl-G3] how they do.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ErlangNode;
use PgCrew;
use Test::More;

my $erl = ErlangNode->new('kv');
my $other = ErlangNode->new('other');
my $node = bridge_node();
add_node($node, $erl);
my $value = sub { $node->safe_psql('postgres', "SELECT $_[0]") };

my ($kv_port, $other_port) = map { $_->eval('element(2, lists:keyfind("' . ($_->name =~ s/@.*//r) . '", 1, element(2, erl_epmd:names("127.0.0.1"))))') } $erl, $other;
my $found = "string_agg(name || ':' || port, ' ' ORDER BY name) FROM erlang_discover";
is($value->("$found('127.0.0.1')"), "kv:$kv_port other:$other_port", '[erl-H4] names and ports, by epmd');
$other->kill;
poll_sql($node, "SELECT $found('127.0.0.1')", "kv:$kv_port");
pass('[erl-H4] without the one that is gone');
like(error_of($node, "SELECT $found('no-such-host.invalid')"), qr/^08X01: /, '[erl-H4] a host that there is not');
for my $host ('', 'a b', "x\n", '-x', 'a' x 300)
{
	like(error_of($node, "SELECT $found(" . quoted($host) . ')'), qr/^22023: /, '[erl-H4] no host: ' . quoted(substr $host, 0, 10));
}

$other->start;
is($value->('array_agg(p) FROM ' . $erl->sql('peers') . ' p'), '', '[erl-H4] a node without peers');
$erl->eval("net_adm:ping('other\@127.0.0.1')");
is($value->('array_agg(p) FROM ' . $erl->sql('peers') . ' p'), '{other@127.0.0.1}', '[erl-H4] the peers that a node has');
stop_epmd();
like(error_of($node, "SELECT $found('127.0.0.1')"), qr/^08X02: /, '[erl-H4] no epmd');
start_epmd();

# ---- health ----------------------------------------------------------------------------------------
is($value->($erl->sql('health') . " BETWEEN '1 us' AND '1 min'"), 't', '[erl-G3] a round trip takes its time');
my $psql = session($node);
my $pid = backend_pid($psql);
my $wait = "SELECT wait_event_type || ' ' || wait_event FROM pg_stat_activity WHERE pid = $pid";
run_in_background($psql, 'SELECT ' . $erl->sql('call', "'test_node', 'sleep'", q('["forever"]'), "'1 min'"));
poll_sql($node, "SELECT wait_event_type = 'Extension' FROM pg_stat_activity WHERE pid = $pid");
like($node->safe_psql('postgres', $wait), qr/^Extension \w+$/, '[erl-G3] what a session waits for can be seen');
$erl->signal('STOP');
like(error_of($node, "SET erlang_bridge.call_timeout = '200ms'; SELECT " . $erl->sql('health')), qr/^HYT00: /, '[erl-G3] a node that hangs has no health');
$erl->signal('CONT');
$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
$psql->query('SELECT 1');
$psql->{stderr} = '';

$psql->quit;
$node->stop;
done_testing();
