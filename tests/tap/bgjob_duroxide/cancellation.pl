# Activities that are cancelled: their tasks vanish, and whoever does them learns it when renewing the lease.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Duroxide;
use PgCrew;
use Test::More tests => 16;

my $p = provider();

# An instance that has asked for activities 2 and on.
sub asks_for
{
	my ($instance, $count, %o) = @_;
	return $p->running($instance, worker => [ map { activity($instance, $_ + 1) } 1 .. $count ], %o);
}

sub cancelled
{
	my ($instance, @ids) = @_;
	return [ map { { instance => $instance, execution_id => 1, activity_id => $_ } } @ids ];
}

# A task whose instance ended otherwise is still handed out: the runtime asks for the state itself.
sub is_fetched
{
	my ($state) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $item = $p->fetch_work;
	is($item && $item->{activity}{id}, 2, "the task of an instance that $state is handed out");
	is($item->{attempt_count}, 1, '... for the first time');
	return $item;
}

runs test_fetch_returns_running_state_for_active_orchestration => sub {
	asks_for('a', 1);
	is_fetched('runs');
	is($p->one('get_instance_info', p_instance_id => 'a')->{status}, 'Running', 'its state can be asked for');
};

for my $status (qw(Completed Failed ContinuedAsNew))
{
	my $name = $status eq 'ContinuedAsNew' ? 'continued_as_new' : lc $status;
	runs "test_fetch_returns_terminal_state_when_orchestration_$name" => sub {
		asks_for('a', 1, metadata => { status => $status, output => '"ok"' });
		is_fetched("has $status");
		is($p->one('get_execution_info', p_instance_id => 'a', p_execution_id => 1)->{status}, $status, 'its state can be asked for');
	};
}

runs test_fetch_returns_missing_state_when_instance_deleted => sub {
	$p->enqueue_work('gone', 2);
	is_fetched('is not there');
	is_deeply([ $p->rows('get_instance_info', p_instance_id => 'gone') ], [], 'it is not found');
};

runs test_renew_returns_running_when_orchestration_active => sub {
	asks_for('a', 1);
	my $item = $p->fetch_work(lock => 5000);
	$p->renew_work($item, 600);
	$p->pass_time(300);
	is($p->fetch_work, undef, 'the task stays with who renewed it');
};

runs test_renew_returns_terminal_when_orchestration_completed => sub {
	asks_for('a', 1);
	my $item = $p->fetch_work;
	$p->another_turn('a', metadata => { status => 'Completed', output => '"ok"' });
	$p->renew_work($item, 600);
	$p->pass_time(300);
	$p->ack_work($item, 'a', completion('a', 2));
	is($p->count('worker_queue'), 0, 'a task of an instance that has ended can be renewed and acknowledged');
};

runs test_renew_returns_missing_when_instance_deleted => sub {
	$p->enqueue_work('gone', 2);
	my $item = $p->fetch_work;
	$p->renew_work($item, 600);
	$p->pass_time(300);
	is($p->fetch_work, undef, 'a task without an instance can be renewed');
};

runs test_ack_work_item_none_deletes_without_enqueue => sub {
	asks_for('a', 1);
	$p->ack_work($p->fetch_work);
	is($p->count('worker_queue'), 0, 'the task has gone');
	is($p->count('orchestrator_queue'), 0, '... and nobody is told');
};

runs test_cancelled_activities_deleted_from_worker_queue => sub {
	asks_for('a', 3);
	$p->another_turn('a', cancelled => cancelled('a', 3));
	is_deeply($p->fetch_ids, [ 2, 4 ], 'the cancelled one is not there');
};

runs test_ack_work_item_fails_when_entry_deleted => sub {
	asks_for('a', 1);
	my $item = $p->fetch_work;
	$p->another_turn('a', cancelled => cancelled('a', 2));
	refused(sub { $p->ack_work($item, 'a', completion('a', 2)) }, undef, qr/not found|already|lock token/i, 'who did it is refused');
	is($p->count('orchestrator_queue'), 0, '... and has told nobody');
};

runs test_renew_fails_when_entry_deleted => sub {
	asks_for('a', 1);
	my $item = $p->fetch_work;
	$p->renew_work($item, 60);
	$p->another_turn('a', cancelled => cancelled('a', 2));
	refused(sub { $p->renew_work($item, 60) }, undef, qr/Lock token invalid/, 'the renewal fails: the signal');
};

runs test_cancelling_nonexistent_activities_is_idempotent => sub {
	asks_for('a', 1);
	$p->another_turn('a', cancelled => [ @{ cancelled('a', 2, 2, 99) }, @{ cancelled('nobody', 1) } ]);
	is($p->count('worker_queue'), 0, 'it is gone');
	$p->another_turn('a', cancelled => cancelled('a', 2));
	pass('again');
};

runs test_batch_cancellation_deletes_multiple_activities => sub {
	asks_for('a', 5);
	asks_for('b', 1);
	$p->another_turn('a', cancelled => cancelled('a', 2 .. 5));
	is_deeply($p->fetch_ids, [ 6, 2 ], 'four in one acknowledgement, those of others stay');
};

runs test_same_activity_in_worker_items_and_cancelled_is_noop => sub {
	$p->running('a', worker => [ activity('a', 2), activity('a', 3) ], cancelled => cancelled('a', 2));
	is_deeply($p->fetch_ids, [3], 'what is asked for and cancelled at once never was');
};

runs test_orphan_activity_after_instance_force_deletion => sub {
	asks_for('a', 1);
	asks_for('b', 1);
	my $item = $p->fetch_work;
	$p->one('delete_instances_atomic', p_instance_ids => ['a'], p_force => 't');
	refused(sub { $p->ack_work($item, 'a', completion('a', 2)) }, undef, qr/not found|already|lock token/i, 'a late completion is refused');
	is($p->traces('a'), 0, 'and leaves nothing');
	my $other = $p->fetch_work;
	is($other->{activity}{instance}, 'b', 'the queue goes on');
	$p->ack_work($other, 'b', completion('b', 2));
	is($p->fetch->{instance_id}, 'b', '... and so does the other one');
};

$p->node->stop;
