# Big replies beside small calls: all come whole, the small ones are not starved, and the memory is given back.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ErlangNode;
use PgCrew;
use Test::More;

use Time::HiRes qw(time);

my $erl = ErlangNode->new('kv');
my $node = bridge_node(conf => "erlang_bridge.max_term_size = '128MB'\nerlang_bridge.connections_per_node = 2\nerlang_bridge.result_memory = '1GB'");
add_node($node, $erl);
my @big = map { session($node) } 1 .. 4;
my $psql = session($node);
$psql->query_safe('SELECT ' . $erl->sql('connect'));
my ($worker) = bridge_workers($node);
my $before = memory_of($worker);

for my $case ([10_000_000, 20], [100_000_000, 3])
{
	my ($size, $times) = @$case;
	my $call = $erl->sql('call', "'test_node', 'big'", "'[$size]'", "'2 min'");
	run_in_background($_, "SELECT count(*) FILTER (WHERE length($call #>> '{}') = $size) || ' whole' FROM generate_series(1, $times) i") for @big;
	my (@took, $ended);
	until ($ended)
	{
		my $start = time;
		is($psql->query_safe('SELECT ' . $erl->sql('call', "'erlang', 'node'", "'[]'", "'1 min'")), '"kv@127.0.0.1"', 'a small call') if !@took;
		$psql->query_safe('SELECT ' . $erl->sql('call', "'erlang', 'node'", "'[]'", "'1 min'"));
		push @took, time - $start;
		$ended = $psql->query_safe("SELECT count(*) = 0 FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND query LIKE '%whole%'") eq 't';
	}
	is(scalar(grep { $_->query('SELECT 1') =~ /^$times whole$/m } @big), 4, "[erl-B8] replies of $size bytes are whole");
	cmp_ok(median(@took), '<', 4, sprintf 'small calls beside them: %d, median %.0f ms, longest %.0f ms', scalar(@took), 1000 * median(@took),
		1000 * (sort { $b <=> $a } @took)[0]);
}
my $large = 'jsonb_build_array(repeat(\'x\', 50000000))';
is($psql->query_safe('SELECT length(' . $erl->sql('call', "'test_node', 'echo'", $large, "'2 min'") . "#>> '{}')"), 50000000, '50 MB there and back');
like(error_of($node, 'SELECT length(' . $erl->sql('call', "'test_node', 'big'", "'[140000000]'", "'2 min'") . "#>> '{}')"), qr/^53400: |^54/,
	'[erl-B8] more than the limit is an error');
is($psql->query_safe('SELECT ' . $erl->sql('call', "'erlang', 'node'", "'[]'", "'1 min'")), '"kv@127.0.0.1"', '... of that call alone');
poll_until(sub { memory_of($worker) - $before < 64 * 2**20 }, '[erl-E5] the worker gives the memory back')
  && pass('[erl-E5] the worker gives the memory back');

$_->quit for @big, $psql;
$node->stop;
done_testing();
