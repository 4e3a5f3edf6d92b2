# Calls that cannot be right, and tables that hold nonsense.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Duroxide;
use PgCrew;
use Test::More tests => 7;

my $p = provider();

sub garble
{
	my ($table, $column, $text) = @_;
	return $p->sql("UPDATE flow.$table SET $column = '$text'");
}

runs test_invalid_lock_token_on_ack => sub {
	$p->start('a');
	my $before = $p->contents;
	refused(sub { $p->ack('lock_nobody', history => [ event(1, 'OrchestrationStarted') ]) }, undef, qr/Invalid lock token/, 'a token that nobody was given');
	refused(sub { $p->ack(undef) }, undef, qr/lock.token/, '... none');
	refused(sub { $p->ack_work('lock_nobody', 'a', completion('a', 2)) }, undef, qr/not found|already|lock token/i, '... of an activity');
	is($p->contents, $before, 'nothing has changed');
};

runs test_duplicate_event_id_rejection => sub {
	$p->running('a');
	$p->start('a');
	my $item = $p->fetch;
	refused(sub { $p->ack($item, history => [ event(1, 'OrchestrationStarted') ]) }, '23505', qr/duplicate|already/i, 'an event of an earlier turn');
	refused(sub { $p->ack($item, history => [ event(2, 'TimerCreated'), event(2, 'TimerCreated') ]) }, '23505', qr/duplicate|already/i, 'the same one twice');
	is($p->count('history'), 1, 'history is as before');
};

runs test_missing_instance_metadata => sub {
	$p->enqueue('nobody', { CancelInstance => { instance => 'nobody', reason => 'enough' } });
	my $item = $p->fetch;
	is_deeply([ @$item{qw(instance_id history)} ], [ 'nobody', [] ], 'a message without an instance comes with an empty history');
	$p->ack($item, metadata => { orchestration_name => undef, orchestration_version => undef });
	is($p->count('orchestrator_queue'), 0, '... and can be acknowledged');
	is($p->count('instances'), 0, '... which makes none');
};

runs test_corrupted_serialization_data => sub {
	$p->running('a');
	$p->enqueue('a', { Nonsense => 1 });
	my $item = $p->fetch;
	is_deeply($item->{messages}, [ { Nonsense => 1 } ], 'a message that is none is handed out as it is');
	$p->abandon($item);
	garble('history', 'event_data', '[]');
	is($p->fetch->{instance_id}, 'a', 'an event that is none does not hurt');
	is($p->sql('SELECT 1'), 1, 'the session lives');
};

runs test_lock_expiration_during_ack => sub {
	$p->start('a');
	my $item = $p->fetch(lock => 30000);
	$p->pass_time(31);
	refused(sub { $p->ack($item, history => [ event(1, 'OrchestrationStarted') ]) }, undef, qr/Invalid lock token/, 'who is late is refused');
	is($p->count('history'), 0, '... and has written nothing');
	is($p->fetch->{attempt_count}, 2, 'the message is there again');
};

# A history with a hole would be replayed otherwise than it went: all rows come, for the reader to find the bad one.
sub comes_whole
{
	my (@call) = @_;
	for my $bad ('{"nonsense": 1}', 'nonsense{')
	{
		$p->sql("UPDATE flow.history SET event_data = '$bad' WHERE event_id = 2");
		my @events = eval { $p->rows(@call) };
		ok($@ || (@events == 3 && $events[1] eq $bad), "$bad: an error, or all events with the bad one");
	}
	return;
}

runs test_read_corrupted_history_returns_error => sub {
	$p->running('a');
	$p->another_turn('a', history => [ map { event($_, 'TimerCreated') } 2, 3 ]);
	comes_whole('fetch_history', p_instance_id => 'a');
};

runs test_read_with_execution_corrupted_history_returns_error => sub {
	$p->running('a');
	$p->another_turn('a', history => [ map { event($_, 'TimerCreated') } 2, 3 ]);
	comes_whole('fetch_history_with_execution', p_instance_id => 'a', p_execution_id => 1);
};

$p->node->stop;
