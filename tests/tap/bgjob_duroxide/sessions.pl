# Sessions: activities of one that go to the same worker while it holds the session's lease.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Duroxide;
use PgCrew;
use Test::More tests => 33;

my $p = provider();

# Leases: of an activity 30 s, of a session 100 s, unless said otherwise.
sub fetch
{
	my ($owner, %o) = @_;
	return $p->fetch_work(owner => $owner, lock => 30000, session_lock => 100000, %o);
}

sub fetched
{
	my ($owner, %o) = @_;
	my $item = fetch($owner, %o);
	return $item && $item->{activity}{id};
}

# enqueue(id, session)
sub enqueue { return $p->enqueue_work('a', $_[0], session_id => $_[1]) }

# What the owner may fetch now, with what it fetches at once; all of it stays fetched.
sub all_of { return $p->fetch_ids(owner => $_[0], lock => 30000, session_lock => 100000) }

sub holder { return $p->sql("SELECT worker_id FROM flow.sessions WHERE session_id = '$_[0]'") }
sub last_activity { return $p->sql("SELECT last_activity_at FROM flow.sessions WHERE session_id = '$_[0]'") }
sub cleanup { return $p->one('cleanup_orphaned_sessions', p_now_ms => undef) }
sub done { return $p->ack_work($_[0], 'a', completion('a', $_[0]{activity}{id})) }

runs test_non_session_items_fetchable_by_any_worker => sub {
	enqueue($_) for 1, 2;
	is_deeply([ fetched('x'), fetched('y') ], [ 1, 2 ], 'tasks without a session are for all');
	is($p->count('sessions'), 0, 'and make none');
};

runs test_session_item_claimable_when_no_session => sub {
	enqueue(1, 's');
	is(fetched('x'), 1, 'a session that nobody has is for whoever comes');
	is(holder('s'), 'x', '... who has it then');
};

runs test_session_affinity_same_worker => sub {
	enqueue($_, 's') for 1, 2;
	is_deeply([ fetched('x'), fetched('x') ], [ 1, 2 ], 'its worker gets all of it');
};

runs test_session_affinity_blocks_other_worker => sub {
	enqueue($_, 's') for 1, 2;
	fetch('x');
	is(fetched('y'), undef, 'others nothing');
	is($p->count('worker_queue', 'attempt_count = 0'), 1, '... which costs no attempt');
};

runs test_different_sessions_different_workers => sub {
	enqueue(1, 's');
	enqueue(2, 't');
	enqueue(3, 's');
	enqueue(4, 't');
	is_deeply([ fetched('x'), fetched('y') ], [ 1, 2 ], 'each claims one');
	is_deeply([ fetched('y'), fetched('x') ], [ 4, 3 ], '... and goes on with it');
};

runs test_mixed_session_and_non_session_items => sub {
	enqueue(1, 's');
	enqueue(2);
	enqueue(3, 's');
	enqueue(4);
	is(fetched('x'), 1, 'one claims the session');
	is_deeply(all_of('y'), [ 2, 4 ], 'the other one gets what has none');
	is_deeply(all_of('x'), [3], '... the first one the rest');
};

runs test_session_claimable_after_lock_expiry => sub {
	enqueue($_, 's') for 1, 2;
	fetch('x', lock => 600000);
	$p->pass_time(101);
	is(fetched('y'), 2, 'when the lease of the session is over it is for all');
	is(holder('s'), 'y', '... who has it then');
};

runs test_none_session_skips_session_items => sub {
	enqueue(1, 's');
	enqueue(2);
	is(fetched(undef), 2, 'a worker without a name gets what has no session');
	is(fetched(undef), undef, '... and nothing else');
};

runs test_some_session_returns_all_items => sub {
	enqueue(1);
	enqueue(2, 's');
	is_deeply(all_of('x'), [ 1, 2 ], 'a worker with a name gets both');
};

runs test_non_session_items_returned_with_session_config => sub {
	enqueue(1);
	is(fetched('x'), 1, 'a worker with a name gets what has no session');
	is($p->count('sessions'), 0, '... without claiming one');
};

runs test_session_items_processed_in_order => sub {
	enqueue($_, 's') for 4, 2, 3;
	is_deeply(all_of('x'), [ 4, 2, 3 ], 'as they came');
};

runs test_shared_worker_id_any_caller_can_fetch_owned_session => sub {
	enqueue($_, 's') for 1, 2;
	fetch('x');
	my $other = $p->another;
	is($other->fetch_work(owner => 'x')->{activity}{id}, 2, 'the name counts, not the connection');
	$other->quit;
};

runs test_concurrent_session_claim_only_one_wins => sub {
	enqueue($_, 's') for 1 .. 8;
	my @workers = map { $p->another } 1 .. 8;
	for my $n (0 .. $#workers)
	{
		$workers[$n]->send_off('SELECT out_work_item FROM ' . $p->text_of('fetch_work_item', Duroxide::fetch_work_arguments(owner => "w$n", session_lock => 60000)));
	}
	my @answers = grep { $_ ne '' } map { $_->answer } @workers;
	$_->quit for @workers;
	is(@answers, 1, 'one of eight gets a task of the session');
	is($p->count('worker_queue', 'attempt_count > 0'), 1, '... the others have not counted');
	is($p->count('sessions'), 1, '... which one has');
};

runs test_session_takeover_after_lock_expiry => sub {
	enqueue(1, 's');
	my $item = fetch('x');
	$p->pass_time(101);
	is(fetched('y'), 1, 'another worker takes over');
	enqueue(2, 's');
	is(fetched('x'), undef, 'the former one has lost it');
	is(fetched('y'), 2, '... to the other one');
};

runs test_renew_session_lock_active => sub {
	enqueue(1, $_) for qw(s t);
	fetch('x') for 1, 2;
	is($p->renew_sessions([ 'x', 'nobody' ], 600000), 2, 'all sessions of the worker');
	$p->pass_time(200);
	is(fetched('y'), undef, '... which live longer than the tasks');
	is_deeply(all_of('x'), [ 1, 1 ], '... that are there for it again');
};

runs test_renew_session_lock_skips_idle => sub {
	enqueue(1, 's');
	fetch('x');
	$p->pass_time(50);
	is($p->renew_sessions(['x'], 600000, 40000), 0, 'a session that nothing happened in is not renewed');
	is($p->renew_sessions(['x'], 600000, 60000), 1, '... within that time it is');
};

runs test_renew_session_lock_no_sessions => sub {
	is($p->renew_sessions(['x'], 60000), 0, 'none');
	is($p->renew_sessions([], 60000), 0, '... of nobody');
};

runs test_renew_session_lock_after_expiry_returns_zero => sub {
	enqueue(1, 's');
	fetch('x');
	$p->pass_time(101);
	is($p->renew_sessions(['x'], 60000), 0, 'a lease that is over does not come back');
	is(fetched('y'), 1, '... for another one may have it');
};

runs test_cleanup_removes_expired_no_items => sub {
	enqueue(1, 's');
	done(fetch('x'));
	$p->pass_time(101);
	is(cleanup(), 1, 'a session that is over, without tasks');
	is($p->count('sessions'), 0, '... goes');
};

runs test_cleanup_keeps_sessions_with_pending_items => sub {
	enqueue(1, 's');
	fetch('x');
	$p->pass_time(101);
	is(cleanup(), 0, 'one with tasks stays');
	is($p->count('sessions'), 1, '... there');
};

runs test_cleanup_keeps_active_sessions => sub {
	enqueue(1, 's');
	done(fetch('x'));
	is(cleanup(), 0, 'one whose lease lives stays');
};

runs test_cleanup_then_new_item_recreates_session => sub {
	enqueue(1, 's');
	done(fetch('x'));
	$p->pass_time(101);
	cleanup();
	enqueue(2, 's');
	is(fetched('y'), 2, 'a later task is for whoever comes');
	is(holder('s'), 'y', '... who has the session then');
};

runs test_ack_updates_session_last_activity => sub {
	enqueue(1, 's');
	my $item = fetch('x');
	$p->pass_time(10);
	my $before = last_activity('s');
	done($item);
	cmp_ok(last_activity('s'), '>=', $before + 9000, 'a task that is done is a sign of life');
};

runs test_renew_work_item_updates_session_last_activity => sub {
	enqueue(1, 's');
	my $item = fetch('x');
	$p->pass_time(10);
	my $before = last_activity('s');
	$p->renew_work($item, 60);
	cmp_ok(last_activity('s'), '>=', $before + 9000, 'so is one that is renewed');
};

runs test_abandoned_session_item_retryable => sub {
	enqueue(1, 's');
	$p->abandon_work(fetch('x'));
	is(fetched('y'), undef, 'an abandoned task stays with the session');
	my $item = fetch('x');
	is_deeply([ $item->{activity}{id}, $item->{attempt_count} ], [ 1, 2 ], '... for its worker to try again');
};

runs test_abandoned_session_item_ignore_attempt => sub {
	enqueue(1, 's');
	$p->abandon_work(fetch('x'), ignore => 1);
	is(fetch('x')->{attempt_count}, 1, 'an attempt that does not count');
};

runs test_original_worker_reclaims_expired_session => sub {
	enqueue($_, 's') for 1, 2;
	done(fetch('x'));
	$p->pass_time(101);
	is(fetched('x'), 2, 'who had it may have it again');
	is(holder('s'), 'x', '... in its name');
	is(fetched('y'), undef, '... against others');
};

runs test_activity_lock_expires_session_lock_valid_same_worker_refetches => sub {
	enqueue(1, 's');
	fetch('x');
	$p->pass_time(31);
	is(fetched('y'), undef, 'the task is free, the session is not');
	is(fetch('x')->{attempt_count}, 2, '... its worker gets it again');
};

runs test_session_lock_expires_new_owner_gets_redelivery => sub {
	enqueue(1, 's');
	my $item = fetch('x');
	$p->pass_time(101);
	my $again = fetch('y');
	is_deeply([ $again->{activity}{id}, $again->{attempt_count} ], [ 1, 2 ], 'another worker gets the task of who vanished');
	refused(sub { done($item) }, undef, qr/not found|already|lock token/i, '... who comes too late');
};

runs test_session_lock_expires_same_worker_reacquires => sub {
	enqueue(1, 's');
	fetch('x');
	$p->pass_time(101);
	is(fetch('x')->{attempt_count}, 2, 'its worker is back first');
	is(holder('s'), 'x', '... and has it again');
};

runs test_both_locks_expire_different_worker_claims => sub {
	enqueue($_, 's') for 1, 2;
	fetch('x');
	$p->pass_time(200);
	is_deeply(all_of('y'), [ 1, 2 ], 'another worker gets both tasks');
	is_deeply([ holder('s'), fetched('x') ], [ 'y', undef ], '... and the session');
};

runs test_session_lock_expires_activity_lock_valid_ack_succeeds => sub {
	enqueue($_, 's') for 1, 2;
	my $item = fetch('x', lock => 600000);
	$p->pass_time(101);
	is(fetched('y'), 2, 'the session has gone to another one');
	done($item);
	is_deeply($p->fetch->{messages}, [ completion('a', 1) ], '... what was begun counts');
	is(holder('s'), 'y', '... and changes nothing');
};

runs test_session_lock_renewal_extends_past_original_timeout => sub {
	enqueue($_, 's') for 1, 2;
	fetch('x', lock => 600000);
	is($p->renew_sessions(['x'], 300000), 1, 'renewed');
	$p->pass_time(200);
	is(fetched('y'), undef, 'it lives longer than it was to');
	$p->pass_time(200);
	is(fetched('y'), 2, '... by so much');
};

$p->node->stop;
