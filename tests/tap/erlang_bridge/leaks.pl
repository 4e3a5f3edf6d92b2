# [erl-E5] Calls that fail, in whatever way, leave nothing behind: memory, descriptors and slots are as before.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ErlangNode;
use PgCrew;
use Test::More;

my $erl = ErlangNode->new('kv');
my $node = bridge_node(conf => 'erlang_bridge.max_requests = 100');
add_node($node, $erl);
my $psql = session($node);
my $pid = backend_pid($psql);
$psql->query_safe('SELECT ' . $erl->sql('connect'));
my ($worker) = bridge_workers($node);
like($worker, qr/^\d+$/, 'there is one worker');

sub descriptors { return scalar(() = glob("/proc/$_[0]/fd/*")); }

my $loop = <<'END';
DO $$
BEGIN
	FOR i IN 1..%d LOOP
		BEGIN
			%s;
			RAISE EXCEPTION 'no error';
		EXCEPTION WHEN SQLSTATE '%s' THEN
		END;
	END LOOP;
END $$
END
my $perform = sub { 'PERFORM ' . $erl->sql(@_) };
my $taken = $psql->query_safe('SELECT ' . $erl->sql('call_async', "'erlang', 'node'"));
$psql->query_safe("SELECT erlang_result($taken)");
my %failures = (
	'functions that throw' => [5000, '38X01', $perform->('call', "'test_node', 'crash'", q('["throw"]'))],
	'functions that there are not' => [5000, '38X03', $perform->('call', "'test_node', 'f'")],
	'no arguments' => [5000, '22023', $perform->('call', "'erlang', 'node'", "'{}'")],
	'calls that are late' => [1000, 'HYT00', $perform->('call', "'test_node', 'sleep'", q('["forever"]'), "'2 ms'")],
	'many calls of which one is none' => [1000, '22023', 'PERFORM * FROM ' . $erl->sql('call_many', q('[["erlang", "node", []], 1]'))],
	'an unknown node' => [5000, '08001', "PERFORM erlang_call('unknown\@127.0.0.1', 'erlang', 'node')"],
	'a result that was taken' => [1000, '55000', "PERFORM erlang_result($taken)"],
	'results of calls that fail' => [1000, '38X01', 'PERFORM erlang_result(' . $erl->sql('call_async', "'test_node', 'crash'", q('["throw"]')) . ')'],
	'rows that are not fetched' => [1000, '22012', "PERFORM * FROM (SELECT n, 1 / (2 - n) FROM "
		. $erl->sql('call_many', q('[["erlang", "node", []], ["erlang", "node", []], ["erlang", "node", []]]')) . ') x']);

for my $what (sort keys %failures)
{
	my ($count, $state, $statement) = @{ $failures{$what} };
	$psql->query_safe(sprintf $loop, 300, $statement, $state);
	my @before = ((map { memory_of($_) } $pid, $worker), (map { descriptors($_) } $pid, $worker));
	$psql->query_safe(sprintf $loop, 500, $statement, $state) for 1 .. $count / 500; # each in time where all is slow
	my @after = ((map { memory_of($_) } $pid, $worker), (map { descriptors($_) } $pid, $worker));
	cmp_ok(($after[0] - $before[0]) / $count, '<', 64, "[erl-E5] $what: the session does not grow");
	cmp_ok(($after[1] - $before[1]) / $count, '<', 64, '[erl-E5] ... nor does the worker');
	is("@after[2,3]", "@before[2,3]", '[erl-E5] ... and as many descriptors are open');
}
is($node->safe_psql('postgres', 'SELECT count(*) FROM erlang_pending'), 0, '[erl-E5] no request is left');
$erl->poll('test_node:sleepers()', 0);

# A cursor that is closed early, and a transaction that fails with one open.
$psql->query_safe('BEGIN; DECLARE c CURSOR FOR SELECT * FROM '
	  . $erl->sql('call_many', q('[["erlang", "node", []], ["erlang", "node", []]]')) . '; FETCH 1 FROM c; CLOSE c; COMMIT') for 1 .. 200;
$psql->query('BEGIN; DECLARE c CURSOR FOR SELECT * FROM '
	  . $erl->sql('call_many', q('[["erlang", "node", []], ["erlang", "node", []]]')) . '; FETCH 1 FROM c; SELECT 1/0; COMMIT') for 1 .. 200;
$psql->{stderr} = '';

# 100 slots are what the server has: were any lost, these would find none.
is($psql->query_safe('SELECT count(erlang_result(id)) FROM (SELECT ' . $erl->sql('call_async', "'erlang', 'node'")
		. ' AS id FROM generate_series(1, 95)) x'), 95, '[erl-E5] no slot is lost');

$psql->quit;
$node->stop;
done_testing();
