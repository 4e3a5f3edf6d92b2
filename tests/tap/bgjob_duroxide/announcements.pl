# Who listens is told of work: <schema>_orch_work and <schema>_worker_work, with the time when it is due in ms since 1970.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Duroxide;
use PgCrew;
use Test::More;

plan skip_all => 'the runtime\'s own functions announce nothing' if peer();

my $p = provider();
my $node = $p->node;
my $listener = session($node);
$listener->query_safe('LISTEN flow_orch_work; LISTEN flow_worker_work');
my $heard = '';

# The payloads on `orch` or `worker` since the last forget().
sub told
{
	my ($queue) = @_;
	$heard .= $listener->query_safe('SELECT 1') . "\n";
	return $heard =~ /notification "flow_${queue}_work" with payload "(\d+)"/g;
}

# Until there is one in that range of seconds from now.
sub is_told
{
	my ($queue, $from, $to, $what) = @_;
	my $now = now_ms();
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return poll_until(sub { grep { $_ >= $now + 1000 * $from && $_ <= $now + 1000 * $to } told($queue) }, "an announcement: $what")
	  && pass($what);
}

sub times_told
{
	my ($queue) = @_;
	my @told = told($queue);
	return scalar @told;
}

# Until all that was announced has been heard: five looks, 50 ms apart, see the same.
sub wait_for_silence
{
	my ($last, $same) = (-1, 0);
	return poll_until(sub {
		my $times = times_told('orch') + times_told('worker');
		$same = $times == $last ? $same + 1 : 1;
		$last = $times;
		return $same == 5;
	}, 'silence');
}

# ... and nothing of what was before counts any more.
sub forget
{
	wait_for_silence();
	$heard = '';
	return;
}

sub now_ms { return $p->sql('SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint') }

# Work that lies there is announced again and again, so each case begins with empty queues.
sub announced
{
	my ($what, $queue, $from, $to, $do) = @_;
	return runs "announced: $what" => sub {
		$do->();
		is_told($queue, $from, $to, 'with its time');
		$p->forget_all;
		forget();
	};
}

# ... once they hold something that nobody is to be told of any more.
sub then_forget
{
	$_[0]->();
	return forget();
}

announced('a message', 'orch', -60, 1, sub { $p->start('a') });
announced('a task', 'worker', -60, 1, sub { $p->enqueue_work('a', 2) });
announced('a message of later', 'orch', 3500, 3601, sub { $p->enqueue('b', start_message('b'), 3600000) });
announced('what a turn asks for', 'worker', -60, 1, sub { $p->running('a', worker => [ activity('a', 2) ]) });
announced('a timer of a turn', 'orch', 7000, 7201, sub {
	then_forget(sub { $p->start('a') });
	$p->turn(messages => [ { TimerFired => { instance => 'a', execution_id => 1, id => 4, fire_at_ms => now_ms() + 7200000 } } ]);
});
announced('a completion', 'orch', -60, 1, sub {
	$p->enqueue_work('a', 2);
	$p->ack_work($p->fetch_work, 'a', completion('a', 2));
});
announced('an abandoned turn', 'orch', 3500, 3601, sub {
	then_forget(sub { $p->start('a') });
	$p->abandon($p->fetch, delay => 3600000);
});
announced('an abandoned task', 'worker', 3500, 3601, sub {
	then_forget(sub { $p->enqueue_work('a', 2) });
	$p->abandon_work($p->fetch_work, delay => 3600000);
});
announced('a lease of a turn that runs out', 'orch', -60, 6, sub {
	$p->start('a');
	then_forget(sub { $p->fetch(lock => 5000) });
});
announced('a lease of a task that runs out', 'worker', -60, 6, sub {
	$p->enqueue_work('a', 2);
	then_forget(sub { $p->fetch_work(lock => 5000) });
});
announced('a time that is changed', 'orch', -60, 1, sub {
	then_forget(sub { $p->enqueue('c', start_message('c'), 3600000) });
	$p->sql("UPDATE flow.orchestrator_queue SET visible_at = clock_timestamp()");
});

runs 'many commits are announced together' => sub {
	my $dispatcher = $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'bgjob dispatcher' AND datname = 'postgres'");
	like($dispatcher, qr/^\d+$/, 'the dispatcher');
	forget();
	kill('STOP', $dispatcher) == 1 or die 'no dispatcher';
	my $ok = eval {
		$p->sql('DO $$ BEGIN FOR n IN 1 .. 200 LOOP PERFORM flow.enqueue_orchestrator_work(\'i\' || n, \'{}\', clock_timestamp()); COMMIT; END LOOP; END $$');
		1;
	};
	kill('CONT', $dispatcher);
	die $@ unless $ok;
	is_told('orch', -600, 1, 'who listens is told');
	wait_for_silence();
	cmp_ok(times_told('orch'), '<=', 5, '... in a few words');
	forget();
};

runs 'many commits at once do not make many announcements' => sub {
	forget();
	my $script = $node->basedir . '/enqueue.sql';
	PostgreSQL::Test::Utils::append_to_file($script, "SELECT flow.enqueue_orchestrator_work('i', '{}', clock_timestamp());\n");
	$node->command_ok([ 'pgbench', '-n', '-c', '8', '-t', '250', '-f', $script, $node->connstr('postgres') ], '2000 commits');
	is_told('orch', -600, 1, 'are announced');
	wait_for_silence();
	cmp_ok(times_told('orch'), '<', 1000, '... by fewer notifications');
	forget();
};

runs 'what is rolled back is not announced' => sub {
	forget();
	$p->sql('BEGIN');
	$p->start('a');
	$p->sql('ROLLBACK');
	$p->enqueue_work('a', 2);
	is_told('worker', -60, 1, 'what comes later is');
	is(times_told('orch'), 0, '... and nothing else');
	forget();
};

$listener->quit;
$node->stop;
done_testing();
