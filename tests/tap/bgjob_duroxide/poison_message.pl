# Attempts are counted, so that the runtime can give up what never succeeds.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Duroxide;
use PgCrew;
use Test::More tests => 9;

my $p = provider();

runs orchestration_attempt_count_starts_at_one => sub {
	$p->start('a');
	is($p->fetch->{attempt_count}, 1, 'the first fetch');
};

runs orchestration_attempt_count_increments_on_refetch => sub {
	$p->start('a');
	my @attempts;
	for (1 .. 3)
	{
		my $item = $p->fetch;
		push @attempts, $item->{attempt_count};
		$p->abandon($item);
	}
	is_deeply(\@attempts, [ 1, 2, 3 ], 'abandoned');
	$p->fetch;
	$p->pass_time(61);
	is($p->fetch->{attempt_count}, 5, '... or left');
};

runs worker_attempt_count_starts_at_one => sub {
	$p->enqueue_work('a', 2);
	is($p->fetch_work->{attempt_count}, 1, 'the first fetch');
};

runs worker_attempt_count_increments_on_lock_expiry => sub {
	$p->enqueue_work('a', 2);
	for my $attempt (1 .. 3)
	{
		is($p->fetch_work->{attempt_count}, $attempt, "attempt $attempt");
		$p->pass_time(61);
	}
};

runs attempt_count_is_per_message => sub {
	$p->enqueue_work('a', 2);
	$p->enqueue_work('a', 3);
	my @first = ($p->fetch_work, $p->fetch_work);
	$p->abandon_work($first[0]);
	$p->ack_work($first[1]);
	$p->enqueue_work('a', 4);
	is_deeply([ map { [ $_->{activity}{id}, $_->{attempt_count} ] } $p->fetch_work, $p->fetch_work ], [ [ 2, 2 ], [ 4, 1 ] ], 'each task has its own');
};

runs abandon_work_item_ignore_attempt_decrements => sub {
	$p->enqueue_work('a', 2);
	$p->abandon_work($p->fetch_work);
	$p->abandon_work($p->fetch_work, ignore => 1);
	is($p->fetch_work->{attempt_count}, 2, 'an attempt that does not count');
};

runs abandon_orchestration_item_ignore_attempt_decrements => sub {
	$p->start('a');
	$p->abandon($p->fetch);
	$p->abandon($p->fetch, ignore => 1);
	is($p->fetch->{attempt_count}, 2, 'an attempt that does not count');
};

runs ignore_attempt_never_goes_negative => sub {
	$p->start('a');
	$p->enqueue_work('a', 2);
	my ($item, $task) = ($p->fetch, $p->fetch_work);
	$p->sql("UPDATE flow.$_ SET attempt_count = 0") for qw(orchestrator_queue worker_queue);
	$p->abandon($item, ignore => 1);
	$p->abandon_work($task, ignore => 1);
	is_deeply([ $p->fetch->{attempt_count}, $p->fetch_work->{attempt_count} ], [ 1, 1 ], 'not below none');
};

runs max_attempt_count_across_message_batch => sub {
	$p->start('a');
	$p->abandon($p->fetch) for 1 .. 2;
	$p->enqueue('a', { ExternalRaised => { instance => 'a', name => 'late', data => '1' } });
	my $item = $p->fetch;
	is(@{ $item->{messages} }, 2, 'an old and a new message');
	is($item->{attempt_count}, 3, '... count as the old one');
	is($p->sql('SELECT string_agg(attempt_count::text, \' \' ORDER BY id) FROM flow.orchestrator_queue'), '3 1', '... while each keeps its own');
};

$p->node->stop;
