# An instance is there from its first acknowledged turn on, never earlier.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Duroxide;
use PgCrew;
use Test::More tests => 4;

my $p = provider();

sub instance { return $p->row("SELECT orchestration_name, orchestration_version, parent_instance_id FROM flow.instances WHERE instance_id = '$_[0]'") }

runs test_instance_creation_via_metadata => sub {
	$p->start('a');
	$p->turn(history => [ event(1, 'OrchestrationStarted') ], metadata => { orchestration_name => 'Order', orchestration_version => '2.1.0' });
	is_deeply(instance('a'), [ 'Order', '2.1.0', undef ], 'name and version as the turn says');
	is($p->one('latest_execution_id', p_instance_id => 'a'), 1, 'in its first generation');
};

runs test_no_instance_creation_on_enqueue => sub {
	$p->start('a');
	is($p->count('instances') + $p->count('executions'), 0, 'a message makes none');
	my $item = $p->fetch;
	is($p->count('instances') + $p->count('executions'), 0, '... nor does a fetch');
	is_deeply([ @$item{qw(orchestration_name orchestration_version execution_id)} ], [ 'Flow', 'unknown', 1 ], '... which tells what the message says');
};

runs test_null_version_handling => sub {
	$p->start('a', version => undef);
	is($p->turn(metadata => { orchestration_version => undef })->{orchestration_version}, 'unknown', 'without a version');
	$p->running('b');
	$p->sql("UPDATE flow.instances SET orchestration_version = NULL WHERE instance_id = 'b'");
	$p->start('b');
	is($p->fetch->{orchestration_version}, 'unknown', 'an instance without one');
	is($p->one('get_instance_info', p_instance_id => 'b')->{orchestration_version}, 'unknown', '... also for those who ask');
};

runs test_sub_orchestration_instance_creation => sub {
	$p->running('a', messages => [ start_message('a::sub::2', parent_instance => 'a', parent_id => 2) ]);
	is($p->count('instances'), 1, 'a child is not there before its first turn');
	$p->turn(history => [ event(1, 'OrchestrationStarted') ], metadata => { parent_instance_id => 'a' });
	is_deeply(instance('a::sub::2'), [ 'Flow', '1.0.0', 'a' ], '... and then with its parent');
	is_deeply([ $p->rows('list_children', p_instance_id => 'a') ], ['a::sub::2'], '... who knows it');
};

$p->node->stop;
