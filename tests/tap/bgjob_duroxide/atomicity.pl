# An acknowledgement of a turn is done whole or not at all.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Duroxide;
use PgCrew;
use Test::More tests => 4;

my $p = provider();

# A turn that writes to every table.
sub everything
{
	return (history => [ event(2, 'ActivityScheduled', name => 'Work'), event(3, 'TimerCreated') ],
		worker => [ activity('a', 2), activity('a', 4) ],
		messages => [ { TimerFired => { instance => 'a', execution_id => 1, id => 3, fire_at_ms => 4102444800000 } }, start_message('child', parent_instance => 'a', parent_id => 5) ],
		metadata => { status => 'Completed', output => '"ok"', custom_status_action => 'set', custom_status_value => 'busy',
			kv_mutations => [ { action => 'set', key => 'k', value => 'v', last_updated_at_ms => 1 } ] });
}

runs test_atomicity_failure_rollback => sub {
	$p->running('a');
	$p->start('a');
	my $item = $p->fetch;
	my $before = $p->contents;
	my %turn = everything();
	push @{ $turn{history} }, event(1, 'OrchestrationStarted');
	refused(sub { $p->ack($item, %turn) }, '23505', qr/duplicate|already/i, 'an event that is there already');
	is($p->contents, $before, 'all tables are as before');
};

runs test_multi_operation_atomic_ack => sub {
	$p->running('a');
	$p->start('a');
	$p->ack($p->fetch, everything());
	is_deeply([ map { $p->count($_, "instance_id = 'a'") } qw(history worker_queue orchestrator_queue) ], [ 3, 2, 1 ],
		'history, tasks and messages');
	is($p->count('orchestrator_queue', "instance_id = 'child'"), 1, '... also of another instance');
	is_deeply($p->row("SELECT status, output, custom_status, custom_status_version FROM flow.instances JOIN flow.executions USING (instance_id)"),
		[ 'Completed', '"ok"', 'busy', 1 ], '... status and output');
	is($p->one('get_kv_value', p_instance => 'a', p_key => 'k')->{value}, 'v', '... and a value');
	is($p->count('instance_locks'), 0, 'the instance is free');
};

runs test_lock_released_only_on_successful_ack => sub {
	$p->running('a');
	$p->start('a');
	my $item = $p->fetch;
	refused(sub { $p->ack($item, history => [ event(1, 'OrchestrationStarted') ]) }, '23505', qr/duplicate|already/i, 'an acknowledgement fails');
	is($p->count('instance_locks', "lock_token = '$item->{lock_token}'"), 1, 'the lease lives');
	is($p->fetch, undef, 'nobody else can fetch the instance');
	$p->ack($item, history => [ event(2, 'TimerCreated') ]);
	is($p->count('instance_locks'), 0, 'the next one frees it');
	$p->start('a');
	is($p->fetch->{instance_id}, 'a', '... for others');
};

runs test_concurrent_ack_prevention => sub {
	$p->start('a');
	my $item = $p->fetch;
	my $other = $p->another;
	$other->sql('SELECT pg_backend_pid()');
	$p->sql('BEGIN');
	$p->ack($item, history => [ event(1, 'OrchestrationStarted') ]);
	my $call = 'SELECT ' . $other->text_of('ack_orchestration_item', $other->ack_arguments($item, history => [ event(1, 'OrchestrationStarted') ]));
	$other->send_off($call);
	$p->sql('COMMIT');
	refused(sub { $other->answer }, undef, qr/lock token|duplicate/i, 'the second one with the same token fails');
	is($p->count('history'), 1, 'one of them counts');
	$other->quit;
};

$p->node->stop;
