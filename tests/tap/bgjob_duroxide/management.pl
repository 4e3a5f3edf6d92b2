# What administrators ask.
use strict;
use warnings;
use utf8;
use FindBin;
use lib $FindBin::Bin;
use Duroxide;
use PgCrew;
use Test::More tests => 13;

my $p = provider();

sub stats { return $p->one('get_instance_stats', p_instance => $_[0]) }
sub depths { return [ @{ $p->one('get_queue_depths', p_now_ms => undef) }{qw(orchestrator_queue worker_queue)} ] }
sub set { return { action => 'set', key => $_[0], value => $_[1], last_updated_at_ms => 1 } }
sub values_of { return [ @{ stats('a') }{qw(kv_user_key_count kv_total_value_bytes)} ] }

runs test_list_instances => sub {
	is_deeply([ $p->rows('list_instances') ], [], 'none');
	for my $n (1 .. 3)
	{
		$p->running("i$n");
		$p->sql("UPDATE flow.instances SET created_at = to_timestamp($n) WHERE instance_id = 'i$n'");
	}
	is_deeply([ $p->rows('list_instances') ], [qw(i3 i2 i1)], 'the newest first');
};

runs test_list_instances_by_status => sub {
	$p->running('runs');
	$p->finished('done');
	$p->finished('failed', 'Failed');
	$p->generations('goes on', 2);
	my %expected = (Running => [ 'goes on', 'runs' ], Completed => ['done'], Failed => ['failed'], ContinuedAsNew => [], Nonsense => []);
	same_rows([ $p->rows('list_instances_by_status', p_status => $_) ], $expected{$_}, $_) for sort keys %expected;
};

runs test_list_executions => sub {
	$p->generations('a', 3);
	is_deeply([ $p->rows('list_executions', p_instance_id => 'a') ], [ 1, 2, 3 ], 'ascending');
	is_deeply([ $p->rows('list_executions', p_instance_id => 'nobody') ], [], 'none of an unknown one');
};

runs test_get_instance_info => sub {
	$p->generations('a', 2, metadata => { status => 'Completed', output => '"end"', orchestration_version => '2.0.0' });
	my $info = $p->one('get_instance_info', p_instance_id => 'a');
	is_deeply([ @$info{qw(instance_id orchestration_name orchestration_version current_execution_id status output parent_instance_id)} ],
		[ 'a', 'Flow', '2.0.0', 2, 'Completed', '"end"', undef ], 'of the current generation');
	ok($info->{created_at} && $info->{updated_at} ge $info->{created_at}, 'with its times');
	is_deeply([ $p->rows('get_instance_info', p_instance_id => 'nobody') ], [], 'none of an unknown one');
};

runs test_get_execution_info => sub {
	$p->running('a', metadata => { status => 'ContinuedAsNew', output => '{}' });
	$p->next_generation('a', 2);
	$p->another_turn('a', execution => 2, history => [ event(2, 'TimerCreated'), event(3, 'TimerFired') ]);
	my $info = $p->one('get_execution_info', p_instance_id => 'a', p_execution_id => 2);
	is_deeply([ @$info{qw(execution_id status output completed_at event_count)} ], [ 2, 'Running', undef, undef, 3 ], 'one that runs, with its events');
	$info = $p->one('get_execution_info', p_instance_id => 'a', p_execution_id => 1);
	is_deeply([ @$info{qw(execution_id status output event_count)} ], [ 1, 'ContinuedAsNew', '{}', 1 ], 'one that has ended');
	isnt($info->{completed_at}, undef, '... and when') unless ours_only('continued executions have an end');
	is_deeply([ $p->rows('get_execution_info', p_instance_id => 'a', p_execution_id => 3) ], [], 'none that there never was');
};

runs test_get_system_metrics => sub {
	$p->running('a');
	$p->finished('b');
	$p->finished('c', 'Failed');
	$p->generations('d', 3);
	my $metrics = $p->one('get_system_metrics');
	is_deeply([ @$metrics{qw(total_instances total_executions running_instances completed_instances failed_instances total_events)} ],
		[ 4, 6, 2, 1, 1, 6 ], 'instances, executions, states and events');
};

runs test_get_queue_depths => sub {
	is_deeply(depths(), [ 0, 0 ], 'empty');
	$p->start($_) for qw(a b c);
	$p->enqueue('d', start_message('d'), 3600000);
	$p->enqueue_work('a', $_) for 2 .. 4;
	is_deeply(depths(), [ 3, 3 ], 'what is due');
	$p->fetch(lock => 30000);
	$p->abandon_work($p->fetch_work, delay => 3600000);
	$p->fetch_work(lock => 30000);
	is_deeply(depths(), [ 2, 1 ], '... and under no lease');
	$p->pass_time(31);
	is_deeply(depths(), [ 3, 2 ], '... that lives');
};

runs test_get_instance_stats_history => sub {
	my @events = map { event($_, 'TimerCreated', note => 'é' x $_) } 1 .. 4;
	$p->start('a');
	$p->turn(history => \@events);
	my $stats = stats('a');
	is_deeply([ @$stats{qw(found history_event_count)} ], [ JSON::PP::true(), 4 ], 'events');
	is($stats->{history_size_bytes}, $p->sql("SELECT sum(octet_length(event_data)) FROM flow.history"), '... and their bytes');
	cmp_ok($stats->{history_size_bytes}, '>', 0, '... which are some');
	$p->another_turn('a', metadata => { status => 'ContinuedAsNew', output => '{}' });
	$p->next_generation('a', 2);
	is(stats('a')->{history_event_count}, 1, 'of the current generation');
};

runs test_get_instance_stats_kv => sub {
	$p->finished('a', 'Completed', kv_mutations => [ set('k', 'four'), set('l', 'é') ]);
	is_deeply(values_of(), [ 2, 6 ], 'keys, and bytes of their values');
};

runs test_get_instance_stats_kv_delta_only => sub {
	$p->running('a', metadata => { kv_mutations => [ set('k', 'four') ] });
	is_deeply(values_of(), [ 1, 4 ], 'what only the delta has counts');
};

runs test_get_instance_stats_kv_merged => sub {
	$p->running('a', metadata => { status => 'ContinuedAsNew', output => '{}', kv_mutations => [ set('k', 'four'), set('l', 'xx') ] });
	$p->next_generation('a', 2, metadata => { kv_mutations => [ set('m', 'yyy') ] });
	is_deeply(values_of(), [ 3, 9 ], 'both together');
	$p->another_turn('a', execution => 2, metadata => { kv_mutations => [ set('k', '1'), { action => 'clear_key', key => 'l' } ] });
	is(stats('a')->{kv_user_key_count}, 2, 'a key that is hidden does not count') unless ours_only('keys that are hidden are not counted');
	is_deeply(values_of(), [ 2, 4 ], '... nor a value that another one hides') unless peer();
};

runs test_get_instance_stats_carry_forward => sub {
	$p->start('a');
	$p->turn(history => [ event(1, 'OrchestrationStarted', carry_forward_events => [ [ 'q', '1' ], [ 'q', '2' ] ]) ]);
	is(stats('a')->{queue_pending_count}, 2, 'messages that came along from the last generation');
	$p->running('b');
	is(stats('b')->{queue_pending_count}, 0, 'or none');
};

runs test_get_instance_stats_nonexistent => sub {
	my $stats = stats('nobody');
	is_deeply([ @$stats{qw(found history_event_count history_size_bytes queue_pending_count kv_user_key_count kv_total_value_bytes)} ],
		[ JSON::PP::false(), 0, 0, 0, 0, 0 ], 'not found, and nothing of all');
};

$p->node->stop;
