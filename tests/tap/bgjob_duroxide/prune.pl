# Old generations are forgotten: never the current one, nor one that runs.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Duroxide;
use PgCrew;
use Test::More tests => 4;

my $p = provider();

# Generations 1 to 4, of which n ended n * 100 seconds after 1970.
sub four
{
	my ($instance) = @_;
	$p->generations($instance, 4);
	$p->sql("UPDATE flow.executions SET completed_at = to_timestamp(execution_id * 100) WHERE instance_id = '$instance' AND status <> 'Running'");
	return;
}

sub prune
{
	my ($instance, $keep, $before) = @_;
	my $counts = $p->one('prune_executions', p_instance_id => $instance, p_keep_last => $keep, p_completed_before_ms => $before);
	return [ @$counts{qw(instances_processed executions_deleted events_deleted)} ];
}

sub generations { return join ' ', $p->rows('list_executions', p_instance_id => $_[0]) }

# Of instances that the runtime finds in the tables: sums of the counts.
sub prune_bulk
{
	my ($ids, $limit, $keep) = @_;
	my $where = $ids ? 'i.instance_id IN (' . join(', ', map { "'$_'" } @$ids) . ')' : 'true';
	my @sum = (0) x 3;
	for my $instance (split /\n/, $p->sql("SELECT i.instance_id FROM flow.instances i LEFT JOIN flow.executions e
		ON i.instance_id = e.instance_id AND i.current_execution_id = e.execution_id WHERE $where LIMIT $limit"))
	{
		my $counts = prune($instance, $keep);
		$sum[$_] += $counts->[$_] for 0 .. 2;
	}
	return \@sum;
}

runs test_prune_options_combinations => sub {
	my @cases = ([ 2, undef, '3 4' ], [ 3, undef, '2 3 4' ], [ 9, undef, '1 2 3 4' ], [ undef, 250000, '3 4' ], [ undef, 100000, '1 2 3 4' ],
		[ 2, 150000, '2 3 4' ], [ 3, 999999, '2 3 4' ], [ undef, undef, '4' ]);
	for my $case (@cases)
	{
		my ($keep, $before, $left) = @$case;
		$p->forget_all;
		four('a');
		my $gone = 4 - split / /, $left;
		my $what = sprintf 'keep %s, before %s', map { $_ // 'any' } $keep, $before;
		is_deeply(prune('a', $keep, $before), [ 1, $gone, $gone ], $what);
		is(generations('a'), $left, "... leaves $left");
		is($p->count('history'), 4 - $gone, '... with their histories');
	}
};

runs test_prune_safety => sub {
	for my $keep (undef, 0, 1)
	{
		$p->forget_all;
		four('a');
		prune('a', $keep);
		is(generations('a'), '4', 'keep ' . ($keep // 'none') . ': the current one stays');
	}
	$p->forget_all;
	$p->finished('a');
	is_deeply(prune('a', 0), [ 1, 0, 0 ], 'also when it has ended');
	four('b');
	$p->sql("UPDATE flow.executions SET status = 'Running' WHERE instance_id = 'b' AND execution_id = 2");
	prune('b', 0);
	is(generations('b'), '2 4', 'nor is one forgotten that runs');
	refused(sub { prune('nobody', 1) }, undef, qr/not found/i, 'an instance that there is not');
};

runs test_prune_bulk => sub {
	four($_) for qw(a b c);
	is_deeply(prune_bulk([qw(a nobody)], 1000, 2), [ 1, 2, 2 ], 'some');
	is_deeply([ map { generations($_) } qw(a b) ], [ '3 4', '1 2 3 4' ], '... and no others');
	is(prune_bulk(undef, 2, 1)->[0], 2, 'a limit');
	is_deeply(prune_bulk(undef, 1000, 1)->[0], 3, 'all');
	is($p->count('executions'), 3, '... which leaves one of each');
};

runs test_prune_bulk_includes_running_instances => sub {
	four('eternal');
	is($p->one('get_instance_info', p_instance_id => 'eternal')->{status}, 'Running', 'an instance that never ends');
	is_deeply(prune_bulk(undef, 1000, 1), [ 1, 3, 3 ], 'loses its old generations');
	$p->another_turn('eternal', execution => 4);
	is(generations('eternal'), '4', '... and goes on');
};

$p->node->stop;
