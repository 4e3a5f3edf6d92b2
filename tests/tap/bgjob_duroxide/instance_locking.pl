# One runtime at a time has an instance; messages that come meanwhile wait for the next turn.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Duroxide;
use PgCrew;
use Test::More tests => 11;

my $p = provider();

sub raised { return { ExternalRaised => { instance => $_[0], name => $_[1], data => '1' } } }

# What fetches of several sessions at once give: the instances.
sub fetch_at_once
{
	my ($sessions, %o) = @_;
	my @sessions = map { $p->another } 1 .. $sessions;
	my $call = 'SELECT out_instance_id FROM ' . $p->text_of('fetch_orchestration_item', Duroxide::fetch_arguments(%o));
	$_->send_off($call) for @sessions;
	my @answers = map { $_->answer } @sessions;
	$_->quit for @sessions;
	return [ grep { $_ ne '' } @answers ];
}

runs test_exclusive_instance_lock => sub {
	$p->start('a');
	my $other = $p->another;
	is($p->fetch->{instance_id}, 'a', 'the first one gets it');
	is($other->fetch, undef, 'the second one nothing');
	$p->enqueue('a', raised('a', 'go'));
	is($other->fetch, undef, '... whatever comes');
	$other->quit;
};

runs test_lock_token_uniqueness => sub {
	$p->start("i$_") for 1 .. 5;
	my %tokens = map { ($p->fetch->{lock_token} => 1) } 1 .. 5;
	is(keys %tokens, 5, 'each fetch has a token of its own');
	$p->pass_time(61);
	$tokens{ $p->fetch->{lock_token} } = 1 for 1 .. 5;
	is(keys %tokens, 10, '... also of the same instance');
};

runs test_invalid_lock_token_rejection => sub {
	$p->start('a');
	my $item = $p->fetch;
	my $before = $p->contents;
	refused(sub { $p->ack('lock_x') }, undef, qr/Invalid lock token/, 'acknowledge');
	refused(sub { $p->abandon('lock_x') }, undef, qr/Invalid lock token/, 'abandon');
	refused(sub { $p->renew('lock_x', 10) }, undef, qr/lock token/i, 'renew');
	is($p->contents, $before, 'nothing has changed');
	$p->ack($item);
	refused(sub { $p->ack($item) }, undef, qr/Invalid lock token/, 'a token is good for once');
	refused(sub { $p->abandon($item) }, undef, qr/Invalid lock token/, '... to abandon as well');
};

runs test_concurrent_instance_fetching => sub {
	$p->start("i$_") for 1 .. 10;
	same_rows(fetch_at_once(10), [ map { "i$_" } 1 .. 10 ], 'ten fetchers and ten instances: none is missed, none there twice');
};

runs test_completions_arriving_during_lock_blocked => sub {
	$p->running('a', worker => [ activity('a', 2), activity('a', 3) ]);
	$p->ack_work($p->fetch_work, 'a', completion('a', 2));
	my $item = $p->fetch;
	$p->ack_work($p->fetch_work, 'a', completion('a', 3));
	is($p->fetch, undef, 'what arrives during a turn is for nobody');
	is(@{ $item->{messages} }, 1, '... nor part of it');
	$p->ack($item);
	is_deeply($p->fetch->{messages}, [ completion('a', 3) ], '... but of the next one');
};

runs test_cross_instance_lock_isolation => sub {
	$p->start($_) for qw(a b);
	my ($a, $b) = ($p->fetch, $p->fetch);
	is_deeply([ $a->{instance_id}, $b->{instance_id} ], [qw(a b)], 'two instances at a time');
	$p->ack($b);
	is($p->count('instance_locks', "instance_id = 'a'"), 1, 'the end of one leaves the other');
	$p->ack($a);
};

runs test_message_tagging_during_lock => sub {
	$p->running('a');
	$p->enqueue('a', raised('a', $_)) for qw(one two);
	my $item = $p->fetch;
	$p->enqueue('a', raised('a', 'late'));
	is_deeply($item->{messages}, [ raised('a', 'one'), raised('a', 'two') ], 'a turn has all that is there, in its order');
	$p->ack($item);
	is_deeply($p->fetch->{messages}, [ raised('a', 'late') ], 'a late one survives it');
};

runs test_ack_only_affects_locked_messages => sub {
	$p->start($_) for qw(a b);
	my $item = $p->fetch;
	$p->enqueue('a', raised('a', 'late'));
	$p->enqueue('a', raised('a', 'later'), 3600000);
	$p->ack($item);
	is($p->sql('SELECT string_agg(instance_id, \' \' ORDER BY id) FROM flow.orchestrator_queue'), 'b a a', 'others, late and future ones are left');
};

runs test_multi_threaded_lock_contention => sub {
	$p->start('a');
	is_deeply(fetch_at_once(10), ['a'], 'one of ten gets the only instance');
};

runs test_multi_threaded_no_duplicate_processing => sub {
	$p->running("i$_") for 1 .. 10;
	$p->enqueue("i$_", raised("i$_", 'go')) for (1 .. 10) x 3;
	same_rows(fetch_at_once(10), [ map { "i$_" } 1 .. 10 ], 'instances with several messages come once');
	is($p->fetch, undef, '... with all of them');
};

runs test_multi_threaded_lock_expiration_recovery => sub {
	$p->start('a');
	is_deeply(fetch_at_once(4, lock => 30000), ['a'], 'whoever has it dies');
	is_deeply(fetch_at_once(4), [], '... which nobody knows');
	$p->pass_time(31);
	is_deeply(fetch_at_once(4), ['a'], '... until the lease is over');
};

$p->node->stop;
