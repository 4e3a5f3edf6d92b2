# Calls that are cancelled and sessions that are terminated at any moment: nothing goes on at the node, nothing is lost here.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ErlangNode;
use PgCrew;
use Test::More;

use Time::HiRes qw(time usleep);

my $erl = ErlangNode->new('kv');
my $node = bridge_node(conf => "erlang_bridge.max_requests = 100");
add_node($node, $erl);
my $killer = session($node);
my $psql = session($node);
my $pid = backend_pid($psql);
srand(7);

my $forever = $erl->sql('call', "'test_node', 'sleep'", q('["forever"]'), "'5 min'");
my %statements = (
	'a call' => "SELECT $forever",
	'many calls' => 'SELECT * FROM ' . $erl->sql('call_many', q('[["test_node", "sleep", ["forever"]], ["erlang", "node", []], ["test_node", "sleep", ["forever"]]]'), "'5 min'"),
	'calls one after the other' => 'SELECT count(' . $erl->sql('call', "'test_node', 'sleep'", 'jsonb_build_array(i % 2)', "'5 min'") . ') FROM generate_series(1, 1000000) i',
	'connecting' => 'SELECT count(' . $erl->sql('disconnect') . '), count(' . $erl->sql('connect') . ') FROM generate_series(1, 1000000) i');

my $canceled = 0;
for my $round (1 .. 1000)
{
	my @names = sort keys %statements;
	run_in_background($psql, $statements{ $names[ rand @names ] });
	usleep(rand 5000);
	# A cancel that comes between two statements is lost: again until it has met one.
	my $deadline = time + 20;
	until ($psql->{stderr} =~ /canceling statement/ || time > $deadline)
	{
		$killer->query_safe("SELECT pg_cancel_backend($pid)");
		$psql->{run}->pump_nb;
	}
	$canceled++ if $psql->{stderr} =~ /canceling statement/;
	$psql->{stderr} = '';
	my $answer = $psql->query('SELECT 1');
	redo_select($psql) if $answer ne '1';
}
is($canceled, 1000, '[erl-A6] 1,000 statements were cancelled');
$erl->poll('test_node:sleepers()', 0);
pass('[erl-A6] no process is left at the node soon after');

# The answer of a statement that a late cancel met is asked for again.
sub redo_select
{
	my ($session) = @_;
	$session->{stderr} = '';
	return poll_until(sub { $session->query('SELECT 1') eq '1' }, 'the session goes on');
}

my $processes = $erl->eval('erlang:system_info(process_count)');
for my $round (1 .. 200)
{
	my $victim = session($node);
	my $victim_pid = backend_pid($victim);
	my @names = sort keys %statements;
	run_in_background($victim, $statements{ $names[ rand @names ] });
	usleep(rand 5000);
	$killer->query_safe("SELECT pg_terminate_backend($victim_pid)");
	my $sent = time;
	usleep(1000) while kill(0, $victim_pid) && time < $sent + 20;
	fail("round $round: the session has not ended") if kill(0, $victim_pid);
	eval { $victim->quit };
}
pass('[erl-A6] 200 sessions were terminated');
$erl->poll('test_node:sleepers()', 0);
pass('[erl-A6] no process of theirs is left soon after');
cmp_ok($erl->eval('erlang:system_info(process_count)'), '<=', $processes + 5, '... nor any other');

poll_sql($node, 'SELECT count(*) = 0 FROM erlang_pending');
is($psql->query_safe('SELECT count(erlang_result(id)) FROM (SELECT ' . $erl->sql('call_async', "'erlang', 'node'")
		. ' AS id FROM generate_series(1, 95)) x'), 95, '[erl-E5] no slot is lost');

$_->quit for $killer, $psql;
$node->stop;
done_testing();
