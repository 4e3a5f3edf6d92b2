# Generations of an instance that continues as new.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Duroxide;
use PgCrew;
use Test::More tests => 5;

my $p = provider();

sub types
{
	my ($instance, $execution) = @_;
	return [ map { JSON::PP::decode_json($_)->{type} } $p->rows('fetch_history_with_execution', p_instance_id => $instance, p_execution_id => $execution) ];
}

runs test_execution_isolation => sub {
	$p->running('a');
	$p->another_turn('a', history => [ event(2, 'TimerCreated') ], metadata => { status => 'ContinuedAsNew', output => '{}' });
	$p->next_generation('a', 2);
	is_deeply([ types('a', 1), types('a', 2) ], [ [qw(OrchestrationStarted TimerCreated)], ['OrchestrationStarted'] ], 'each has a history of its own');
	$p->start('a');
	is(@{ $p->fetch->{history} }, 1, 'a turn is told that of its own');
	is(scalar($p->rows('fetch_history', p_instance_id => 'a')), 1, '... and so is who asks');
};

runs test_latest_execution_detection => sub {
	is($p->one('latest_execution_id', p_instance_id => 'a'), undef, 'none before it begins');
	$p->generations('a', 3);
	is($p->one('latest_execution_id', p_instance_id => 'a'), 3, 'the last one');
	$p->start('a');
	is($p->fetch->{execution_id}, 3, '... which goes on');
};

runs test_execution_id_sequencing => sub {
	$p->running('a', metadata => { status => 'ContinuedAsNew', output => '{}' });
	for my $execution (2 .. 4)
	{
		$p->next_generation('a', $execution, metadata => { status => 'ContinuedAsNew', output => '{}' });
		is($p->one('latest_execution_id', p_instance_id => 'a'), $execution, "generation $execution");
	}
	$p->another_turn('a', execution => 2);
	is($p->one('latest_execution_id', p_instance_id => 'a'), 4, 'it never goes back');
};

runs test_continue_as_new_creates_new_execution => sub {
	$p->running('a', metadata => { status => 'ContinuedAsNew', output => '{"n": 1}' });
	$p->next_generation('a', 2);
	is_deeply([ map { $p->one('get_execution_info', p_instance_id => 'a', p_execution_id => $_)->{status} } 1, 2 ], [ 'ContinuedAsNew', 'Running' ], 'one has ended, the next one runs');
	is($p->one('get_instance_info', p_instance_id => 'a')->{status}, 'Running', '... and the instance with it');
};

runs test_execution_history_persistence => sub {
	$p->generations('a', 4, metadata => { status => 'Completed', output => '1' });
	is_deeply([ map { scalar @{ types('a', $_) } } 1 .. 4 ], [ 1, 1, 1, 1 ], 'all can be read after the end');
	is_deeply(types('a', 5), [], 'and no others');
};

$p->node->stop;
