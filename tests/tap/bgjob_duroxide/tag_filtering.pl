# Workers that do tasks of some tags only.
use strict;
use warnings;
use utf8;
use FindBin;
use lib $FindBin::Bin;
use Duroxide;
use PgCrew;
use Test::More tests => 10;

my $p = provider();

# Tasks: 1 has no tag, 2 and 4 are for gpu, 3 for disk.
sub tasks
{
	$p->enqueue_work('a', 1);
	$p->enqueue_work('a', 2, tag => 'gpu');
	$p->enqueue_work('a', 3, tag => 'disk');
	$p->enqueue_work('a', 4, tag => 'gpu');
	return;
}

# Of all tasks those that are handed out.
sub handed_out
{
	my (%filter) = @_;
	$p->forget_all;
	tasks();
	return $p->fetch_ids(%filter);
}

runs test_default_only_fetches_untagged => sub {
	is_deeply(handed_out(mode => 'default_only'), [1], 'without a tag');
	is_deeply(handed_out(mode => 'default_only', owner => 'w', tags => ['gpu']), [1], '... whatever the list says');
};

runs test_tags_fetches_only_matching => sub {
	is_deeply(handed_out(mode => 'tags', tags => ['gpu']), [ 2, 4 ], 'of that tag');
	is_deeply(handed_out(mode => 'tags', tags => ['other']), [], '... which none has');
	is_deeply(handed_out(mode => 'tags', tags => []), [], '... or an empty list');
};

runs test_default_and_fetches_untagged_and_matching => sub {
	is_deeply(handed_out(mode => 'default_and', tags => ['disk']), [ 1, 3 ], 'both, in their order');
	is_deeply(handed_out(mode => 'default_and', tags => []), [1], 'an empty list');
};

runs test_none_filter_returns_nothing => sub {
	is_deeply(handed_out(mode => 'none'), [], 'nothing');
	is_deeply(handed_out(mode => 'none', owner => 'w', tags => ['gpu']), [], '... at all');
	is($p->count('worker_queue', 'attempt_count = 0'), 4, '... which costs no attempt');
};

runs test_multi_tag_filter => sub {
	is_deeply(handed_out(mode => 'tags', tags => [qw(disk gpu other)]), [ 2, 3, 4 ], 'several tags');
	is_deeply(handed_out(mode => 'tags', owner => 'w', tags => [qw(disk gpu)]), [ 2, 3, 4 ], '... of an owner, too');
};

runs test_tag_round_trip_preservation => sub {
	my @tags = ('gpu', "it's", 'a,b', '{"x"}', 'é', 'NULL');
	$p->enqueue_work('a', $_, tag => $tags[$_]) for 0 .. $#tags;
	is_deeply([ map { $p->fetch_work(mode => 'tags', tags => [$_])->{activity}{tag} } @tags ], \@tags, 'tags are what they were');
};

runs test_any_filter_fetches_everything => sub {
	is_deeply(handed_out(mode => 'any'), [ 1 .. 4 ], 'all');
	is_deeply(handed_out(mode => 'any', owner => 'w'), [ 1 .. 4 ], '... of an owner, too');
};

runs test_tag_survives_abandon_and_refetch => sub {
	$p->enqueue_work('a', 2, tag => 'gpu');
	$p->abandon_work($p->fetch_work(mode => 'tags', tags => ['gpu']));
	is($p->fetch_work, undef, 'it has not become a task for all');
	is($p->fetch_work(mode => 'tags', tags => ['gpu'])->{attempt_count}, 2, '... but is there for those of its tag');
};

runs test_multi_runtime_tag_isolation => sub {
	my %first = (gpu => [ 2, 4 ], disk => [3]);
	tasks();
	is_deeply([ map { $p->another->fetch_ids(mode => 'tags', tags => [$_]) } sort keys %first ], [ @first{ sort keys %first } ], 'disjoint');
	$p->forget_all;
	tasks();
	is($p->fetch_work(mode => 'tags', tags => [qw(gpu disk)])->{activity}{id}, 2, 'overlapping: the first one for whoever comes first');
	is_deeply($p->another->fetch_ids(mode => 'tags', tags => [qw(gpu other)]), [4], '... the rest for the other one');
	$p->forget_all;
	tasks();
	is_deeply([ $p->fetch_ids(mode => 'default_and', tags => [qw(gpu)]), $p->another->fetch_ids(mode => 'any') ], [ [ 1, 2, 4 ], [3] ], 'a superset gets what is left');
};

runs test_tag_preserved_through_ack_orchestration_item => sub {
	$p->running('a', worker => [ activity('a', 2, tag => 'gpu'), activity('a', 3), activity('a', 4, tag => undef) ]);
	is($p->sql("SELECT string_agg(coalesce(tag, 'none'), ' ' ORDER BY id) FROM flow.worker_queue"), 'gpu none none', 'the tag of each');
	is_deeply($p->fetch_ids, [ 3, 4 ], 'those without one');
	is($p->fetch_work(mode => 'tags', tags => ['gpu'])->{activity}{tag}, 'gpu', '... and with');
};

$p->node->stop;
