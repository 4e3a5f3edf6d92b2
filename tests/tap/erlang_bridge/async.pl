# Asynchronous calls: who gets a result, how often, for how long, and how many there can be.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ErlangNode;
use PgCrew;
use Test::More;

my $erl = ErlangNode->new('kv');
my $node = bridge_node();
add_node($node, $erl);
my $value = sub { $node->safe_psql('postgres', join "\n", @_) };
my $error = sub { error_of($node, join "\n", @_) };
my $async = sub { 'SELECT ' . $erl->sql('call_async', @_) };

# ---- the three functions ---------------------------------------------------------------------------
my $id = $value->($async->("'erlang', 'node'"));
like($id, qr/^[1-9]\d*$/, '[erl-C1] a call has a number');
is($value->("SELECT erlang_result($id)"), '"kv@127.0.0.1"', '[erl-C1] its result, in another session of the role [erl-C2]');
my $taken = $error->("SELECT erlang_result($id)") =~ s/\b$id\b/N/r;
like($taken, qr/^55000: /, '[erl-C2] a result is taken once');

$id = $value->($async->("'test_node', 'sleep'", q('["forever"]'), "'1 min'"));
$erl->poll('test_node:sleepers()', 1);
like($error->("SELECT erlang_result($id, '50 ms')"), qr/^HYT00: .* has not ended yet/, '[erl-C1] a result that is not there yet');
is($value->("SELECT erlang_cancel($id)"), 't', '[erl-C1] cancelled');
$erl->poll('test_node:sleepers()', 0);
is($value->("SELECT erlang_cancel($id)"), 'f', '[erl-C1] and once only');

# Who waits for a call that another session cancels learns of it, however long it would have waited.
$id = $value->($async->("'test_node', 'sleep'", q('["forever"]'), "'1 h'"));
my $waiter = session($node);
my $waiting = backend_pid($waiter);
run_in_background($waiter, "SELECT erlang_result($id, '1 h')");
wait_until_blocked($node, $waiting);
is($value->("SELECT erlang_cancel($id)"), 't', 'a call is cancelled while another session waits for its result');
$waiter->query('SELECT 1');
like($waiter->{stderr}, qr/ERROR:  asynchronous call $id has no result any more/, '... which is told at once');
$waiter->{stderr} = '';
$waiter->quit;
$erl->poll('test_node:sleepers()', 0);

my $late = $value->($async->("'test_node', 'sleep'", q('["forever"]'), "'100 ms'"));
like($error->("SELECT erlang_result($late, '30 s')"), qr/^HYT00: .* did not answer in time/, 'a call that is late has that as its result');
my $failed = $value->($async->("'test_node', 'crash'", q('["throw"]')));
like($error->("SELECT erlang_result($failed)"), qr/^38X01: .*ball/s, 'so has one that failed');

# ---- roles -----------------------------------------------------------------------------------------
$value->('CREATE ROLE alice IN ROLE erlang_call; CREATE ROLE bob IN ROLE erlang_call; GRANT erlang_call TO alice, bob;',
	"SELECT erlang_grant(r, '" . $erl->name . "', '*:*') FROM unnest('{alice,bob}'::regrole[]) r;");
$id = $value->('SET ROLE alice;', $async->("'erlang', 'node'"));
is($error->("SET ROLE bob;\nSELECT erlang_result($id)") =~ s/\b$id\b/N/r, $taken, "[erl-C2] another role's number is as one whose result is gone");
for my $never_given (0, -1, $id + 1000000, '9223372036854775807')
{
	like($error->("SELECT erlang_result($never_given, '1 s')"), qr/^42704: /, "... and $never_given, which was never given, does not exist");
}
is($value->("SET ROLE bob;", "SELECT erlang_cancel($id)"), 'f', '[erl-C2] it cannot be cancelled');
is($value->("SET ROLE bob;", 'SELECT count(*) FROM erlang_pending'), 0, '[erl-C2] nor seen');
is($value->("SET ROLE alice;", 'SELECT count(*) FROM erlang_pending'), 1, '[erl-C5] its owner sees it');
is($value->("SET ROLE alice;", "SELECT erlang_result($id)"), '"kv@127.0.0.1"', '[erl-C2] and takes it');

# ---- limits ----------------------------------------------------------------------------------------
my $limited = "SET erlang_bridge.max_requests_per_role = 20;";
like($error->($limited, $async->("'test_node', 'sleep'", q('["forever"]'), "'1 min'") . ' FROM generate_series(1, 21)'), qr/^53400: /,
	'[erl-C3] more than a role may have pending');
$value->('SELECT erlang_cancel(id) FROM erlang_pending');
$erl->poll('test_node:sleepers()', 0);
poll_sql($node, 'SELECT count(*) = 0 FROM erlang_pending');
is($value->($limited, 'SELECT count(erlang_result(id)) FROM (' . $async->("'erlang', 'node'") . ' AS id FROM generate_series(1, 20)) x'), 20,
	'[erl-C3] and then there is room again');

$node->append_conf('postgresql.conf', "erlang_bridge.result_memory = '4MB'");
$node->reload;
poll_sql($node, 'SHOW erlang_bridge.result_memory', '4MB');
my $big = $async->("'test_node', 'big'", "'[1000000]'");
my @big = map { $value->($big) } 1 .. 8;
poll_sql($node, "SELECT count(*) = 0 FROM erlang_pending WHERE state NOT IN ('done', 'finished')");
my @outcomes = map { $error->("SELECT length(erlang_result($_)::text)") } @big;
my $kept = grep { $_ eq '' } @outcomes;
ok($kept >= 2 && $kept <= 4, "[erl-C3] 4 MB keep $kept results of 1 MB");
is(scalar(grep { /^53400: / } @outcomes), 8 - $kept, '[erl-C3] the others ended with 53400') || diag(join "\n", @outcomes);

# ---- expiry ----------------------------------------------------------------------------------------
$node->append_conf('postgresql.conf', "erlang_bridge.result_retention = '1s'");
$node->reload;
poll_sql($node, 'SHOW erlang_bridge.result_retention', '1s');
$id = $value->($async->("'erlang', 'node'"));
poll_sql($node, 'SELECT count(*) = 0 FROM erlang_pending');
my $expired = $error->("SELECT erlang_result($id)");
like($expired, qr/^55000: .* has no result any more/, '[erl-C4] a result that nobody takes expires, which is told apart from a number that was never given');

my ($last) = $value->($async->("'erlang', 'node'"));
$node->restart;
like($error->("SELECT erlang_result($last)"), qr/^08006: .* was lost/, '[erl-D7] a restart loses what was pending');
cmp_ok($value->($async->("'erlang', 'node'")), '>', $last, '[erl-C4] and numbers are not given again');

$node->stop;
done_testing();
