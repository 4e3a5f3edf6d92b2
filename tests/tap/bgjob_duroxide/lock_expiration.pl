# Leases end by acknowledgement, by being abandoned, or when their time is over.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Duroxide;
use PgCrew;
use Test::More tests => 13;

my $p = provider();

sub asks_for_work
{
	$p->running('a', worker => [ activity('a', 2) ]);
	return;
}

# What a fetch gives as soon as it gives something.
sub fetched_at_last
{
	my ($fetch) = @_;
	my $item;
	poll_until(sub { $item = $fetch->() }, 'a fetch that gives something');
	return $item;
}

runs test_lock_expires_after_timeout => sub {
	$p->start('a');
	my $item = $p->fetch(lock => 300);
	my $again = fetched_at_last(sub { $p->fetch });
	is($again->{instance_id}, 'a', 'when the lease is over the instance is there again');
	isnt($again->{lock_token}, $item->{lock_token}, '... under another token');
	refused(sub { $p->ack($item) }, undef, qr/Invalid lock token/, 'the first one is worth nothing');
	$p->ack($again);
};

runs test_abandon_releases_lock_immediately => sub {
	$p->start('a');
	is($p->abandon($p->fetch), 'a', 'who abandons is told the instance');
	is($p->fetch->{attempt_count}, 2, 'which is there at once');
};

runs test_lock_renewal_on_ack => sub {
	$p->start('a');
	$p->turn;
	is($p->count('instance_locks'), 0, 'the lease ends with the turn');
	$p->start('a');
	is($p->fetch->{attempt_count}, 1, 'the next one begins at once');
};

runs test_concurrent_lock_attempts_respect_expiration => sub {
	$p->start('a');
	$p->fetch(lock => 30000);
	my @others = map { $p->another } 1 .. 3;
	is_deeply([ map { $_->fetch } @others ], [ (undef) x 3 ], 'others get nothing while it lives');
	$p->pass_time(31);
	is(scalar(grep { defined } map { $_->fetch } @others), 1, '... and one of them when it is over');
	$_->quit for @others;
};

runs test_worker_lock_renewal_success => sub {
	asks_for_work();
	my $item = $p->fetch_work;
	$p->renew_work($item, 60);
	$p->ack_work($item, 'a', completion('a', 2));
	is($p->count('worker_queue'), 0, 'renewed and acknowledged');
};

runs test_worker_lock_renewal_invalid_token => sub {
	refused(sub { $p->renew_work('lock_x', 60) }, undef, qr/Lock token invalid/, 'a token that nobody was given');
};

runs test_worker_lock_renewal_after_expiration => sub {
	asks_for_work();
	my $item = $p->fetch_work;
	$p->pass_time(61);
	refused(sub { $p->renew_work($item, 60) }, undef, qr/Lock token invalid/, 'a lease that is over is not renewed');
	is($p->fetch_work->{activity}{id}, 2, '... and another one has it');
};

runs test_worker_lock_renewal_extends_timeout => sub {
	asks_for_work();
	my $item = $p->fetch_work(lock => 30000);
	$p->renew_work($item, 300);
	$p->pass_time(200);
	is($p->fetch_work, undef, 'the lease is longer than it was');
	$p->pass_time(200);
	isnt($p->fetch_work, undef, '... by so much');
};

runs test_worker_lock_renewal_after_ack => sub {
	asks_for_work();
	my $item = $p->fetch_work;
	$p->ack_work($item, 'a', completion('a', 2));
	refused(sub { $p->renew_work($item, 60) }, undef, qr/Lock token invalid/, 'what is done is not renewed');
};

runs test_abandon_work_item_releases_lock => sub {
	asks_for_work();
	my $item = $p->fetch_work;
	$p->abandon_work($item);
	is($p->fetch_work->{attempt_count}, 2, 'it is there at once');
	refused(sub { $p->abandon_work($item) }, undef, qr/Invalid lock token/, 'once');
};

runs test_abandon_work_item_with_delay => sub {
	asks_for_work();
	$p->abandon_work($p->fetch_work, delay => 60000);
	is($p->fetch_work, undef, 'it is not there');
	$p->pass_time(61);
	is($p->fetch_work->{attempt_count}, 2, '... until then');
};

runs test_worker_ack_fails_after_lock_expiry => sub {
	asks_for_work();
	my $item = $p->fetch_work;
	$p->pass_time(61);
	refused(sub { $p->ack_work($item, 'a', completion('a', 2)) }, undef, qr/not found|already|lock token/i, 'late, though nobody took it');
	is($p->count('orchestrator_queue'), 0, '... and nobody is told');
};

runs test_orchestration_lock_renewal_after_expiration => sub {
	$p->start('a');
	my $item = $p->fetch(lock => 30000);
	$p->renew($item, 300);
	$p->pass_time(200);
	is($p->fetch, undef, 'a lease that is renewed lives longer');
	$p->pass_time(200);
	refused(sub { $p->renew($item, 300) }, undef, qr/Lock token invalid/, '... but is not renewed when it is over');
};

$p->node->stop;
