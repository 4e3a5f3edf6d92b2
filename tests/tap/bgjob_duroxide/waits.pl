# A fetch that finds nothing waits for work on the server: it is woken, keeps nothing, and can be cancelled.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Duroxide;
use PgCrew;
use Test::More;
use Time::HiRes qw(time);

plan skip_all => 'the runtime\'s own functions do not wait' if peer();

my $p = provider();
my $node = $p->node;
my %fetch = (turn => 'SELECT out_instance_id FROM ' . $p->text_of('fetch_orchestration_item', Duroxide::fetch_arguments()),
	task => "SELECT out_work_item::json -> 'ActivityExecute' ->> 'id' FROM " . $p->text_of('fetch_work_item', Duroxide::fetch_work_arguments(owner => 'w')));

# A session whose fetches wait for 10 s, the longest there is: nothing here that has to be quicker starts a program.
my $wait = 10;
sub waiting_session
{
	my $session = $p->another;
	$session->sql("SET bgjob.duroxide_fetch_wait = '$wait s'");
	$session->{pid} = backend_pid($session->{session});
	return $session;
}

# ... and is in such a wait now.
sub waits
{
	my ($session, $what) = @_;
	$session->send_off($fetch{$what});
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return wait_until_blocked($node, $session->{pid});
}

sub enqueue
{
	my ($what, $name) = @_;
	return $what eq 'turn' ? $p->start($name) : $p->enqueue_work('a', $name);
}

for my $what (qw(turn task))
{
	runs "a $what that comes is fetched at once by who waits" => sub {
		my $session = waiting_session();
		waits($session, $what);
		is($p->sql("SELECT backend_xid IS NULL FROM pg_stat_activity WHERE pid = $session->{pid}"),
			't', 'it has no transaction id');
		is($p->sql("SELECT count(*) FROM pg_locks WHERE pid = $session->{pid} AND relation IS NOT NULL AND mode <> 'AccessShareLock'"),
			'0', '... and no lock that hurts');
		my $begin = time;
		enqueue($what, 7);
		is($session->answer, 7, 'it is handed out');
		cmp_ok(time - $begin, '<', $wait - 2, '... before the wait is over');
		$session->quit;
	};

	# How many may wait at a time is the server's to decide: whoever does not is told at once that there is nothing.
	runs "of several that ask for a $what one gets what comes" => sub {
		my @sessions = map { waiting_session() } 1 .. 6;
		waits($sessions[0], $what);
		$_->send_off($fetch{$what}) for @sessions[ 1 .. 5 ];
		enqueue($what, 9);
		is_deeply([ grep { $_ ne '' } map { $_->answer } @sessions ], [9], 'one of them');
		$_->quit for @sessions;
	};

	runs "the wait for a $what can be cancelled" => sub {
		my $session = waiting_session();
		waits($session, $what);
		my $begin = time;
		$p->sql("SELECT pg_cancel_backend($session->{pid})");
		refused(sub { $session->answer }, '57014', qr/canceling statement/, 'with the usual error');
		cmp_ok(time - $begin, '<', $wait - 2, '... soon');
		enqueue($what, 8);
		is($session->sql($fetch{$what}), 8, 'the session lives');
		$session->quit;
	};

	runs "nobody waits for a $what within a transaction" => sub {
		my $session = waiting_session();
		my $begin = time;
		$session->sql('BEGIN');
		is($session->sql($fetch{$what}), '', 'nothing is there');
		cmp_ok(time - $begin, '<', $wait - 2, 'its snapshot and locks would hurt others');
		$session->sql('ROLLBACK');
		$session->quit;
	};
}

runs 'a message of later is fetched when its time has come' => sub {
	my $session = waiting_session();
	my $begin = time;
	$p->enqueue('later', start_message('later'), 3000);
	$session->send_off($fetch{turn});
	is($session->answer, 'later', 'who waits gets it');
	my $elapsed = time - $begin;
	cmp_ok($elapsed, '>=', 2.99, '... not before');
	cmp_ok($elapsed, '<', $wait - 2, '... nor when the wait is over');
	$session->quit;
};

runs 'what a turn asks for wakes who waits for tasks' => sub {
	my $session = waiting_session();
	$p->start('a');
	my $item = $p->fetch;
	waits($session, 'task');
	my $begin = time;
	$p->ack($item, worker => [ activity('a', 2) ]);
	is($session->answer, 2, 'the task');
	waits($session, 'turn');
	$p->ack_work($p->sql('SELECT lock_token FROM flow.worker_queue'), 'a', completion('a', 2));
	is($session->answer, 'a', '... and its completion who waits for turns');
	cmp_ok(time - $begin, '<', $wait - 1, '... soon');
	$session->quit;
};

runs 'what is rolled back wakes nobody up for nothing' => sub {
	my $session = waiting_session();
	$session->sql("SET bgjob.duroxide_fetch_wait = '5 s'");
	waits($session, 'turn');
	$p->sql('BEGIN');
	$p->start('never');
	$p->sql('ROLLBACK');
	is($session->answer, '', 'nothing is handed out');
	$session->quit;
};

runs 'a schema that is dropped under those who wait' => sub {
	$node->safe_psql('postgres', "SELECT bgjob.create_duroxide_schema('gone')");
	my $other = Duroxide->new($node, 'gone');
	$other->sql("SET bgjob.duroxide_fetch_wait = '$wait s'");
	my $pid = backend_pid($other->{session});
	$other->send_off('SELECT out_instance_id FROM ' . $other->text_of('fetch_orchestration_item', Duroxide::fetch_arguments()));
	wait_until_blocked($node, $pid);
	$node->safe_psql('postgres', "SET lock_timeout = '60 s'; SELECT bgjob.drop_duroxide_schema('gone')");
	eval { $other->answer };
	is($other->sql('SELECT 1'), 1, 'their session lives');
	$other->quit;
};

$node->stop;
done_testing();
