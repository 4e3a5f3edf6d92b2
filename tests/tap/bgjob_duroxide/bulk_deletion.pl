# Deletion of many instances. The runtime looks for them in the tables itself and deletes each root with its tree.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Duroxide;
use PgCrew;
use Test::More tests => 4;

my $p = provider();

# The instance and all below it, as the runtime finds them.
sub tree_of
{
	my ($root) = @_;
	return ($root, map { tree_of($_) } $p->rows('list_children', p_instance_id => $root));
}

# delete_bulk(ids => [], before => ms, limit => n): the four counts.
sub delete_bulk
{
	my (%filter) = @_;
	my $query = 'SELECT i.instance_id FROM flow.instances i LEFT JOIN flow.executions e
		ON i.instance_id = e.instance_id AND i.current_execution_id = e.execution_id
		WHERE i.parent_instance_id IS NULL AND e.status IN (\'Completed\', \'Failed\', \'ContinuedAsNew\')';
	$query .= ' AND i.instance_id IN (' . join(', ', map { "'$_'" } @{ $filter{ids} }) . ')' if $filter{ids};
	$query .= " AND e.completed_at < to_timestamp($filter{before} / 1000.0)" if defined $filter{before};
	my @sum = (0) x 4;
	for my $root (split /\n/, $p->sql($query . ' LIMIT ' . ($filter{limit} // 1000)))
	{
		my $counts = $p->one('delete_instances_atomic', p_instance_ids => [ tree_of($root) ], p_force => 'f');
		my @counts = @$counts{qw(instances_deleted executions_deleted events_deleted queue_messages_deleted)};
		$sum[$_] += $counts[$_] for 0 .. 3;
	}
	return \@sum;
}

# When the instance has ended, in ms.
sub ended
{
	my ($instance, $seconds_ago) = @_;
	$p->finished($instance);
	$p->sql("UPDATE flow.executions SET completed_at = to_timestamp(2000000000 - $seconds_ago) WHERE instance_id = '$instance'");
	return (2000000000 - $seconds_ago) * 1000;
}

runs test_delete_instance_bulk_filter_combinations => sub {
	my %at = map { ("i$_" => ended("i$_", 10 * $_)) } 1 .. 5;
	is_deeply(delete_bulk(ids => [qw(none nobody)]), [ 0, 0, 0, 0 ], 'ids that nobody has');
	is_deeply(delete_bulk(ids => [qw(i1 i5)], before => $at{i3}), [ 1, 1, 1, 0 ], 'ids and time: both must hold');
	is($p->count('instances', "instance_id = 'i5'"), 0, '... for the one that has gone');
	is_deeply(delete_bulk(ids => [qw(i1 none)]), [ 1, 1, 1, 0 ], 'ids alone');
	is_deeply(delete_bulk(before => $at{i3}), [ 1, 1, 1, 0 ], 'time alone');
	is_deeply(delete_bulk(), [ 2, 2, 2, 0 ], 'no filter');
	is($p->count('instances'), 0, 'nothing is left');
};

runs test_delete_instance_bulk_safety_and_limits => sub {
	$p->running('runs');
	$p->finished("i$_") for 1 .. 5;
	is_deeply(delete_bulk(ids => ['runs']), [ 0, 0, 0, 0 ], 'what runs is skipped');
	is(delete_bulk(limit => 2)->[0], 2, 'a limit');
	is(delete_bulk(limit => 2)->[0], 2, '... again');
	is(delete_bulk(limit => 2)->[0], 1, '... until nothing is left');
	is(delete_bulk(limit => 2)->[0], 0, '... and then nothing');
	is($p->sql('SELECT instance_id FROM flow.instances'), 'runs', 'but what runs');
};

runs test_delete_instance_bulk_completed_before_filter => sub {
	my $at = ended('a', 100);
	is(delete_bulk(before => $at - 1)->[0], 0, 'a time before its end');
	is(delete_bulk(before => $at)->[0], 0, 'that very time');
	is(delete_bulk(before => $at + 1)->[0], 1, 'a time after its end');
};

runs test_delete_instance_bulk_cascades_to_children => sub {
	$p->finished('root');
	$p->finished('child', 'Completed', parent_instance_id => 'root');
	$p->finished('grandchild', 'Failed', parent_instance_id => 'child');
	$p->finished('other');
	is_deeply(delete_bulk(ids => ['root']), [ 3, 3, 3, 0 ], 'descendants go along and count');
	is($p->sql('SELECT instance_id FROM flow.instances'), 'other', 'others stay');
};

$p->node->stop;
