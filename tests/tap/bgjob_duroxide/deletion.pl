# Deletion of instances, their trees and all they left; what was under way may not bring them back.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Duroxide;
use PgCrew;
use Test::More tests => 13;

my $p = provider();

# delete_all([ids], force): the four counts.
sub delete_all
{
	my ($ids, $force) = @_;
	my $counts = $p->one('delete_instances_atomic', p_instance_ids => $ids, p_force => $force ? 't' : 'f');
	return [ @$counts{qw(instances_deleted executions_deleted events_deleted queue_messages_deleted)} ];
}

sub family
{
	$p->finished('root');
	$p->finished('child', 'Completed', parent_instance_id => 'root');
	$p->finished('sister', 'Failed', parent_instance_id => 'root');
	$p->finished('grandchild', 'Completed', parent_instance_id => 'child');
	return;
}

sub children { return [ $p->rows('list_children', p_instance_id => $_[0]) ] }

runs test_delete_terminal_instances => sub {
	for my $status (qw(Completed Failed))
	{
		$p->finished('a', $status, kv_mutations => [ { action => 'set', key => 'k', value => 'v' } ]);
		$p->finished('b');
		$p->enqueue_work('a', 2);
		$p->enqueue('a', { ExternalRaised => { instance => 'a', name => 'late', data => '1' } });
		is_deeply(delete_all(['a']), [ 1, 1, 1, 2 ], "$status: what was deleted");
		is($p->traces('a'), 0, '... nothing is left of it');
		is($p->traces('b'), 3, '... and all of others');
		delete_all(['b']);
	}
};

runs test_delete_running_rejected_force_succeeds => sub {
	$p->running('a');
	refused(sub { delete_all(['a']) }, undef, qr/is Running/, 'what runs is not deleted');
	is($p->traces('a'), 3, '... nothing of it');
	is_deeply(delete_all([ 'a' ], 1), [ 1, 1, 1, 0 ], 'but by force');
};

runs test_delete_nonexistent_instance => sub {
	is_deeply(delete_all(['nobody']), [ 0, 0, 0, 0 ], 'nothing is deleted');
	refused(sub { $p->one('get_parent_id', p_instance_id => 'nobody') }, undef, qr/Instance not found: nobody/,
		'the question that the runtime asks before fails');
	is_deeply(delete_all([]), [ 0, 0, 0, 0 ], 'an empty list');
};

runs test_delete_cleans_queues_and_locks => sub {
	$p->running('a', worker => [ activity('a', 2) ], messages => [ { TimerFired => { instance => 'a', execution_id => 1, id => 3, fire_at_ms => 4102444800000 } } ]);
	$p->start('a');
	$p->fetch;
	is_deeply(delete_all([ 'a' ], 1), [ 1, 1, 1, 3 ], 'a task, a timer and a message');
	is($p->traces('a'), 0, 'with the lease');
	$p->running('a');
	is($p->one('get_instance_info', p_instance_id => 'a')->{status}, 'Running', 'the name can be used again');
};

runs test_cascade_delete_hierarchy => sub {
	family();
	refused(sub { delete_all(['root']) }, undef, qr/Orphan detected/, 'a root without its children');
	refused(sub { delete_all(['child']) }, undef, qr/Orphan detected/, 'a child without its own');
	is($p->count('instances'), 4, 'nothing has gone');
	is_deeply(delete_all([qw(root child sister grandchild)]), [ 4, 4, 4, 0 ], 'three levels at once');
};

runs test_force_delete_prevents_ack_recreation => sub {
	$p->running('a', worker => [ activity('a', 2) ]);
	$p->start('a');
	my ($item, $task) = ($p->fetch, $p->fetch_work);
	delete_all([ 'a' ], 1);
	refused(sub { $p->ack($item, history => [ event(2, 'TimerCreated') ]) }, undef, qr/Invalid lock token/, 'the turn under way is refused');
	refused(sub { $p->ack_work($task, 'a', completion('a', 2)) }, undef, qr/not found|already|lock token/i, '... and so is an activity');
	is($p->traces('a'), 0, 'and nothing is back');
};

runs test_list_children => sub {
	family();
	same_rows(children('root'), [qw(child sister)], 'direct ones');
	is_deeply(children('child'), ['grandchild'], '... of each');
	is_deeply(children('grandchild'), [], 'none');
	is_deeply(children('nobody'), [], '... of nobody');
};

runs test_delete_get_parent_id => sub {
	family();
	is($p->one('get_parent_id', p_instance_id => 'root'), undef, 'a root has none');
	is($p->one('get_parent_id', p_instance_id => 'grandchild'), 'child', 'a child has one');
	refused(sub { $p->one('get_parent_id', p_instance_id => 'nobody') }, undef, qr/Instance not found: nobody/, 'who is unknown');
};

runs test_delete_get_instance_tree => sub {
	family();
	my @tree = ('root');
	push @tree, @{ children($_) } for @tree;
	same_rows(\@tree, [qw(root child sister grandchild)], 'the root and all below');
};

runs test_delete_instances_atomic => sub {
	$p->finished($_) for qw(a b);
	$p->generations('c', 3, metadata => { status => 'Completed', output => '1' });
	is_deeply(delete_all([qw(a b c nobody)]), [ 3, 5, 5, 0 ], 'the sum of all');
};

runs test_delete_instances_atomic_force => sub {
	$p->finished('a');
	$p->running('b');
	refused(sub { delete_all([qw(a b)]) }, undef, qr/is Running/, 'one that runs keeps all');
	is($p->count('instances'), 2, '... none has gone');
	is(delete_all([qw(a b)], 1)->[0], 2, 'but not by force');
};

runs test_delete_instances_atomic_orphan_detection => sub {
	family();
	my $before = $p->contents;
	refused(sub { delete_all([qw(root child sister)]) }, undef, qr/Orphan detected/, 'a grandchild is missing');
	refused(sub { delete_all([qw(root child sister)], 1) }, undef, qr/Orphan detected/, '... by force as well');
	is($p->contents, $before, 'all is as before');
};

runs test_stale_activity_after_delete_recreate => sub {
	$p->running('a', worker => [ activity('a', 2) ]);
	my $old = $p->fetch_work;
	delete_all([ 'a' ], 1);
	$p->running('a', worker => [ activity('a', 2) ]);
	refused(sub { $p->ack_work($old, 'a', completion('a', 2)) }, undef, qr/not found|already|lock token/i, 'a token of the former life');
	is($p->count('orchestrator_queue'), 0, '... tells the new one nothing');
	is($p->fetch_work->{activity}{id}, 2, '... whose own task is there');
};

$p->node->stop;
