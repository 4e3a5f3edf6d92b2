# The status that an orchestration tells its clients, and how they wait for another one.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Duroxide;
use PgCrew;
use Test::More tests => 7;

my $p = provider();

# What a client that knows version $seen is told: [] or [value, version].
sub told
{
	my ($instance, $seen) = @_;
	my $row = $p->one('get_custom_status', p_instance_id => $instance, p_last_seen_version => $seen);
	return $row ? [ @$row{qw(custom_status custom_status_version)} ] : [];
}

sub set { return { custom_status_action => 'set', custom_status_value => $_[0] } }

runs test_custom_status_set => sub {
	$p->running('a', metadata => set('half done'));
	is_deeply(told('a', 0), [ 'half done', 1 ], 'the value and version 1');
};

runs test_custom_status_clear => sub {
	$p->running('a', metadata => set('busy'));
	$p->another_turn('a', metadata => { custom_status_action => 'clear' });
	is_deeply(told('a', 1), [ undef, 2 ], 'no value, and a version more');
};

runs test_custom_status_none_preserves => sub {
	$p->running('a', metadata => set('busy'));
	$p->another_turn('a');
	$p->another_turn('a', metadata => { custom_status_action => undef, custom_status_value => undef });
	is_deeply(told('a', 0), [ 'busy', 1 ], 'turns that say nothing change nothing');
};

runs test_custom_status_version_increments => sub {
	$p->running('a', metadata => set('one'));
	$p->another_turn('a', metadata => $_) for set('two'), set('two'), { custom_status_action => 'clear' }, set('five');
	is_deeply(told('a', 0), [ 'five', 5 ], 'each set and clear counts');
};

runs test_custom_status_polling_no_change => sub {
	$p->running('a', metadata => set('busy'));
	is_deeply(told('a', 1), [], 'who knows the version is told nothing');
	is_deeply(told('a', 7), [], '... nor who knows a later one');
};

runs test_custom_status_nonexistent_instance => sub {
	is_deeply(told('nobody', 0), [], 'nothing, and no error');
};

runs test_custom_status_default_on_new_instance => sub {
	$p->running('a');
	is_deeply(told('a', -1), [ undef, 0 ], 'none, and version 0');
	is_deeply(told('a', 0), [], '... which is no news');
};

$p->node->stop;
