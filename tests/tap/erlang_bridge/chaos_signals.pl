# [erl-E7] A storm of signals to the session and to the worker: a long call takes its time, and a timeout is not shortened by them.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ErlangNode;
use PgCrew;
use Test::More;

use Time::HiRes qw(time usleep);

my $erl = ErlangNode->new('kv');
my $node = bridge_node();
add_node($node, $erl);
my $psql = session($node);
my $pid = backend_pid($psql);
$psql->query_safe('SELECT ' . $erl->sql('connect'));
my ($worker) = bridge_workers($node);
my $postmaster = (split /\n/, PostgreSQL::Test::Utils::slurp_file($node->data_dir . '/postmaster.pid'))[0];

# Until the session is idle again; returns how many signals were sent.
my $looker = session($node);
sub storm
{
	my $sent = 0;
	while ($looker->query_safe("SELECT state = 'active' FROM pg_stat_activity WHERE pid = $pid") eq 't')
	{
		for (1 .. 200)
		{
			$sent += kill('USR1', $pid, $worker);
			$sent += kill('HUP', $pid, $worker) if $_ % 10 == 0;
			usleep(200);
		}
	}
	return $sent;
}

run_in_background($psql, 'SELECT ' . $erl->sql('call', "'test_node', 'sleep'", "'[3000]'", "'1 min'"));
$erl->poll('test_node:sleepers()', 1);
my $sent = storm();
like($psql->query('SELECT 1'), qr/^"slept"$/m, "[erl-E7] a call of 3 s ends well under $sent signals");
cmp_ok($sent, '>', 200, '... and it was a storm');

my $start = time;
run_in_background($psql, 'SELECT ' . $erl->sql('call', "'test_node', 'sleep'", q('["forever"]'), "'3 s'"));
$erl->poll('test_node:sleepers()', 1);
storm();
$psql->query('SELECT 1');
my $took = time - $start;
like($psql->{stderr}, qr/did not answer in time/, '[erl-E7] a call that is late');
ok($took > 2.9 && $took < 30, sprintf '[erl-E7] ... is so after 3 s, not before: %.1f', $took);
$psql->{stderr} = '';

run_in_background($psql, 'SELECT count(' . $erl->sql('call', "'test_node', 'echo'", 'jsonb_build_array(i)') . ') FROM generate_series(1, 20000) i');
storm();
like($psql->query('SELECT 1'), qr/^20000$/m, '[erl-E7] 20,000 calls under signals');
run_in_background($psql, 'SELECT sum(length(' . $erl->sql('call', "'test_node', 'big'", "'[10000000]'", "'1 min'") . "::text)) FROM generate_series(1, 10) i");
storm();
like($psql->query('SELECT 1'), qr/^100000020$/m, '[erl-E7] and big ones');

is(kill(0, $postmaster), 1, 'the server lives');
is(join(' ', bridge_workers($node)), $worker, 'so does the worker');
is(backend_pid($psql), $pid, 'and the session');
is($erl->eval('length(nodes(hidden))'), 1, 'and the connection');

$_->quit for $psql, $looker;
$node->stop;
done_testing();
