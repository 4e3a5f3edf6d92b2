# The two queues.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Duroxide;
use PgCrew;
use Test::More tests => 8;

my $p = provider();

runs test_worker_queue_fifo_ordering => sub {
	$p->enqueue_work('a', $_) for 5, 3, 4;
	$p->running('b', worker => [ map { activity('b', $_) } 9, 7, 8 ]);
	is_deeply($p->fetch_ids, [ 5, 3, 4, 9, 7, 8 ], 'in the order in which they came');
};

runs test_worker_peek_lock_semantics => sub {
	$p->enqueue_work('a', 2);
	my $item = $p->fetch_work;
	is($p->count('worker_queue'), 1, 'a task that is handed out is still there');
	is($p->fetch_work, undef, '... but for nobody else');
	$p->ack_work($item, 'a', completion('a', 2));
	is($p->count('worker_queue'), 0, '... until it is done');
};

runs test_worker_ack_atomicity => sub {
	$p->enqueue_work('a', 2);
	my $item = $p->fetch_work;
	refused(sub { $p->ack_work($item, undef, completion('a', 2)) }, undef, qr/p_instance_id|instance/, 'a completion for nobody');
	is($p->count('worker_queue'), 1, 'the task is there');
	is($p->count('orchestrator_queue'), 0, '... and no message');
	$p->ack_work($item, 'a', completion('a', 2));
	is($p->count('worker_queue'), 0, 'with somebody it has gone');
	is_deeply($p->fetch->{messages}, [ completion('a', 2) ], '... and the message is there');
};

runs test_timer_delayed_visibility => sub {
	my $now = $p->sql("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint");
	my @timers = map { { TimerFired => { instance => 'a', execution_id => 1, id => $_->[0], fire_at_ms => $_->[1] } } } [ 2, $now + 3600000 ], [ 3, $now + 60000 ];
	$p->running('a', messages => \@timers);
	is($p->fetch, undef, 'a timer is not there before its time');
	$p->pass_time(61);
	is_deeply([ map { $_->{TimerFired}{id} } @{ $p->fetch->{messages} } ], [3], '... and then alone');
	$p->enqueue('b', start_message('b'), 300);
	is($p->fetch, undef, 'so is a message of later');
	my $item;
	poll_until(sub { $item = $p->fetch }, 'the message of later');
	is($item->{instance_id}, 'b', '... until its time has come');
};

runs test_lost_lock_token_handling => sub {
	$p->enqueue_work('a', 2);
	$p->fetch_work(lock => 30000);
	is($p->fetch_work, undef, 'who has it has forgotten the token');
	$p->pass_time(31);
	is($p->fetch_work->{activity}{id}, 2, 'it comes back');
};

runs test_worker_item_immediate_visibility => sub {
	$p->enqueue_work('a', 2);
	isnt($p->fetch_work, undef, 'a task that is enqueued is there at once');
	$p->running('b', worker => [ activity('b', 3) ]);
	isnt($p->fetch_work, undef, '... and so is one of a turn');
};

runs test_worker_delayed_visibility_skips_future_items => sub {
	$p->enqueue_work('a', $_) for 2 .. 4;
	$p->abandon_work($p->fetch_work, delay => 60000);
	is_deeply($p->fetch_ids, [ 3, 4 ], 'those of later are passed over');
	$p->pass_time(59);
	$p->sql('DELETE FROM flow.worker_queue WHERE activity_id > 2');
	is($p->fetch_work, undef, '... until then');
	$p->pass_time(2);
	is($p->fetch_work->{activity}{id}, 2, '... when it is there');
};

# A runtime drops mail of an instance that never began, and keeps all else.
runs test_orphan_queue_messages_dropped => sub {
	$p->enqueue('a', { QueueMessage => { instance => 'a', name => 'q', data => '1' } });
	my $item = $p->fetch;
	is_deeply([ @$item{qw(orchestration_name history execution_id)} ], [ 'Unknown', [], 1 ], 'mail of nobody says so');
	$p->ack($item, metadata => { orchestration_name => undef, orchestration_version => undef });
	is($p->count('orchestrator_queue') + $p->count('instances'), 0, 'acknowledged it is dropped');
	$p->running('a');
	$p->enqueue('a', { QueueMessage => { instance => 'a', name => 'q', data => '2' } });
	$item = $p->fetch;
	is($item->{orchestration_name}, 'Flow', 'mail of an instance is that');
	is_deeply($item->{messages}, [ { QueueMessage => { instance => 'a', name => 'q', data => '2' } } ], '... and is read');
};

$p->node->stop;
