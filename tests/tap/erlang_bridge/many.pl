# [erl-C6] Many calls at once: results and errors by row, and much faster than one by one.
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
my $psql = session($node);
my $many = sub { 'SELECT %s FROM (SELECT * FROM ' . $erl->sql('call_many', @_) . ' ORDER BY n) x' };
my $error = sub { error_of($node, sprintf $_[0], 'count(*)') };

my $mixed = q('[["erlang", "node", []], ["test_node", "crash", ["throw"]], ["lists", "max", [[1, 3, 2]]], ["no_module", "f", []], ["test_node", "echo", [null]]]');
is($psql->query_safe(sprintf($many->($mixed), "n, result, sqlstate, error IS NULL, detail")), <<'END' =~ s/\n\z//r, '[erl-C6] results and errors, a row each');
1|"kv@127.0.0.1"||t|
2||38X01|f|test_node:crash on node "kv@127.0.0.1": "ball".
3|3||t|
4||38X03|f|no_module:f on node "kv@127.0.0.1": "undef".
5|null||t|
END
is($psql->query_safe(sprintf $many->(q('[]')), 'count(*)'), 0, 'no calls are no rows');
for my $calls ('{}', '"x"', '[1]', '[["m"]]', '[["m", "f"]]', '[["m", "f", {}]]', '[[1, "f", []]]', '[["m", "f", [], 1]]', 'null')
{
	my $before = $erl->eval('test_node:count(probe)');
	like($error->($many->("'[" . '["test_node", "count", [{"$atom": "probe"}]],' . " $calls]'")), qr/^22023: /, "[erl-C6] $calls is no call");
	is($erl->eval('test_node:count(probe)'), $before + 1, '... and nothing was called');
}

# The late ones fail, the others do not.
my $sleeping = q('[["test_node", "echo", [1]], ["test_node", "sleep", ["forever"]], ["test_node", "echo", [2]]]');
is($psql->query_safe(sprintf($many->($sleeping, "'3 s'"), 'n, result, sqlstate')), "1|1|\n2||HYT00\n3|2|", '[erl-C6] a late call is one row');
$erl->poll('test_node:sleepers()', 0);

# All of them, and in order, whatever order the answers have.
my $calls = q[(SELECT jsonb_agg(jsonb_build_array('test_node', 'echo', jsonb_build_array(i)) ORDER BY i) FROM generate_series(1, 10000) i)];
is($psql->query_safe(sprintf($many->($calls, "'1 min'"), 'count(*) FILTER (WHERE result = to_jsonb(n)), min(n), max(n)')), '10000|1|10000',
	'[erl-C6] 10,000 calls');
is($psql->query_safe(sprintf($many->($calls, "'1 min'"), 'n') . ' LIMIT 3'), "1\n2\n3", '... of which three are looked at');

$psql->query_safe(<<"END");
CREATE FUNCTION rate_of(n int, query text) RETURNS float8 LANGUAGE plpgsql AS \$\$
DECLARE start timestamptz := clock_timestamp();
BEGIN
	EXECUTE query;
	RETURN n / extract(epoch FROM clock_timestamp() - start);
END \$\$;
END
# How fast small calls are is for ci/bench to say. Calls that sleep 100 ms are at most 10 a second one by one,
# on any machine.
my $naps = "(SELECT jsonb_agg('[\"test_node\", \"sleep\", [100]]'::jsonb) FROM generate_series(1, 400))";
my $rate = $psql->query_safe('SELECT rate_of(400, ' . quoted(sprintf($many->($naps, "'1 min'"), 'count(*)')) . ')');
cmp_ok($rate, '>=', 5 * 10, "[erl-C6] at least 5 times as fast as one by one: $rate instead of 10 a second");

$psql->quit;
$node->stop;
done_testing();
