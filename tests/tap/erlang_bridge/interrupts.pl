# [erl-A6] A cancel, statement_timeout and pg_terminate_backend end every wait within 100 ms, and the process of the
# call is gone within a second. Times are medians: the machine has other work, too.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ErlangNode;
use PgCrew;
use Test::More;

use Time::HiRes qw(time usleep);

my $erl = ErlangNode->new('kv');
my $stopped = ErlangNode->new('stopped');
my $node = bridge_node(conf => "erlang_bridge.call_timeout = '1min'\nerlang_bridge.connect_timeout = '1min'");
add_node($node, $_) for $erl, $stopped;
$node->safe_psql('postgres', <<'END');
CREATE FUNCTION interrupted_at(call text) RETURNS float8 LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE call;
	RAISE EXCEPTION 'not interrupted';
EXCEPTION WHEN query_canceled THEN
	RETURN extract(epoch FROM clock_timestamp());
END $$;
END
$erl->eval("register(deaf, spawn(fun() -> receive never -> ok end end))");
$stopped->signal('STOP');

my $killer = session($node);
my $psql = session($node);
my $pid = backend_pid($psql);
my $pending = $psql->query_safe('SELECT ' . $erl->sql('call_async', "'test_node', 'sleep'", q('["forever"]'), "'1 h'"));

my @sleep = ("'test_node', 'sleep'", q('["forever"]'));
my %waits = (
	'a call' => $erl->sql('call', @sleep),
	'a gen_call' => $erl->sql('gen_call', "'deaf'", "'1'"),
	'a result' => "erlang_result($pending)",
	'connecting' => $stopped->sql('connect'),
	'a call that connects' => $stopped->sql('call', "'erlang', 'node'"),
	'health' => $stopped->sql('health'));
my %queries = map { $_ => "SELECT $waits{$_}" } keys %waits;
$queries{'many calls'} = 'SELECT * FROM ' . $erl->sql('call_many', q('[["erlang", "node", []], ["test_node", "sleep", ["forever"]]]'));

for my $what (sort keys %queries)
{
	my @late;
	for (1 .. 5)
	{
		run_in_background($psql, 'SELECT interrupted_at(' . quoted($queries{$what}) . ')');
		wait_until_blocked($node, $pid);
		my $sent = $killer->query_safe("SELECT extract(epoch FROM clock_timestamp()) FROM pg_cancel_backend($pid)");
		push @late, 1000 * ($psql->query_safe('SELECT 0') =~ s/\s.*//sr - $sent);
	}
	cmp_ok(undisturbed(@late), '<', allowed(100), "[erl-A6] a cancel ends $what within 100 ms");
	is($psql->query_safe('SELECT 1'), 1, '... and the session goes on');
}
$erl->poll('test_node:sleepers()', 1);
pass('[erl-A6] one process is left soon after: that of the asynchronous call');

for my $what (sort keys %queries)
{
	my @late;
	for my $query ($queries{$what}, ("SELECT 1000 * (interrupted_at(" . quoted($queries{$what}) . ') - extract(epoch FROM statement_timestamp())) - 50') x 5)
	{
		$psql->{stderr} = '';
		$psql->query_safe("SET statement_timeout = '50ms'");
		my $late = $psql->query($query);
		$query eq $queries{$what}
		  ? like($psql->{stderr}, qr/canceling statement due to statement timeout/, "statement_timeout ends $what")
		  : push @late, $late;
		# Which may end this very statement.
		poll_until(sub { $psql->query("RESET statement_timeout;\nSHOW statement_timeout") eq '0' }, 'no timeout any more');
	}
	$psql->{stderr} = '';
	cmp_ok(undisturbed(@late), '<', allowed(100), '[erl-A6] ... within 100 ms');
}

for my $what (sort keys %queries)
{
	my @late;
	for (1 .. 5)
	{
		my $victim = session($node);
		my $victim_pid = backend_pid($victim);
		run_in_background($victim, $queries{$what});
		wait_until_blocked($node, $victim_pid);
		$killer->query_safe("SELECT pg_terminate_backend($victim_pid)");
		my $sent = time;
		usleep(2_000) while kill(0, $victim_pid) && time < $sent + 20;
		push @late, 1000 * (time - $sent);
		eval { $victim->quit };
	}
	cmp_ok(undisturbed(@late), '<', allowed(100), "[erl-A6] pg_terminate_backend ends $what within 100 ms");
}
$erl->poll('test_node:sleepers()', 1);
pass('[erl-A6] one process is left soon after');

$_->quit for $psql, $killer;
$stopped->signal('CONT');
$node->stop;
done_testing();
