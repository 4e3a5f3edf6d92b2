# Executions are pinned to the version of the runtime that began them; runtimes fetch those they can replay.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Duroxide;
use List::Util ();
use PgCrew;
use Test::More tests => 20;

my $p = provider();

sub packed
{
	my ($major, $minor, $patch) = split /\./, $_[0];
	return $major * 1000000 + $minor * 1000 + $patch;
}

sub between { return (min => packed($_[0]), max => packed($_[1])) }

sub pin
{
	my ($major, $minor, $patch) = split /\./, $_[0];
	return { pinned_duroxide_version => { major => $major + 0, minor => $minor + 0, patch => $patch + 0 } };
}

sub pinned
{
	my ($instance, $execution) = @_;
	return $p->sql("SELECT concat_ws('.', duroxide_version_major, duroxide_version_minor, duroxide_version_patch)
		FROM flow.executions WHERE instance_id = '$instance' AND execution_id = " . ($execution // 1));
}

# ready(instance, version, ...): instances of these versions, each with a message.
sub ready
{
	my @instances = List::Util::pairs(@_);
	$p->running($_->[0], metadata => pin($_->[1])) for @instances;
	$p->start($_->[0]) for @instances;
	return;
}

sub fetched
{
	my (%filter) = @_;
	my $item = $p->fetch(%filter);
	return $item && $item->{instance_id};
}

sub garble
{
	my ($instance, $text) = @_;
	return $p->sql("UPDATE flow.history SET event_data = '$text' WHERE instance_id = '$instance'");
}

runs test_fetch_with_filter_none_returns_any_item => sub {
	ready('a', '9.9.9');
	is(fetched(), 'a', 'without a filter every version');
};

runs test_fetch_with_compatible_filter_returns_item => sub {
	ready('a', '0.1.5');
	is(fetched(between('0.1.0', '0.1.9')), 'a', 'a version in the range');
};

runs test_fetch_with_incompatible_filter_skips_item => sub {
	ready('a', '0.2.0');
	is(fetched(between('0.0.0', '0.1.9')), undef, 'a version out of the range');
	is($p->count('orchestrator_queue', 'lock_token IS NULL AND attempt_count = 0'), 1, '... which is left alone');
};

runs test_fetch_filter_skips_incompatible_selects_compatible => sub {
	ready('old', '0.1.0', 'new', '0.2.0');
	is(fetched(between('0.2.0', '0.2.9')), 'new', 'the older one is passed over');
};

runs test_fetch_filter_does_not_lock_skipped_instances => sub {
	ready('a', '0.2.0');
	is(fetched(between('0.0.0', '0.1.9')), undef, 'skipped');
	my $other = $p->another;
	is($other->fetch(between('0.2.0', '0.3.0'))->{instance_id}, 'a', 'and free for another one');
	$other->quit;
};

runs test_fetch_filter_null_pinned_version_always_compatible => sub {
	$p->start('new');
	is(fetched(between('5.0.0', '5.0.1')), 'new', 'an instance that has not begun');
	$p->running('a');
	$p->start('a');
	is(pinned('a'), '', 'one without a version');
	is(fetched(between('5.0.0', '5.0.1')), 'a', '... suits everybody');
};

runs test_fetch_filter_boundary_versions => sub {
	my %fetched = ('0.1.9' => undef, '0.2.0' => 'a', '0.2.5' => 'a', '0.3.0' => 'a', '0.3.1' => undef, '1.2.0' => undef);
	for my $version (sort keys %fetched)
	{
		$p->forget_all;
		ready('a', $version);
		is(fetched(between('0.2.0', '0.3.0')), $fetched{$version}, "$version from 0.2.0 to 0.3.0");
	}
};

runs test_pinned_version_stored_via_ack_metadata => sub {
	$p->running('a', metadata => pin('1.2.3'));
	is(pinned('a'), '1.2.3', 'as it was told');
};

runs test_pinned_version_immutable_across_ack_cycles => sub {
	$p->running('a', metadata => pin('1.2.3'));
	$p->another_turn('a') for 1 .. 2;
	is(pinned('a'), '1.2.3', 'turns that say nothing of it change nothing');
	$p->another_turn('a', metadata => { pinned_duroxide_version => undef });
	is(pinned('a'), '1.2.3', '... nor do those that say null');
};

runs test_continue_as_new_execution_gets_own_pinned_version => sub {
	$p->generations('a', 1, metadata => { %{ pin('1.0.0') }, status => 'ContinuedAsNew', output => '{}' });
	$p->next_generation('a', 2, metadata => pin('2.0.0'));
	is_deeply([ pinned('a', 1), pinned('a', 2) ], [ '1.0.0', '2.0.0' ], 'each has its own');
	$p->next_generation('a', 3);
	is(pinned('a', 3), '', '... which is not inherited');
	$p->start('a');
	is(fetched(between('9.0.0', '9.9.9')), 'a', 'the current generation decides');
};

runs test_filter_with_empty_supported_versions_returns_nothing => sub {
	ready('a', '0.1.0');
	is(fetched(min => 1, max => 0), undef, 'a range that holds nothing');
};

runs test_concurrent_filtered_fetch_no_double_lock => sub {
	ready(map { ("i$_", '0.1.0') } 1 .. 4);
	my @fetchers = map { $p->another } 1 .. 4;
	my $call = 'SELECT out_instance_id FROM ' . $p->text_of('fetch_orchestration_item', Duroxide::fetch_arguments(between('0.1.0', '0.1.0')));
	$_->send_off($call) for @fetchers;
	same_rows([ map { $_->answer } @fetchers ], [ map { "i$_" } 1 .. 4 ], 'each gets another one');
	$_->quit for @fetchers;
};

runs test_ack_stores_pinned_version_via_metadata_update => sub {
	$p->running('a');
	$p->another_turn('a', metadata => pin('3.4.5'));
	is(pinned('a'), '3.4.5', 'a later turn can say it');
};

runs test_provider_updates_pinned_version_when_told => sub {
	$p->running('a', metadata => pin('1.0.0'));
	$p->another_turn('a', metadata => pin('1.0.1'));
	is(pinned('a'), '1.0.1', 'and change it');
};

# History of which nothing can be made by a runtime: the row is there, what it says is no event, or no JSON.
my %garbled = ('no event' => '{"nonsense": true}', 'no JSON' => 'nonsense{');

runs test_fetch_corrupted_history_filtered_vs_unfiltered => sub {
	for my $how (sort keys %garbled)
	{
		next if $how eq 'no JSON' && peer();
		$p->forget_all;
		ready('a', '0.1.0');
		garble('a', $garbled{$how});
		is(fetched(between('0.2.0', '0.3.0')), undef, "$how: who cannot replay it does not see it");
		my $item = $p->fetch;
		is($item->{instance_id}, 'a', '... others get it');
		is(@{ $item->{history} }, 1, '... with history that the runtime cannot read') if $how eq 'no event';
		isnt($item->{lock_token}, undef, '... under a lease');
	}
};

runs test_fetch_deserialization_error_increments_attempt_count => sub {
	for my $how (sort keys %garbled)
	{
		next if $how eq 'no JSON' && peer();
		$p->forget_all;
		ready('a', '0.1.0');
		garble('a', $garbled{$how});
		my @attempts;
		for (1 .. 3)
		{
			my $item = $p->fetch // last;
			push @attempts, $item->{attempt_count};
			$p->abandon($item);
		}
		is_deeply(\@attempts, [ 1, 2, 3 ], "$how: each fetch counts");
	}
};

runs test_fetch_deserialization_error_eventually_reaches_poison => sub {
	ready('a', '0.1.0');
	garble('a', $garbled{ peer() ? 'no event' : 'no JSON' });
	for (1 .. 11)
	{
		$p->fetch(lock => 60000) // last;
		$p->pass_time(61);
	}
	is($p->fetch->{attempt_count}, 12, 'the count goes on when leases run out, so that the runtime can give up');
};

runs test_fetch_filter_applied_before_history_deserialization => sub {
	ready('bad', '0.2.0', 'good', '0.1.0');
	garble('bad', $garbled{'no JSON'});
	is(fetched(between('0.1.0', '0.1.9')), 'good', 'what is filtered out is not read');
	is($p->count('orchestrator_queue', "instance_id = 'bad' AND attempt_count = 0"), 1, '... and not counted');
};

runs test_fetch_single_range_only_uses_first_range => sub {
	ready('a', '0.5.0', 'b', '0.1.0');
	is(fetched(between('0.1.0', '0.2.0')), 'b', 'one range is what a fetch has');
	is(fetched(between('0.1.0', '0.2.0')), undef, '... and all of it');
};

runs test_ack_appends_event_to_corrupted_history => sub {
	ready('a', '0.1.0');
	my $item = $p->fetch;
	garble('a', $garbled{'no JSON'});
	$p->ack($item, history => [ event(2, 'OrchestrationFailed') ], metadata => { status => 'Failed', output => 'poisoned' });
	is($p->one('get_instance_info', p_instance_id => 'a')->{status}, 'Failed', 'an instance with an unreadable history can fail');
	is($p->count('history'), 2, '... and its history is continued');
};

$p->node->stop;
