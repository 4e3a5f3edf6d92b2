# The statistics: [erl-G1] of nodes, and [erl-G2] of functions.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ErlangNode;
use PgCrew;
use Test::More;

my $erl = ErlangNode->new('kv');
my $node = bridge_node(conf => "erlang_bridge.breaker_failures = 0");
add_node($node, $erl);
my $psql = session($node);
my $of_node = sub { $node->safe_psql('postgres', "SELECT $_[0] FROM erlang_nodes WHERE node = 'kv\@127.0.0.1'") };
my $of_function = sub {
	return $node->safe_psql('postgres', "SELECT $_[1] FROM erlang_stats WHERE node = 'kv\@127.0.0.1' AND function = '$_[0]'");
};

# What the worker has counted is shown some 50 ms later.
my $comes = sub { poll_sql($node, "SELECT $_[0] FROM erlang_nodes WHERE node LIKE 'kv\@%'") };

is($of_node->('state'), 'down', '[erl-G1] a node that nobody has called is down');
my $time = $psql->query_safe('SELECT clock_timestamp()');
$psql->query_safe('SELECT ' . $erl->sql('call', "'test_node', 'echo'", "'[1]'")) for 1 .. 10;
$comes->("state = 'up' AND otp_release IS NOT NULL");
is($of_node->('state'), 'up', '[erl-G1] then it is up');
is($of_node->("since BETWEEN '$time' AND clock_timestamp()"), 't', '[erl-G1] and since when');
is($of_node->('otp_release'), $erl->eval('list_to_integer(erlang:system_info(otp_release))'), '[erl-G1] its release');
is($of_node->(q(peer_flags @> '{handshake_23,v4_nc,utf8_atoms}')), 't', '[erl-G1] what it can do');
my ($in, $out) = split /\|/, $of_node->('bytes_in, bytes_out');
$psql->query_safe('SELECT length(' . $erl->sql('call', "'test_node', 'big'", "'[1000000]'") . '::text)');
$psql->query_safe('SELECT length(' . $erl->sql('call', "'erlang', 'byte_size'", "jsonb_build_array(repeat('x', 500000))") . '::text)');
poll_sql($node, "SELECT bytes_in - $in BETWEEN 1000000 AND 1010000 AND bytes_out - $out BETWEEN 500000 AND 510000 FROM erlang_nodes WHERE node LIKE 'kv\@%'");
pass('[erl-G1] bytes in and out');

$comes->('calls = 12');
is($of_node->('calls'), 12, '[erl-G1] calls');
for (1 .. 3)
{
	error_of($node, 'SELECT ' . $erl->sql('call', "'test_node', 'crash'", q('["throw"]')));
	error_of($node, 'SELECT ' . $erl->sql('call', "'test_node', 'sleep'", q('["forever"]'), "'50 ms'"));
}
$comes->('errors = 6');
like($of_node->('errors_by_sqlstate'), qr/"38X01": 3\b/, '[erl-G1] errors by class: thrown');
like($of_node->('errors_by_sqlstate'), qr/"HYT00": 3\b/, '[erl-G1] ... late');

# ---- functions -------------------------------------------------------------------------------------
poll_sql($node, 'SELECT sum(calls) FROM erlang_stats', 18); # all of them: one shown later would come back after the reset
is($of_function->('test_node:echo/1', 'calls, errors'), '10|0', '[erl-G2] calls of a function');
is($of_function->('test_node:crash/1', 'calls, errors'), '3|3', '[erl-G2] errors of one');
$psql->query_safe('SELECT erlang_stats_reset()');
is($node->safe_psql('postgres', 'SELECT count(*) FROM erlang_stats'), 0, '[erl-G2] reset');

# 90 calls of 20 ms, 10 of 300 ms: a percentile is of the right ones, within 5% of what was measured,
# which on a busy machine is more than what the node slept.
my $sleep = sub { 'SELECT count(' . $erl->sql('call', "'test_node', 'sleep'", $_[0]) . ") FROM generate_series(1, $_[1])" };
$psql->query_safe($sleep->("'[20]'", 90));
$psql->query_safe($sleep->("'[300]'", 10));
my $function = 'test_node:sleep/1';
poll_until(sub { $of_function->($function, 'calls') == 100 }, '100 calls are counted');
is($of_function->($function, 'calls'), 100, '[erl-G2] 100 calls');
is($of_function->($function, 'p50_ms BETWEEN 19 AND 285'), 't', '[erl-G2] the median') || diag($of_function->($function, '*'));
is($of_function->($function, 'p95_ms BETWEEN 285 AND max_ms * 1.05'), 't', '[erl-G2] p95');
is($of_function->($function, 'p99_ms BETWEEN p95_ms AND max_ms * 1.05'), 't', '[erl-G2] p99');
is($of_function->($function, 'max_ms BETWEEN 300 AND 30000'), 't', '[erl-G2] the maximum');
is($of_function->($function, 'mean_ms BETWEEN 47 AND 4700'), 't', '[erl-G2] the mean');
is($of_function->($function, 'abs(total_ms - mean_ms * calls) < 1'), 't', '[erl-G2] the total');

# A name that is too long is cut off between two characters.
error_of($node, 'SELECT erlang_call(' . quoted($erl->name) . ", 'a' || repeat(chr(229), 200), 'f')");
poll_sql($node, "SELECT convert_from(convert_to(function, 'UTF8'), 'UTF8') ~ ('^a' || chr(229) || '{121}/0\$') FROM erlang_stats WHERE function LIKE 'a%'");

# Nothing secret, and nobody else's business.
error_of($node, 'SELECT erlang_node_set_cookie(' . join(', ', map { quoted($_) } $erl->name, 'quite wrong') . ')');
$node->safe_psql('postgres', 'SELECT ' . $erl->sql('disconnect'));
error_of($node, 'SELECT ' . $erl->sql('call', "'erlang', 'node'"));
$comes->("last_failure LIKE '%cookie%'");
like($of_node->('last_failure'), qr/cookie/, '[erl-G1] the last failure');
unlike($of_node->('last_failure'), qr/quite wrong/, '[erl-G1] ... without secrets');
$node->safe_psql('postgres', 'CREATE ROLE nobody');
like(error_of($node, "SET ROLE nobody; SELECT * FROM $_"), qr/^42501: /, "[erl-F6] $_ is not for everybody") for qw(erlang_nodes erlang_stats erlang_pending);

$psql->quit;
$node->stop;
done_testing();
